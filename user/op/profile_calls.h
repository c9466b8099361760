/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_OP_PROFILE_CALLS_H
#define PPBPF_OP_PROFILE_CALLS_H

#include "model/profile_run.h"
#include "ppbpf.h"

struct err;
struct features;
struct report;
struct session;

/*
 * Counts and times the calls of functions in the session's target, from
 * beginning to end: fills run->calls. Negative errno, and *e.
 */
int profile_calls__run(struct profile_run *run, struct session *session,
		       const struct ppbpf_profile_options *options,
		       const struct features *features, struct report *report, struct err *e);

#endif
