// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/cfi_crt.h"

#include <gelf.h>
#include <stdbool.h>
#include <string.h>

#include "symbol/cfi_parse.h"
#include "symbol/cfi_rules.h"
#include "symbol/elf.h"

#define RSP 7 /* as DWARF numbers it */
#define WORD 8
#define ENTRY_CODE_MAX 64 /* of the code that a program is entered by */
#define CLONES_SIZE 0x70  /* of the two functions before __do_global_dtors_aux() */
#define DTORS_MAX 0x50	  /* of that and the one behind it */
#define PUSH_RBP 0x55

/* As calls leave the stack, or with so many words more on it. */
#define RULES(words) { .cfa = CFI_CFA_REGISTER, .reg = RSP, .offset = WORD * (1 + (words)) }

static const struct cfi_rules called = RULES(0), pushed = RULES(1);
static const struct cfi_rules pushed_rbp = {
	.cfa = CFI_CFA_REGISTER,
	.reg = RSP,
	.offset = 2 * WORD,
	.fp = -2,
};
static const struct cfi_rules outermost = { .cfa = CFI_CFA_UNKNOWN, .ra_undefined = true };

static const uint8_t landing[] = { 0xf3, 0x0f, 0x1e, 0xfa }; /* endbr64 */

static size_t landing_size(const uint8_t *code, size_t size)
{
	return size >= sizeof(landing) && !memcmp(code, landing, sizeof(landing)) ? sizeof(landing)
										   : 0;
}

/* It reaches to `next`, where something else begins (0: not known), and is short. */
static int assume_entry_point(struct cfi_parser *parser, struct elf *elf, uint64_t next)
{
	uint64_t size = ENTRY_CODE_MAX;
	GElf_Ehdr header;

	if (!gelf_getehdr(elf__handle(elf), &header))
		return 0;
	if (next > header.e_entry && next - header.e_entry < size)
		size = next - header.e_entry;
	return cfi_parser__assume(parser, header.e_entry, size, &outermost);
}

static int assume_jumps(struct cfi_parser *parser, struct elf *elf)
{
	static const char *const names[] = { ".plt", ".iplt", ".plt.got", ".plt.sec" };
	struct elf_section section;
	int err = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !err; i++)
		if (!elf__section(elf, names[i], false, &section))
			err = cfi_parser__assume(parser, section.address, section.size, &called);
	return err;
}

/* How _init() and _fini() begin and end, by who wrote them. */
static const struct frame_code {
	uint8_t begin[4], end[5];
	size_t begin_size, end_size;
} frame_codes[] = {
	/* sub $8,%rsp; add $8,%rsp; ret */
	{ { 0x48, 0x83, 0xec, 8 }, { 0x48, 0x83, 0xc4, 8, 0xc3 }, 4, 5 },
	{ { 0x50 }, { 0x58, 0xc3 }, 1, 2 }, /* push %rax; pop %rax; ret */
};

static int assume_frame(struct cfi_parser *parser, const struct elf_section *section)
{
	const uint8_t *code = section->data;
	size_t begin = landing_size(code, section->size);
	int err;

	for (size_t i = 0; i < sizeof(frame_codes) / sizeof(frame_codes[0]); i++) {
		const struct frame_code *frame = &frame_codes[i];
		size_t body = begin + frame->begin_size, end = section->size - frame->end_size;
		uint64_t address = section->address;

		if (section->size < body + frame->end_size ||
		    memcmp(code + begin, frame->begin, frame->begin_size) ||
		    memcmp(code + end, frame->end, frame->end_size))
			continue;
		err = cfi_parser__assume(parser, address, body, &called);
		/* all but the last, which returns, has the word still to go */
		if (!err)
			err = cfi_parser__assume(parser, address + body, section->size - 1 - body,
						 &pushed);
		if (!err)
			err = cfi_parser__assume(parser, address + section->size - 1, 1, &called);
		return err;
	}
	return 0;
}

static int assume_frames(struct cfi_parser *parser, struct elf *elf)
{
	static const char *const names[] = { ".init", ".fini" };
	struct elf_section section;
	int err = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !err; i++)
		if (!elf__section(elf, names[i], true, &section) && section.data)
			err = assume_frame(parser, &section);
	return err;
}

