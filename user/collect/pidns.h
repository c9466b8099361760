/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Whose processes /proc shows: those of our own pid namespace, or of one above it. */
#ifndef PPBPF_COLLECT_PIDNS_H
#define PPBPF_COLLECT_PIDNS_H

#include <stdbool.h>

/*
 * How many pid namespaces above ours the one of the mounted /proc is: 0 where
 * a pid names the same process in both. Negative errno: no /proc that holds us.
 */
int proc_levels_above(void);

/* Whether our pids are the host's. False where /proc does not tell. */
bool pidns_is_first(void);

struct err;

/* 0 where that is our own; else a negative errno, and *e says what to do. */
int proc_must_be_ours(struct err *e);

#endif
