// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "symbol/cfi.h"
#include "symbol/cfi_parse.h"
#include "symbol/cfi_rules.h"
#include "symbol/elf.h"

#define ADDRESS 0x1000 /* where the sections of these tests lie */
#define CODE 0x4000
#define CODE_OFFSET 0x2000 /* and in the file */

static const struct cfi_segment code = { .address = CODE, .offset = CODE_OFFSET, .size = 0x1000 };

struct section {
	uint8_t bytes[512];
	size_t size;
};

static void put(struct section *section, const void *bytes, size_t size)
{
	if (size)
		memcpy(section->bytes + section->size, bytes, size);
	section->size += size;
}

static void put32(struct section *section, uint32_t value)
{
	put(section, &value, sizeof(value));
}

/* A CIE as gcc writes it: "zR", CFA = rsp + 8, pc-relative signed 4 bytes. */
static void put_cie(struct section *section, const char *letters, const void *extra, size_t size)
{
	static const uint8_t instructions[] = { DW_CFA_def_cfa, 7, 8, DW_CFA_offset | 16, 1 };
	uint32_t length = 4 + 1 + strlen(letters) + 1 + 3 + 2 + sizeof(instructions) + size;

	put32(section, length);
	put32(section, 0);
	put(section, "\1", 1);
	put(section, letters, strlen(letters) + 1);
	put(section, "\1\x78\x10", 3);
	put(section, "\1\x1b", 2);
	put(section, instructions, sizeof(instructions));
	put(section, extra, size);
}

static void put_fde(struct section *section, uint32_t start, uint32_t size, const void *code_,
		    size_t code_size)
{
	uint32_t here = section->size;

	put32(section, 4 + 8 + 1 + code_size);
	put32(section, here + 4);
	put32(section, start - (ADDRESS + here + 8));
	put32(section, size);
	put(section, "\0", 1);
	put(section, code_, code_size);
}

static int parse(struct cfi_table *table, const struct section *section)
{
	struct cfi_section input = { .address = ADDRESS, .size = section->size };
	struct cfi_parser *parser = cfi_parser__new(&code, 1);
	uint8_t *exact = malloc(section->size ? section->size : 1);
	int err;

	/* no byte more than there is: the sanitizers watch the ends */
	memcpy(exact, section->bytes, section->size);
	input.bytes = exact;
	memset(table, 0, sizeof(*table));
	err = cfi_parser__section(parser, &input);
	if (!err)
		err = cfi_parser__finish(parser, table);
	cfi_parser__free(parser);
	free(exact);
	return err;
}

static void assert_row(const struct cfi_table *table, uint32_t offset, unsigned int kind, int cfa,
		       int fp, unsigned int bx)
{
	const struct ppbpf_unwind_row *row = cfi__row(table, offset);

	assert_non_null(row);
	assert_int_equal(row->kind & PPBPF_UNWIND_KIND_MASK, kind);
	assert_int_equal(row->cfa, cfa);
	assert_int_equal(row->fp, fp);
	assert_int_equal(row->kind >> 4, bx);
}

static void a_function_is_rows(void **state)
{
	static const uint8_t instructions[] = {
		DW_CFA_advance_loc | 1,
		DW_CFA_def_cfa_offset,
		16,
		DW_CFA_offset | 6,
		2,
		DW_CFA_advance_loc | 3,
		DW_CFA_def_cfa_register,
		6,
		DW_CFA_advance_loc | 4,
		DW_CFA_offset | 3,
		7,
		DW_CFA_advance_loc1,
		0x40,
		DW_CFA_remember_state,
		DW_CFA_def_cfa,
		7,
		8,
		DW_CFA_restore | 6,
		DW_CFA_restore | 3,
		DW_CFA_advance_loc | 1,
		DW_CFA_restore_state,
	};
	struct section section = { .size = 0 };
	struct cfi_table table;

	(void)state;
	put_cie(&section, "zR", NULL, 0);
	put_fde(&section, CODE, 0x60, instructions, sizeof(instructions));
	assert_int_equal(parse(&table, &section), 0);
	assert_row(&table, CODE_OFFSET, PPBPF_UNWIND_SP, 1, 0, 0);
	assert_row(&table, CODE_OFFSET + 1, PPBPF_UNWIND_SP, 2, -2, 0);
	assert_row(&table, CODE_OFFSET + 4, PPBPF_UNWIND_FP, 2, -2, 0);
	assert_row(&table, CODE_OFFSET + 8, PPBPF_UNWIND_FP, 2, -2, 7);
	assert_row(&table, CODE_OFFSET + 0x48, PPBPF_UNWIND_SP, 1, 0, 0);
	assert_row(&table, CODE_OFFSET + 0x5f, PPBPF_UNWIND_FP, 2, -2, 7);
	assert_row(&table, CODE_OFFSET + 0x60, PPBPF_UNWIND_NONE, 0, 0, 0);
	assert_null(cfi__row(&table, CODE_OFFSET - 1));
	assert_int_equal(cfi__range(&table, CODE_OFFSET + 5)->end, CODE_OFFSET + 0x60);
	assert_null(cfi__range(&table, CODE_OFFSET + 0x60));
	cfi__free(&table);
}

