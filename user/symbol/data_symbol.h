/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Variables of a file, by name. */
#ifndef PPBPF_SYMBOL_DATA_SYMBOL_H
#define PPBPF_SYMBOL_DATA_SYMBOL_H

#include <stdint.h>

struct elf;

/* The virtual address and size of a defined variable, exported or not. -ENOENT: it has no such. */
int elf_data_symbol(struct elf *elf, const char *name, uint64_t *address, uint64_t *size);

#endif
