/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Source lines and inlined functions of an address, from DWARF by libdw. */
#ifndef PPBPF_SYMBOL_LINES_H
#define PPBPF_SYMBOL_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "symbol/elf.h"

struct lines;

/* Strings are owned by the object; NULL and 0: not known. */
struct line_entry {
	const char *name;	/* mangled where there is such a name */
	const char *file;	/* in which the function begins, and at which line */
	uint32_t first_line;
	uint32_t line;		/* executing, or calling what is inlined into it */
};

#define LINE_ENTRIES_MAX 32

/*
 * `elf` has debug information, and must outlive the object. NULL: no memory,
 * or it cannot be read.
 */
struct lines *lines__new(struct elf *elf);
void lines__free(struct lines *lines);

/*
 * The functions at an address, innermost inlined one first, the one that has
 * the code last. Returns how many: 0 when nothing is known.
 */
size_t lines__find(struct lines *lines, uint64_t address,
		   struct line_entry entries[LINE_ENTRIES_MAX]);

#endif
