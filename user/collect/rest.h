/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Stacks whose walk came to a file before its unwind table was built: walked on
 * here, by the same tables, from what the program has sent of their memory.
 */
#ifndef PPBPF_COLLECT_REST_H
#define PPBPF_COLLECT_REST_H

#include <stddef.h>
#include <stdint.h>

#include "ppbpf_stack_abi.h"

struct modules;

/* Whether `data` is one: what it says of its own size is true. */
int rest_check(const void *data, size_t size);

/*
 * Adds the frames that follow to `frames`, of which there are *count and room
 * for PPBPF_FRAMES_MAX. Returns enum ppbpf_stack_end; -EAGAIN when the table of
 * `*missing` is not built yet: then *count is as it was.
 */
int rest_walk(const struct ppbpf_rest_event *rest, struct modules *m, uint64_t *frames,
	      uint32_t *count, uint32_t *missing);

#endif