static void expressions_are_told_by_what_they_mean(void **state)
{
	static const uint8_t plt[] = { DW_CFA_def_cfa_expression,
				       11,
				       DW_OP_breg7,
				       8,
				       DW_OP_breg16,
				       0,
				       DW_OP_lit15,
				       DW_OP_and,
				       DW_OP_lit11,
				       DW_OP_ge,
				       DW_OP_lit3,
				       DW_OP_shl,
				       DW_OP_plus };
	static const uint8_t realigned[] = {
		DW_CFA_def_cfa_expression, 3, DW_OP_breg6, 0x78,	DW_OP_deref,
		DW_CFA_expression,	   6, 2,	   DW_OP_breg6, 0
	};
	static const uint8_t saved[] = {
		DW_CFA_def_cfa_expression, 6, DW_OP_breg7, 0x98, 1, DW_OP_deref,
		DW_OP_plus_uconst,	   8
	};
	static const uint8_t other[] = { DW_CFA_def_cfa_expression, 2, DW_OP_lit3, DW_OP_dup };
	static const uint8_t outermost[] = { DW_CFA_undefined, 16 };
	static const uint8_t far[] = { DW_CFA_def_cfa_offset, 0x88, 0x80, 0x80, 1 };
	static const uint8_t odd[] = { DW_CFA_def_cfa_offset, 13 };
	struct section section = { .size = 0 };
	struct cfi_table table;

	(void)state;
	put_cie(&section, "zR", NULL, 0);
	put_fde(&section, CODE, 16, plt, sizeof(plt));
	put_fde(&section, CODE + 16, 16, realigned, sizeof(realigned));
	put_fde(&section, CODE + 32, 16, saved, sizeof(saved));
	put_fde(&section, CODE + 48, 16, other, sizeof(other));
	put_fde(&section, CODE + 64, 16, outermost, sizeof(outermost));
	put_fde(&section, CODE + 80, 16, far, sizeof(far));
	put_fde(&section, CODE + 96, 16, odd, sizeof(odd));
	assert_int_equal(parse(&table, &section), 0);
	assert_row(&table, CODE_OFFSET, PPBPF_UNWIND_PLT, 11, 0, 0);
	assert_row(&table, CODE_OFFSET + 16, PPBPF_UNWIND_FP_DEREF, -16, PPBPF_FP_AT_FP, 0);
	assert_row(&table, CODE_OFFSET + 32, PPBPF_UNWIND_SP_DEREF, 19 * 16 + 1, 0, 0);
	assert_row(&table, CODE_OFFSET + 48, PPBPF_UNWIND_NONE, 0, 0, 0);
	assert_row(&table, CODE_OFFSET + 64, PPBPF_UNWIND_STOP, 0, 0, 0);
	/* 2 MiB and 8: in eighths, 4 of the bits above the first 16 */
	assert_row(&table, CODE_OFFSET + 80, PPBPF_UNWIND_SP_FAR, 1, 0, 4);
	assert_row(&table, CODE_OFFSET + 96, PPBPF_UNWIND_NONE, 0, 0, 0);
	cfi__free(&table);
}

static void a_signals_return_is_told_by_its_letter(void **state)
{
	struct section section = { .size = 0 };
	struct cfi_table table;

	(void)state;
	put_cie(&section, "zRS", NULL, 0);
	put_fde(&section, CODE, 16, NULL, 0);
	assert_int_equal(parse(&table, &section), 0);
	assert_row(&table, CODE_OFFSET + 3, PPBPF_UNWIND_SIGNAL, 0, 0, 0);
	cfi__free(&table);
}

