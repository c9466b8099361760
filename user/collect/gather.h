/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * From what the stacks' programs send to a profile: numbers of modules, stacks,
 * threads and code objects become the profile's. For the profile's thread.
 */
#ifndef PPBPF_COLLECT_GATHER_H
#define PPBPF_COLLECT_GATHER_H

#include <stddef.h>
#include <stdint.h>

#include "ppbpf_stack_abi.h"

struct gather;
struct modules;
struct profile;

/* `period_ns`: the time that a sample on the CPU stands for. NULL: no memory. */
struct gather *gather__new(struct modules *modules, double period_ns);
void gather__free(struct gather *g);

/* An event of the ring buffer; what is too short or unknown is passed over. 0 or -errno. */
int gather__event(struct gather *g, struct profile *profile, const void *data, size_t size);

/* A count, to be added; kept until its stack is known. 0 or -errno. */
int gather__count(struct gather *g, struct profile *profile, const struct ppbpf_stack_key *key,
		  const struct ppbpf_stack_count *count);

/* Counts whose stack has come since. 0 or -errno. */
int gather__settle(struct gather *g, struct profile *profile);

/* Counts whose stack never came: they are samples whose stack was lost. 0 or -errno. */
int gather__finish(struct gather *g, struct profile *profile);

#endif
