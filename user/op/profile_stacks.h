/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_OP_PROFILE_STACKS_H
#define PPBPF_OP_PROFILE_STACKS_H

#include "model/profile_run.h"
#include "ppbpf.h"

struct err;
struct features;
struct report;
struct session;

/*
 * Samples or times the stacks of the session's target, from beginning to end,
 * and names them: fills run->profile and run->stats. Negative errno, and *e.
 */
int profile_stacks__run(struct profile_run *run, struct session *session,
			const struct ppbpf_profile_options *options,
			const struct features *features, struct report *report, struct err *e);

#endif