/* Go's compiler, whose entries are told by their alignment. */
static void go_keeps_frame_pointers(void **state)
{
	static const uint8_t instructions[] = { DW_CFA_advance_loc | 4, DW_CFA_def_cfa_offset_sf,
						0x78 /* -8 */ };
	struct section section = { 0 };
	struct cfi_parser *parser;
	struct cfi_table table;

	(void)state;
	put_cie(&section, "zR", NULL, 0);
	section.bytes[13] = 0x7c; /* -4 */
	section.bytes[21] = 2;
	put_fde(&section, CODE, 0x20, instructions, sizeof(instructions));
	assert_int_equal(parse(&table, &section), 0);
	assert_row(&table, CODE_OFFSET, PPBPF_UNWIND_GO, 1, PPBPF_FP_SAME, 0);
	assert_row(&table, CODE_OFFSET + 4, PPBPF_UNWIND_GO, 4, PPBPF_FP_SAME, 0);
	assert_row(&table, CODE_OFFSET + 0x20, PPBPF_UNWIND_NONE, 0, 0, 0);
	cfi__free(&table);
	/* a program without any of that, but of Go */
	parser = cfi_parser__new(&code, 1);
	assert_int_equal(cfi_parser__go(parser, &table), 0);
	assert_row(&table, CODE_OFFSET + 0x123, PPBPF_UNWIND_GO, 0, 0, 0);
	assert_null(cfi__range(&table, CODE_OFFSET + 0x123));
	cfi_parser__free(parser);
	cfi__free(&table);
}

static void what_cannot_be_read_is_unknown_and_the_rest_goes_on(void **state)
{
	static const uint8_t broken[] = { DW_CFA_advance_loc | 4, 0x3f, 1, 2, 3 };
	static const uint8_t fine[] = { DW_CFA_def_cfa_offset, 32 };
	static const uint8_t unbalanced[] = { DW_CFA_restore_state };
	struct section section = { .size = 0 };
	struct cfi_table table;

	(void)state;
	put_cie(&section, "zR", NULL, 0);
	put_fde(&section, CODE, 16, broken, sizeof(broken));
	put_fde(&section, CODE + 16, 16, fine, sizeof(fine));
	put_fde(&section, CODE + 32, 16, unbalanced, sizeof(unbalanced));
	/* outside of all code; and larger than it */
	put_fde(&section, 0x9000, 16, fine, sizeof(fine));
	put_fde(&section, CODE + 48, 0x7fffffff, fine, sizeof(fine));
	assert_int_equal(parse(&table, &section), 0);
	assert_row(&table, CODE_OFFSET, PPBPF_UNWIND_SP, 1, 0, 0);
	assert_row(&table, CODE_OFFSET + 4, PPBPF_UNWIND_NONE, 0, 0, 0);
	assert_row(&table, CODE_OFFSET + 16, PPBPF_UNWIND_SP, 4, 0, 0);
	assert_row(&table, CODE_OFFSET + 32, PPBPF_UNWIND_NONE, 0, 0, 0);
	assert_int_equal(table.range_count, 3);
	cfi__free(&table);
}

static void overlaps_and_padding(void **state)
{
	static const uint8_t deep[] = { DW_CFA_def_cfa_offset, 64 };
	struct section section = { .size = 0 };
	struct cfi_table table;

	(void)state;
	put_cie(&section, "zR", NULL, 0);
	put_fde(&section, CODE + 32, 16, deep, sizeof(deep));
	put_fde(&section, CODE, 48, NULL, 0);		      /* reaches into the one before it */
	put_fde(&section, CODE + 52, 12, deep, sizeof(deep)); /* after 4 bytes of padding */
	put_fde(&section, CODE + 256, 16, NULL, 0);
	assert_int_equal(parse(&table, &section), 0);
	assert_row(&table, CODE_OFFSET + 31, PPBPF_UNWIND_SP, 1, 0, 0);
	assert_row(&table, CODE_OFFSET + 32, PPBPF_UNWIND_SP, 8, 0, 0);
	assert_row(&table, CODE_OFFSET + 50, PPBPF_UNWIND_SP, 8, 0, 0);
	assert_row(&table, CODE_OFFSET + 64, PPBPF_UNWIND_NONE, 0, 0, 0);
	assert_row(&table, CODE_OFFSET + 256, PPBPF_UNWIND_SP, 1, 0, 0);
	cfi__free(&table);
}

static bool begins_so(void *context, uint64_t start, uint64_t end)
{
	const uint64_t *wanted = context;

	return start == *wanted && end > start;
}

