/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Which metrics a run collects, by its options. */
#ifndef PPBPF_OP_CHOOSE_H
#define PPBPF_OP_CHOOSE_H

#include "model/metric.h"
#include "ppbpf.h"

struct err;

/* An unknown name is a usage error that suggests the nearest. Negative errno. */
int choose_metrics(const struct ppbpf_monitor_options *options, struct metric_set *set,
		   struct err *e);

#endif
