/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The kernel's own functions, as it tells them itself: no list of all is read for it. */
#ifndef PPBPF_COLLECT_KERNEL_NAMES_H
#define PPBPF_COLLECT_KERNEL_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "ppbpf_stack_abi.h"

/* A kernel_names_fn (symbol/kernel.h). */
int kernel_names__read(const uint64_t *addresses, size_t count, char (*texts)[PPBPF_KERNEL_TEXT]);

/*
 * Where a function of the kernel lies: [start, end). -ENOENT: it has none of
 * that name; or another negative errno.
 */
int kernel_names__function(const char *name, uint64_t *start, uint64_t *end);

#endif