/* Jumps of linkers, _init(): where the file says nothing itself. */
static void what_is_not_described_may_be_assumed(void **state)
{
	static const uint8_t deep[] = { DW_CFA_def_cfa_offset, 64 };
	const struct cfi_rules jump = { .cfa = CFI_CFA_REGISTER, .reg = 7, .offset = 8 };
	const struct cfi_rules pushed = {
		.cfa = CFI_CFA_REGISTER, .reg = 7, .offset = 16, .fp = -2,
	};
	uint64_t uncalled = CODE_OFFSET + 0x80;
	struct cfi_section input = { .address = ADDRESS };
	struct section section = { .size = 0 };
	struct cfi_parser *parser = cfi_parser__new(&code, 1);
	struct cfi_table table = { 0 };

	(void)state;
	put_cie(&section, "zR", NULL, 0);
	put_fde(&section, CODE + 0x20, 0x20, deep, sizeof(deep));
	put_fde(&section, CODE + 0x80, 0x10, NULL, 0); /* returned to, never called */
	put_fde(&section, CODE + 0xa0, 0x10, NULL, 0);
	input.bytes = section.bytes;
	input.size = section.size;
	assert_int_equal(cfi_parser__section(parser, &input), 0);
	assert_int_equal(cfi_parser__assume(parser, CODE, 0x18, &jump), 0);
	assert_int_equal(cfi_parser__assume(parser, CODE + 0x18, 8, &pushed), 0);
	assert_int_equal(cfi_parser__assume(parser, CODE + 0x30, 0x20, &jump), 0);
	/* none of these can be: in no segment, too large, empty */
	assert_int_equal(cfi_parser__assume(parser, 0x9000, 0x20, &jump), 0);
	assert_int_equal(cfi_parser__assume(parser, CODE, UINT64_MAX, &jump), 0);
	assert_int_equal(cfi_parser__assume(parser, CODE + 0x60, 0, &jump), 0);
	cfi_parser__find_uncalled(parser, begins_so, &uncalled);
	assert_int_equal(cfi_parser__finish(parser, &table), 0);
	assert_row(&table, CODE_OFFSET, PPBPF_UNWIND_SP, 1, 0, 0);
	assert_row(&table, CODE_OFFSET + 0x18, PPBPF_UNWIND_SP, 2, -2, 0);
	/* the file's own word stands, and nothing is added in its midst */
	assert_row(&table, CODE_OFFSET + 0x20, PPBPF_UNWIND_SP, 8, 0, 0);
	assert_row(&table, CODE_OFFSET + 0x3f, PPBPF_UNWIND_SP, 8, 0, 0);
	assert_row(&table, CODE_OFFSET + 0x48, PPBPF_UNWIND_NONE, 0, 0, 0);
	/* a return address is looked up one byte before */
	assert_row(&table, CODE_OFFSET + 0x7e, PPBPF_UNWIND_NONE, 0, 0, 0);
	assert_row(&table, CODE_OFFSET + 0x7f, PPBPF_UNWIND_STOP, 0, 0, 0);
	assert_row(&table, CODE_OFFSET + 0x8f, PPBPF_UNWIND_STOP, 0, 0, 0);
	assert_row(&table, CODE_OFFSET + 0xa0, PPBPF_UNWIND_SP, 1, 0, 0);
	cfi__free(&table);
	cfi_parser__free(parser);
}

static struct cfi_table table_of_this_program(struct elf **elf)
{
	struct cfi_table table;

	assert_int_equal(elf__open_kept(elf, open("/proc/self/exe", O_RDONLY | O_CLOEXEC)), 0);
	assert_int_equal(cfi__read(&table, *elf), 0);
	return table;
}

/* By what this program, which the same compiler has made, has of them. */
static void what_compilers_add_is_known(void **state)
{
	struct elf_section init, fini_array;
	struct cfi_table table;
	uint64_t dtors, offset;
	struct elf *elf;

	(void)state;
	table = table_of_this_program(&elf);
	assert_int_equal(elf__section(elf, ".init", true, &init), 0);
	assert_int_equal(elf__offset_of(elf, init.address, &offset), 0);
	assert_row(&table, offset, PPBPF_UNWIND_SP, 1, 0, 0);
	assert_row(&table, offset + init.size / 2, PPBPF_UNWIND_SP, 2, 0, 0);
	assert_row(&table, offset + init.size - 1, PPBPF_UNWIND_SP, 1, 0, 0);
	assert_int_equal(elf__section(elf, ".fini_array", true, &fini_array), 0);
	memcpy(&dtors, fini_array.data, sizeof(dtors));
	/* under the sanitizers another function may come first */
	if (fini_array.size == sizeof(dtors)) {
		assert_int_equal(elf__offset_of(elf, dtors, &offset), 0);
		assert_row(&table, offset, PPBPF_UNWIND_SP, 1, 0, 0);
		assert_row(&table, offset + 0x18, PPBPF_UNWIND_SP, 2, -2, 0);
		assert_row(&table, offset - 0x10, PPBPF_UNWIND_SP, 1, 0, 0);
	}
	cfi__free(&table);
	elf__free(elf);
}

