// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Two indices, each made once: the units by their ranges, and, of a unit that
 * is asked about, its functions by theirs. libdw would walk the unit anew for
 * every address.
 */
#include "symbol/lines.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/hash.h"
#include "symbol/ranges.h"

#define UNITS_MAX (1u << 20)
#define DIES_MAX (1u << 22)	/* of a unit, that are looked at */
#define RANGES_MAX 4096		/* of one die */
#define DEPTH_MAX 64

struct unit {
	Dwarf_Die die;
	struct ranges functions;	/* name: the offset of the die, not a pointer */
	bool read;
	unsigned int dies;
};

struct lines {
	Dwarf *dwarf;
	struct ranges units;		/* name: struct unit */
	struct hash *owned;		/* all units, by their number */
};

/* Adds the ranges of a die; dies that have none add nothing. */
static int add_ranges(struct ranges *to, Dwarf_Die *die, const void *name, uint32_t rank)
{
	Dwarf_Addr base, begin, end;
	ptrdiff_t at = 0;
	int err = 0;

	for (int i = 0; i < RANGES_MAX && !err; i++) {
		at = dwarf_ranges(die, at, &base, &begin, &end);
		if (at <= 0)
			break;
		if (begin && end > begin)
			err = ranges__add(to, &(struct range){ begin, end, name, rank });
	}
	return err;
}

static int add_unit(struct lines *lines, const Dwarf_Die *die)
{
	struct unit *unit = calloc(1, sizeof(*unit));
	int err;

	if (!unit)
		return -ENOMEM;
	unit->die = *die;
	err = hash__set(lines->owned, hash__count(lines->owned), 0, unit);
	if (err) {
		free(unit);
		return err;
	}
	return add_ranges(&lines->units, &unit->die, unit, 0);
}

static int read_units(struct lines *lines)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;
	uint8_t type;
	int err = 0;

	for (int i = 0; i < (int)UNITS_MAX && !err; i++) {
		if (dwarf_get_units(lines->dwarf, unit, &unit, NULL, &type, &die, NULL))
			break;
		if (type == DW_UT_compile)
			err = add_unit(lines, &die);
	}
	return err ? err : ranges__sort(&lines->units);
}

struct lines *lines__new(struct elf *elf)
{
	struct lines *lines = calloc(1, sizeof(*lines));

	if (!lines)
		return NULL;
	lines->owned = hash__new();
	lines->dwarf = dwarf_begin_elf(elf__handle(elf), DWARF_C_READ, NULL);
	if (!lines->owned || !lines->dwarf || read_units(lines)) {
		lines__free(lines);
		return NULL;
	}
	return lines;
}

void lines__free(struct lines *lines)
{
	struct hash_entry entry;
	size_t cursor = 0;

	if (!lines)
		return;
	while (lines->owned && hash__next(lines->owned, &cursor, &entry)) {
		struct unit *unit = entry.value;

		ranges__free(&unit->functions);
		free(unit);
	}
	hash__free(lines->owned);
	ranges__free(&lines->units);
	if (lines->dwarf)
		dwarf_end(lines->dwarf);
	free(lines);
}

/* Dies that have no code themselves, but functions in them. */
static bool holds_functions(int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_class_type ||
	       tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
}

static int read_functions(struct unit *unit, Dwarf_Die *parent, int depth)
{
	Dwarf_Die die;
	int err = 0;

	if (depth == DEPTH_MAX || dwarf_child(parent, &die))
		return 0;
	do {
		int tag = dwarf_tag(&die);

		if (unit->dies++ == DIES_MAX)
			return 0;
		if (tag == DW_TAG_subprogram)
			err = add_ranges(&unit->functions, &die,
					 (void *)(uintptr_t)dwarf_dieoffset(&die), depth);
		if (!err && holds_functions(tag))
			err = read_functions(unit, &die, depth + 1);
	} while (!err && !dwarf_siblingof(&die, &die));
	return err;
}

/* The inlined call below a die whose code an address is; blocks in between are passed. */
static bool inlined_below(Dwarf_Die *parent, uint64_t address, Dwarf_Die *found)
{
	Dwarf_Die die;
	bool block;

	for (int depth = 0; depth < DEPTH_MAX && !dwarf_child(parent, &die); depth++) {
		block = false;
		do {
			int tag = dwarf_tag(&die);

			block = tag == DW_TAG_lexical_block;
			if ((!block && tag != DW_TAG_inlined_subroutine) ||
			    dwarf_haspc(&die, address) != 1) {
				block = false;
				continue;
			}
			*found = die;
			if (!block)
				return true;
		} while (!block && !dwarf_siblingof(&die, &die));
		if (!block)
			return false;
		*parent = *found;
	}
	return false;
}

static const char *string_of(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr_integrate(die, name, &attribute));
}

static void describe(Dwarf_Die *die, struct line_entry *entry)
{
	int line;

	entry->name = string_of(die, DW_AT_linkage_name);
	if (!entry->name)
		entry->name = string_of(die, DW_AT_MIPS_linkage_name);
	if (!entry->name)
		entry->name = string_of(die, DW_AT_name);
	entry->file = dwarf_decl_file(die);
	entry->first_line = dwarf_decl_line(die, &line) || line < 0 ? 0 : line;
}

static uint32_t call_line(Dwarf_Die *inlined)
{
	Dwarf_Attribute attribute;
	Dwarf_Word line;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line))
		return 0;
	return line <= UINT32_MAX ? line : 0;
}

static uint32_t line_at(struct unit *unit, uint64_t address)
{
	Dwarf_Line *line = dwarf_getsrc_die(&unit->die, address);
	int number;

	return line && !dwarf_lineno(line, &number) && number > 0 ? number : 0;
}

static struct unit *unit_at(struct lines *lines, uint64_t address)
{
	const struct range *range = ranges__find(&lines->units, address);
	struct unit *unit = range ? (struct unit *)range->name : NULL;

	if (unit && !unit->read) {
		unit->read = true;
		/* what there is no memory for is not found, and that is all */
		if (read_functions(unit, &unit->die, 0) || ranges__sort(&unit->functions))
			ranges__free(&unit->functions);
	}
	return unit;
}

static void reverse(struct line_entry *entries, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct line_entry entry = entries[i];

		entries[i] = entries[count - 1 - i];
		entries[count - 1 - i] = entry;
	}
}

size_t lines__find(struct lines *lines, uint64_t address,
		   struct line_entry entries[LINE_ENTRIES_MAX])
{
	struct unit *unit = unit_at(lines, address);
	const struct range *function = unit ? ranges__find(&unit->functions, address) : NULL;
	Dwarf_Die die, inlined;
	size_t count = 0;

	if (!function ||
	    !dwarf_offdie(lines->dwarf, (Dwarf_Off)(uintptr_t)function->name, &die))
		return 0;
	describe(&die, &entries[count++]);
	while (count < LINE_ENTRIES_MAX && inlined_below(&die, address, &inlined)) {
		entries[count - 1].line = call_line(&inlined);
		describe(&inlined, &entries[count++]);
		die = inlined;
	}
	entries[count - 1].line = line_at(unit, address);
	reverse(entries, count);
	return count;
}
