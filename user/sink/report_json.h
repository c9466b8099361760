/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_REPORT_JSON_H
#define PPBPF_SINK_REPORT_JSON_H

#include <stdio.h>

#include "sink/envelope.h"
#include "sink/report_view.h"

struct report_self;

/* What became of a report. */
struct report_outcome {
	const struct report_view *view;		/* NULL: nothing was reported */
	const char *file;
	const char *format;	/* "html" */
	const struct report_self *self;
};

/* The result of generate_performance_report. Each returns 0 or a negative errno. */
int report_json__write(FILE *out, const struct report_outcome *outcome,
		       const struct envelope *envelope);

/* A report that is JSON itself: the summary, and the comparison or the results. */
int report_json__write_file(FILE *out, const struct report_view *view);

#endif