/* A copy of this program that is entered elsewhere. */
static int entered_at(uint64_t address)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = memfd_create("entered", 0);
	off_t size = lseek(from, 0, SEEK_END);
	char *bytes = malloc(size);

	assert_int_equal(pread(from, bytes, size, 0), size);
	memcpy(bytes + offsetof(Elf64_Ehdr, e_entry), &address, sizeof(address));
	assert_int_equal(pwrite(to, bytes, size, 0), size);
	free(bytes);
	close(from);
	return to;
}

/* A short one that is not described: what is called begins behind it. */
static void the_entry_point_ends_where_something_else_begins(void **state)
{
	struct elf_section fini_array;
	struct cfi_table table;
	uint64_t dtors, offset;
	struct elf *elf;

	(void)state;
	table = table_of_this_program(&elf);
	cfi__free(&table);
	assert_int_equal(elf__section(elf, ".fini_array", true, &fini_array), 0);
	memcpy(&dtors, fini_array.data, sizeof(dtors));
	/* under the sanitizers another function may come first */
	if (fini_array.size != sizeof(dtors)) {
		elf__free(elf);
		return;
	}
	assert_int_equal(elf__offset_of(elf, dtors, &offset), 0);
	elf__free(elf);
	/* 8 bytes before deregister_tm_clones() */
	assert_int_equal(elf__open_kept(&elf, entered_at(dtors - 0x78)), 0);
	assert_int_equal(cfi__read(&table, elf), 0);
	assert_row(&table, offset - 0x78, PPBPF_UNWIND_STOP, 0, 0, 0);
	assert_row(&table, offset - 0x71, PPBPF_UNWIND_STOP, 0, 0, 0);
	assert_row(&table, offset - 0x70, PPBPF_UNWIND_SP, 1, 0, 0);
	assert_row(&table, offset - 1, PPBPF_UNWIND_SP, 1, 0, 0);
	cfi__free(&table);
	elf__free(elf);
}

static void every_cut_is_survived(void **state)
{
	static const uint8_t instructions[] = {
		DW_CFA_advance_loc4, 8, 0, 0,		0, DW_CFA_def_cfa_offset, 0x90, 1,
		DW_CFA_expression,   6, 2, DW_OP_breg6, 0
	};
	struct section section = { .size = 0 };
	struct cfi_table table;

	(void)state;
	put_cie(&section, "zRS", instructions, sizeof(instructions));
	put_fde(&section, CODE, 64, instructions, sizeof(instructions));
	for (size_t size = 0; size < section.size; size++) {
		struct section cut = section;

		cut.size = size;
		if (!parse(&table, &cut))
			cfi__free(&table);
	}
	for (size_t at = 0; at < section.size; at++) {
		struct section flipped = section;

		flipped.bytes[at] ^= 0xff;
		if (!parse(&table, &flipped))
			cfi__free(&table);
	}
}

/* What libdw says of the CFA: a register and an offset; false: something else. */
static bool libdw_cfa(Dwarf_Frame *frame, uint64_t *reg, int64_t *offset)
{
	Dwarf_Op *ops;
	size_t count;

	if (dwarf_frame_cfa(frame, &ops, &count) || count != 1)
		return false;
	if (ops->atom >= DW_OP_breg0 && ops->atom <= DW_OP_breg31) {
		*reg = ops->atom - DW_OP_breg0;
		*offset = (int64_t)ops->number;
		return true;
	}
	*reg = ops->number;
	*offset = (int64_t)ops->number2;
	return ops->atom == DW_OP_bregx;
}

/* Where a register is saved, in words from the CFA; 0: it is not. */
static int64_t libdw_saved(Dwarf_Frame *frame, int reg)
{
	Dwarf_Op memory[3], *ops;
	size_t count;

	if (dwarf_frame_register(frame, reg, memory, &ops, &count) || count < 2 ||
	    ops[0].atom != DW_OP_call_frame_cfa)
		return 0;
	return (int64_t)ops[1].number / 8;
}