/* The file's bytes at an address, if there are so many. */
static const uint8_t *code_at(struct elf *elf, uint64_t address, size_t wanted)
{
	const char *file;
	uint64_t offset;
	size_t size;

	file = elf_rawfile(elf__handle(elf), &size);
	if (!file || elf__offset_of(elf, address, &offset) || offset > size ||
	    size - offset < wanted)
		return NULL;
	return (const uint8_t *)file + offset;
}

/* Where the functions of crtbegin.o are, and what __do_global_dtors_aux() among them does. */
struct crtbegin {
	uint64_t start;	/* of deregister_tm_clones() */
	uint64_t dtors;
	size_t push, pop;	/* from there */
};

static bool find_crtbegin(struct elf *elf, struct crtbegin *found)
{
	static const uint8_t pop_and_return[] = { 0x5d, 0xc3 };
	struct elf_section section;
	const uint8_t *code, *end;
	uint64_t address;
	size_t push;

	if (elf__section(elf, ".fini_array", true, &section) || !section.data ||
	    section.size < sizeof(address))
		return false;
	memcpy(&address, section.data, sizeof(address));
	code = address > CLONES_SIZE ? code_at(elf, address, DTORS_MAX) : NULL;
	if (!code)
		return false;
	/* cmpb $0, completed(%rip); jne; push %rbp */
	push = landing_size(code, DTORS_MAX) + 9;
	if (code[push - 9] != 0x80 || code[push - 8] != 0x3d || code[push - 2] != 0x75 ||
	    code[push] != PUSH_RBP)
		return false;
	end = memmem(code, DTORS_MAX, pop_and_return, sizeof(pop_and_return));
	if (!end)
		return false;
	*found = (struct crtbegin){ .start = address - CLONES_SIZE, .dtors = address,
				    .push = push, .pop = end - code };
	return true;
}

/* deregister_tm_clones(), register_tm_clones(), __do_global_dtors_aux(), frame_dummy() */
static int assume_crtbegin(struct cfi_parser *parser, const struct crtbegin *found)
{
	size_t push = found->push, pop = found->pop;
	int err;

	err = cfi_parser__assume(parser, found->start, CLONES_SIZE + push + 1, &called);
	if (!err)
		err = cfi_parser__assume(parser, found->dtors + push + 1, pop - push, &pushed_rbp);
	if (!err)
		err = cfi_parser__assume(parser, found->dtors + pop + 1, DTORS_MAX - pop - 1,
					 &called);
	return err;
}

int cfi_crt__assume(struct cfi_parser *parser, struct elf *elf)
{
	struct crtbegin crtbegin = { 0 };
	bool has_crtbegin = find_crtbegin(elf, &crtbegin);
	int err = assume_entry_point(parser, elf, crtbegin.start);

	if (!err)
		err = assume_jumps(parser, elf);
	if (!err)
		err = assume_frames(parser, elf);
	if (!err && has_crtbegin)
		err = assume_crtbegin(parser, &crtbegin);
	return err;
}

/* A C library, or a program that has one in itself: it needs no other. */
static bool has_c_library(struct elf *elf)
{
	Elf *handle = elf__handle(elf);
	GElf_Shdr header;
	Elf_Scn *section;
	Elf_Data *data;
	GElf_Dyn entry;
	const char *name;

	for (section = elf_nextscn(handle, NULL); section; section = elf_nextscn(handle, section)) {
		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNAMIC)
			continue;
		data = elf_getdata(section, NULL);
		for (int i = 0; data && gelf_getdyn(data, i, &entry); i++) {
			if (entry.d_tag != DT_NEEDED)
				continue;
			name = elf_strptr(handle, header.sh_link, entry.d_un.d_val);
			if (name && strstr(name, "libc."))
				return false;
		}
	}
	return true;
}

/* It begins with mov %rbx,%rsp, which no function that is called would survive. */
static bool is_context_start(void *context, uint64_t start, uint64_t end)
{
	static const uint8_t stack_from_rbx[] = { 0x48, 0x89, 0xdc };
	struct elf *elf = context;
	const char *file;
	size_t size, at;

	file = elf_rawfile(elf__handle(elf), &size);
	if (!file || end > size)
		return false;
	at = start + landing_size((const uint8_t *)file + start, end - start);
	return end - at >= sizeof(stack_from_rbx) &&
	       !memcmp(file + at, stack_from_rbx, sizeof(stack_from_rbx));
}

void cfi_crt__find_uncalled(struct cfi_parser *parser, struct elf *elf)
{
	if (has_c_library(elf))
		cfi_parser__find_uncalled(parser, is_context_start, elf);
}
