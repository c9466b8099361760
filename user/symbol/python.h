/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * CPython from outside: where an interpreter keeps its frames, and which line
 * an instruction stands for. Offsets are those of CPython's own headers, 3.8 to
 * 3.12; from 3.13 on the interpreter tells them itself (_Py_DebugOffsets).
 */
#ifndef PPBPF_SYMBOL_PYTHON_H
#define PPBPF_SYMBOL_PYTHON_H

#include <stddef.h>
#include <stdint.h>

#include "ppbpf_stack_abi.h"

struct buf;
struct cfi_table;
struct elf;

/*
 * Fills `python` if the file holds an interpreter; its unwind table tells the
 * evaluation loop's parts. -ENOENT: it holds none;
 * -ENOTSUP: one of a version that is not known, `version` says which (0x030700;
 * 0: not even that).
 */
int python_find(struct ppbpf_python *python, uint32_t *version, struct elf *elf,
		const struct cfi_table *table);

/*
 * The line of the instruction at `offset` bytes into a function's code, by its
 * line table (co_lnotab up to 3.9, co_linetable after); 0: it has none. What is
 * broken in the table ends the search.
 */
uint32_t python_line(uint32_t version, uint32_t first_line, const uint8_t *table, size_t size,
		     uint32_t offset);

/*
 * Appends a text as it lies in an interpreter's memory, of 1, 2 or 4 bytes a
 * character, as UTF-8. 0 or -ENOMEM.
 */
int python_text(struct buf *out, const void *text, size_t bytes, unsigned int width);

#endif