struct library {
	const char *part;
	char path[4096];
};

static int find_library(struct dl_phdr_info *info, size_t size, void *context)
{
	struct library *library = context;

	(void)size;
	if (strstr(info->dlpi_name, library->part))
		snprintf(library->path, sizeof(library->path), "%s", info->dlpi_name);
	return 0;
}

static void compare(const struct cfi_table *table, struct elf *elf, Dwarf_CFI *cfi,
		    size_t counts[3])
{
	static const uint64_t registers[] = { [PPBPF_UNWIND_SP] = 7, [PPBPF_UNWIND_FP] = 6 };

	for (size_t i = 0; i < table->count; i++) {
		const struct ppbpf_unwind_row *row = &table->rows[i];
		unsigned int kind = row->kind & PPBPF_UNWIND_KIND_MASK;
		uint64_t address, reg = 0;
		Dwarf_Frame *frame;
		int64_t offset = 0;

		/* the last row begins where code ends */
		if (kind == PPBPF_UNWIND_NONE && elf__address_of(elf, row->pc, &address))
			continue;
		assert_int_equal(elf__address_of(elf, row->pc, &address), 0);
		if (dwarf_cfi_addrframe(cfi, address, &frame)) {
			counts[kind != PPBPF_UNWIND_NONE && kind != PPBPF_UNWIND_STOP]++;
			continue;
		}
		if (kind == PPBPF_UNWIND_SP || kind == PPBPF_UNWIND_FP) {
			assert_true(libdw_cfa(frame, &reg, &offset));
			assert_int_equal(reg, registers[kind]);
			assert_int_equal(offset, (uint16_t)row->cfa * 8);
			assert_int_equal(row->fp, libdw_saved(frame, 6));
			assert_int_equal(row->kind >> 4, -libdw_saved(frame, 3));
			counts[2]++;
		}
		free(frame);
	}
}

static void libdw_says_the_same_of_the_c_library(void **state)
{
	struct library library = { .part = "libc.so" };
	size_t counts[3] = { 0 }; /* none; ours alone; the same */
	struct cfi_table table;
	Dwarf_CFI *cfi;
	struct elf *elf;

	(void)state;
	dl_iterate_phdr(find_library, &library);
	assert_int_equal(elf__open_kept(&elf, open(library.path, O_RDONLY)), 0);
	assert_int_equal(cfi__read(&table, elf), 0);
	cfi = dwarf_getcfi_elf(elf__handle(elf));
	assert_non_null(cfi);
	compare(&table, elf, cfi, counts);
	print_message("# %zu rows of %s: %zu as libdw has them\n", table.count, library.path,
		      counts[2]);
	assert_int_equal(counts[1], 0);
	assert_true(counts[2] > table.count * 98 / 100);
	dwarf_cfi_end(cfi);
	cfi__free(&table);
	elf__free(elf);
}

static void what_is_no_program_has_no_table(void **state)
{
	struct cfi_table table;
	struct elf *elf;
	int fd = memfd_create("object", MFD_CLOEXEC);
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_AARCH64,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(header),
	};

	(void)state;
	assert_int_equal(write(fd, &header, sizeof(header)), sizeof(header));
	assert_int_equal(elf__open(&elf, fd), 0);
	assert_int_equal(cfi__read(&table, elf), -ENODATA);
	elf__free(elf);
	header.e_machine = EM_X86_64;
	assert_int_equal(pwrite(fd, &header, sizeof(header), 0), sizeof(header));
	assert_int_equal(elf__open(&elf, fd), 0);
	assert_int_equal(cfi__read(&table, elf), -ENODATA);
	elf__free(elf);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_is_rows),
		cmocka_unit_test(expressions_are_told_by_what_they_mean),
		cmocka_unit_test(a_signals_return_is_told_by_its_letter),
		cmocka_unit_test(go_keeps_frame_pointers),
		cmocka_unit_test(what_cannot_be_read_is_unknown_and_the_rest_goes_on),
		cmocka_unit_test(overlaps_and_padding),
		cmocka_unit_test(what_is_not_described_may_be_assumed),
		cmocka_unit_test(what_compilers_add_is_known),
		cmocka_unit_test(the_entry_point_ends_where_something_else_begins),
		cmocka_unit_test(every_cut_is_survived),
		cmocka_unit_test(libdw_says_the_same_of_the_c_library),
		cmocka_unit_test(what_is_no_program_has_no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
