/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_REPORT_VIEW_H
#define PPBPF_SINK_REPORT_VIEW_H

#include <stdbool.h>

#include "model/compare.h"

/* What a report is about: a comparison, or results alone. */
struct report_view {
	const struct compare_report *comparison;	/* NULL: results alone */
	const struct bench_results *results;
	bool charts;
};

#endif
