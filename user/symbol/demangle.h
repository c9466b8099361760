/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SYMBOL_DEMANGLE_H
#define PPBPF_SYMBOL_DEMANGLE_H

struct buf;

/*
 * Appends a symbol's name as its programmer wrote it, without parameters: C++
 * and Rust names demangled, others as they are, but without a version
 * ("memcpy@@GLIBC_2.14"; "memcpy@plt" stays) and without the mark of a
 * compiler's copy or part of a function ("f.constprop.0"). By libiberty. Control
 * characters become '?'.
 */
void demangle(struct buf *out, const char *symbol);

#endif
