// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/plt.h"

#include <errno.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/intern.h"

#define STUB_SIZE 16
#define RELOCATIONS_MAX (1UL << 20)
#define NAME_MAX_LENGTH 500

struct plt {
	struct intern *names;
	struct hash *slots;	/* by the address of a slot: a name */
};

void plt__free(struct plt *plt)
{
	if (!plt)
		return;
	intern__free(plt->names);
	hash__free(plt->slots);
	free(plt);
}

/* The dynamic symbols, which relocations name by their index. */
struct symbols {
	Elf_Data *data;
	size_t strings;
};

static bool dynamic_symbols(struct elf *elf, struct symbols *symbols)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	while ((scn = elf_nextscn(elf__handle(elf), scn))) {
		if (!gelf_getshdr(scn, &header) || header.sh_type != SHT_DYNSYM ||
		    header.sh_size > 1UL << 28)
			continue;
		symbols->data = elf_getdata(scn, NULL);
		symbols->strings = header.sh_link;
		return symbols->data;
	}
	return false;
}

static int add_slot(struct plt *plt, struct elf *elf, const struct symbols *symbols,
		    const GElf_Rela *relocation)
{
	char text[NAME_MAX_LENGTH + 8];
	const char *name = NULL;
	GElf_Sym symbol;

	if (gelf_getsym(symbols->data, GELF_R_SYM(relocation->r_info), &symbol))
		name = elf_strptr(elf__handle(elf), symbols->strings, symbol.st_name);
	if (!name || !name[0])
		return 0;
	snprintf(text, sizeof(text), "%.*s@plt", NAME_MAX_LENGTH, name);
	name = intern__string(plt->names, text);
	return name ? hash__set(plt->slots, relocation->r_offset, 0, (void *)name) : -ENOMEM;
}

static int read_relocations(struct plt *plt, struct elf *elf)
{
	struct symbols symbols;
	Elf_Scn *scn = NULL;
	GElf_Rela relocation;
	GElf_Shdr header;
	Elf_Data *data;
	int err = 0;

	if (!dynamic_symbols(elf, &symbols))
		return 0;
	while ((scn = elf_nextscn(elf__handle(elf), scn)) && !err) {
		if (!gelf_getshdr(scn, &header) || header.sh_type != SHT_RELA ||
		    !header.sh_entsize || header.sh_size / header.sh_entsize > RELOCATIONS_MAX)
			continue;
		data = elf_getdata(scn, NULL);
		for (size_t i = 0; data && i < header.sh_size / header.sh_entsize && !err; i++) {
			int type;

			if (!gelf_getrela(data, i, &relocation))
				break;
			type = GELF_R_TYPE(relocation.r_info);
			if (type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT)
				err = add_slot(plt, elf, &symbols, &relocation);
		}
	}
	return err;
}

/* The slot that a stub jumps through: [endbr64] [bnd] jmp *offset(%rip); or 0. */
static uint64_t slot_of(const uint8_t *stub, uint64_t address)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	size_t at = memcmp(stub, endbr64, sizeof(endbr64)) ? 0 : sizeof(endbr64);
	int32_t offset;

	at += stub[at] == 0xf2;
	if (stub[at] != 0xff || stub[at + 1] != 0x25)
		return 0;
	memcpy(&offset, stub + at + 2, sizeof(offset));
	return address + at + 6 + (int64_t)offset;
}

static int visit_section(const struct plt *plt, struct elf *elf, const char *name, size_t size,
			 plt_stub_fn visit, void *context)
{
	struct elf_section section;
	int err = 0;

	if (elf__section(elf, name, true, &section))
		return 0;
	for (uint64_t at = 0; at + size <= section.size && !err; at += size) {
		uint8_t stub[STUB_SIZE] = { 0 };
		const char *found;

		/* a stub may be longer than its section's usual ones */
		memcpy(stub, (const uint8_t *)section.data + at,
		       section.size - at < sizeof(stub) ? section.size - at : sizeof(stub));
		found = hash__get(plt->slots, slot_of(stub, section.address + at), 0);
		if (found)
			err = visit(section.address + at, section.address + at + size, found,
				    context);
	}
	return err;
}

int plt__new(struct plt **out, struct elf *elf, plt_stub_fn visit, void *context)
{
	struct plt *plt = calloc(1, sizeof(*plt));
	int err = 0;

	*out = plt;
	if (!plt)
		return -ENOMEM;
	plt->names = intern__new();
	plt->slots = hash__new();
	if (!plt->names || !plt->slots)
		err = -ENOMEM;
	else if (elf__machine(elf) == EM_X86_64)
		err = read_relocations(plt, elf);
	if (!err && hash__count(plt->slots)) {
		err = visit_section(plt, elf, ".plt", STUB_SIZE, visit, context);
		if (!err)
			err = visit_section(plt, elf, ".plt.sec", STUB_SIZE, visit, context);
		if (!err)
			err = visit_section(plt, elf, ".plt.got", 8, visit, context);
	}
	if (err) {
		plt__free(plt);
		*out = NULL;
	}
	return err;
}
