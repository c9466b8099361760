/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Unwind tables: the call frame information of an ELF file (.eh_frame, and
 * .debug_frame, which may be compressed) as rows that a BPF program searches.
 * Sources: DWARF 5, section 6.4; the System V ABI's and LSB's chapters on
 * .eh_frame. docs/unwinding.md tells how the rows are used.
 */
#ifndef PPBPF_SYMBOL_CFI_H
#define PPBPF_SYMBOL_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ppbpf_stack_abi.h"

struct elf;

#define CFI_ROWS_MAX (1u << 22)

/* An unwind entry: a function, or a part of one. Offsets in the file. */
struct cfi_range {
	uint32_t start;
	uint32_t end;
};

/* All zero is an empty table. */
struct cfi_table {
	struct ppbpf_unwind_row *rows;	/* ascending */
	size_t count;
	struct cfi_range *ranges;	/* ascending, apart from each other */
	size_t range_count;
	/*
	 * index[i]: the first row in or after page first_page + i of the file;
	 * pages + 1 entries.
	 */
	uint32_t *index;
	uint32_t first_page;
	uint32_t pages;
};

/*
 * Reads the table of a file. Returns 0; -ENODATA when it has nothing that
 * describes its frames, or is another machine's; -E2BIG beyond CFI_ROWS_MAX;
 * or -ENOMEM. What is broken in a part of it costs that part.
 */
int cfi__read(struct cfi_table *table, struct elf *elf);

void cfi__free(struct cfi_table *table);

/* The row that holds at this offset in the file, or NULL. As the BPF program finds it. */
const struct ppbpf_unwind_row *cfi__row(const struct cfi_table *table, uint32_t offset);

/* The unwind entry around this offset, or NULL. */
const struct cfi_range *cfi__range(const struct cfi_table *table, uint32_t offset);

#endif
