/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Waits that were going on when the measurement of stacks began. */
#ifndef PPBPF_COLLECT_BLOCKED_H
#define PPBPF_COLLECT_BLOCKED_H

#include <stdint.h>

struct bpf_object;
struct ppbpf_pid_view;
struct stacks_config;

/*
 * Takes the stack of every target that is off its CPU; its wait counts from
 * `since_ns` (CLOCK_MONOTONIC) on. `stacks` is the loaded object whose maps it
 * goes into. 0, or what the kernel refused it with.
 */
int blocked_take(const struct stacks_config *config, const struct bpf_object *stacks,
		 const struct ppbpf_pid_view *view, uint64_t since_ns);

#endif
