/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Names for the stubs of a procedure linkage table, which have no symbols:
 * "memcpy@plt". Read from their instructions (x86-64: an indirect jump through
 * a slot, perhaps after endbr64) and the slots' relocations, whatever order a
 * linker puts them in.
 */
#ifndef PPBPF_SYMBOL_PLT_H
#define PPBPF_SYMBOL_PLT_H

#include <stdint.h>

#include "symbol/elf.h"

struct plt;

typedef int (*plt_stub_fn)(uint64_t start, uint64_t end, const char *name, void *context);

/* Visits the stubs; their names live as long as the object. 0, -ENOMEM, or what `visit` says. */
int plt__new(struct plt **out, struct elf *elf, plt_stub_fn visit, void *context);
void plt__free(struct plt *plt);

#endif
