/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Where intervals go as they end: a table, JSON lines, CSV, or nowhere. */
#ifndef PPBPF_OP_LIVE_H
#define PPBPF_OP_LIVE_H

#include "ppbpf.h"

struct live;
struct report;
struct report_interval;

/* NULL: no memory. With PPBPF_LIVE_NONE an object that does nothing. */
struct live *live__new(const struct ppbpf_monitor_options *options);
/* Negative errno when it cannot be written: -EPIPE when nobody reads any more. */
int live__interval(struct live *live, const struct report *report,
		   const struct report_interval *interval);
/* Puts the terminal back and writes what is held. */
int live__free(struct live *live);

#endif
