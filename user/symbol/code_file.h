/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* All that names the code of one file: symbols, lines, and unwind entries. */
#ifndef PPBPF_SYMBOL_CODE_FILE_H
#define PPBPF_SYMBOL_CODE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "symbol/lines.h"

struct code_file;
struct profile_module;

/*
 * Of a module: its descriptor is duplicated, its image and path are copied.
 * Nothing is read yet. NULL: no memory, or no descriptor.
 */
struct code_file *code_file__new(const struct profile_module *module);
void code_file__free(struct code_file *file);

/* Reads its symbols: the slow part. A file that cannot be read has none. */
void code_file__load(struct code_file *file);

struct code_name {
	const char *name;	/* mangled; NULL: not known, see below */
	uint64_t start;		/* of the symbol, or of the unwind entry around it; 0: neither */
	const char *section;	/* NULL: in none */
};

/* What an ELF address is called by the symbols. Strings are the file's. */
void code_file__name(struct code_file *file, uint64_t address, struct code_name *name);

bool code_file__has_lines(const struct code_file *file);
/*
 * As lines__find(); strings are there until the lines are closed. The first call
 * reads the file's debug information.
 */
size_t code_file__lines(struct code_file *file, uint64_t address,
			struct line_entry entries[LINE_ENTRIES_MAX]);
/* Frees what code_file__lines() has read. */
void code_file__close_lines(struct code_file *file);

#endif
