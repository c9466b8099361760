/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A profile's time by function. */
#ifndef PPBPF_MODEL_PROFILE_STATS_H
#define PPBPF_MODEL_PROFILE_STATS_H

#include "model/profile.h"

struct profile_total {
	uint32_t function;	/* index in the profile */
	uint64_t self_ns;	/* it was the innermost */
	uint64_t own_ns;	/* the innermost outside of the kernel, or the kernel's when all are */
	uint64_t cumulative_ns;	/* it was on the stack, however often: recursion counts once */
	uint64_t self_count;	/* samples, or waits */
	uint64_t cumulative_count;
};

struct profile_stats {
	uint64_t ns[SAMPLE_KIND_NR];
	uint64_t count[SAMPLE_KIND_NR];
	uint64_t reason_ns[PPBPF_REASON_RUN_QUEUE + 1];	/* off CPU, by what it waited for */
	uint64_t total_ns;
	uint64_t total_count;
	struct profile_total *functions;	/* those of at least one sample */
	size_t function_count;
};

/* Of a profile whose frames are named. 0 or -ENOMEM; *stats is to be freed. */
int profile_stats__make(struct profile_stats *stats, const struct profile *profile);
void profile_stats__free(struct profile_stats *stats);

enum profile_order { BY_CUMULATIVE, BY_SELF, BY_OWN };

/* Most first; equal ones by the other time, then as they were found. */
void profile_stats__sort(struct profile_stats *stats, enum profile_order order);

#endif
