/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The kernel's functions, its modules' and BPF programs', from itself or from /proc/kallsyms. */
#ifndef PPBPF_SYMBOL_KERNEL_H
#define PPBPF_SYMBOL_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "ppbpf_stack_abi.h"

struct kernel_symbols;

/*
 * Looks these addresses up in `path` (NULL: /proc/kallsyms), which is read once;
 * only what they need of it is kept. -EPERM: the kernel hides the addresses
 * (kptr_restrict, no CAP_SYSLOG); or another negative errno.
 */
int kernel_symbols__new(struct kernel_symbols **out, const char *path, const uint64_t *addresses,
			size_t count);

/*
 * Asks the kernel what it calls addresses: each text is what its format "%pS"
 * gives, "vfs_read+0x1f/0x2d0 [module]", or a number. Negative errno, also where
 * one of them is too long.
 */
typedef int (*kernel_names_fn)(const uint64_t *addresses, size_t count,
			       char (*texts)[PPBPF_KERNEL_TEXT]);

/*
 * The same from such answers; the function's error is returned. -ENOENT: no
 * address has a name, as in a kernel that was built without CONFIG_KALLSYMS.
 */
int kernel_symbols__ask(struct kernel_symbols **out, kernel_names_fn names,
			const uint64_t *addresses, size_t count);

void kernel_symbols__free(struct kernel_symbols *kernel);

struct kernel_symbol {
	const char *name;	/* "vfs_read", "bpf_prog_6deef7357e7b4530_sched_switch" */
	const char *module;	/* "[kernel]", "[nf_tables]", "[bpf]" */
	uint64_t start;
};

/* Strings are owned by the table. -ENOENT: no function lies there, or it was not asked for. */
int kernel_symbols__find(const struct kernel_symbols *kernel, uint64_t address,
			 struct kernel_symbol *symbol);

#endif
