/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The functions of one file of code, by address. */
#ifndef PPBPF_SYMBOL_SYMTAB_H
#define PPBPF_SYMBOL_SYMTAB_H

#include <stdbool.h>
#include <stdint.h>

#include "symbol/elf.h"

struct symtab;

/*
 * Reads all symbols of `elf`: its own, its debug file's or packed ones, and
 * the stubs of its procedure linkage table. `elf` must outlive the table;
 * `path` and `root` as for elf__open_debug_at(). 0 or -ENOMEM: without symbols the
 * table is empty.
 */
int symtab__new(struct symtab **out, struct elf *elf, const char *path, int root);
void symtab__free(struct symtab *symtab);

/* Whether it has more than the dynamic symbols: static functions, too. */
bool symtab__is_whole(const struct symtab *symtab);

/* The mangled name of the sized symbol around an address, and where it begins; or NULL. */
const char *symtab__find(const struct symtab *symtab, uint64_t address, uint64_t *start);

/* The name of a symbol that begins exactly here, sized or not; or NULL. */
const char *symtab__at(const struct symtab *symtab, uint64_t start);

/* The file with debug information: `elf` itself or its debug file; NULL: neither has any. */
struct elf *symtab__debug(const struct symtab *symtab);

#endif
