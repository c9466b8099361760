/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The kernel's copy of all unwind tables, one after the other in maps of a fixed size. */
#ifndef PPBPF_COLLECT_UNWIND_ROWS_H
#define PPBPF_COLLECT_UNWIND_ROWS_H

#include <stddef.h>
#include <stdint.h>

struct cfi_table;
struct ppbpf_module;
struct ppbpf_unwind_row;
struct unwind_rows;

/* `chunks_fd`: the array that the maps are put into; stays the caller's. NULL: no memory. */
struct unwind_rows *unwind_rows__new(int chunks_fd);
void unwind_rows__free(struct unwind_rows *rows);

/* Appends a table and says in `module` where it is. 0, -ENOSPC or what the kernel says. */
int unwind_rows__add(struct unwind_rows *rows, const struct cfi_table *table,
		     struct ppbpf_module *module);

/*
 * The row that holds at an offset in the module's file, as the programs find
 * it; left alone where there is none. While others are appended, too.
 */
void unwind_rows__find(const struct unwind_rows *rows, const struct ppbpf_module *module,
		       uint64_t offset, struct ppbpf_unwind_row *row);

size_t unwind_rows__count(const struct unwind_rows *rows);
size_t unwind_rows__bytes(const struct unwind_rows *rows);

#endif
