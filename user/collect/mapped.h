/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Which files this process's children map to run code of: programs, libraries,
 * whatever they load later. From the kernel's own records, without tracepoints.
 */
#ifndef PPBPF_COLLECT_MAPPED_H
#define PPBPF_COLLECT_MAPPED_H

#include <stddef.h>

struct mapped;

/* From now on, for children from their exec on. NULL: the kernel does not let us. */
struct mapped *mapped__new(void);
void mapped__free(struct mapped *m);

/* Empties the kernel's buffers: while children run, and at the end. */
void mapped__drain(struct mapped *m);

/* The paths so far, each once, in order; owned. */
const char *const *mapped__paths(const struct mapped *m, size_t *count);

#endif
