/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What compilers and linkers put into every file without describing it: its
 * pages are the first that a library's start touches, and so samples lie there.
 */
#ifndef PPBPF_SYMBOL_CFI_CRT_H
#define PPBPF_SYMBOL_CFI_CRT_H

struct cfi_parser;
struct elf;

/*
 * Assumes what holds in an ELF file's entry point (nobody has called it), in the
 * linker's jumps of static programs (.plt), in _init() and _fini(), and in the
 * functions of gcc's crtbegin.o that .fini_array leads to. Each is known by its
 * bytes, and what the file itself says of a place comes first. 0 or -ENOMEM.
 */
int cfi_crt__assume(struct cfi_parser *parser, struct elf *elf);

/* glibc's __start_context(), which the function of a makecontext(3) returns to. */
void cfi_crt__find_uncalled(struct cfi_parser *parser, struct elf *elf);

#endif
