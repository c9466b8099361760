/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_REPORT_HTML_H
#define PPBPF_SINK_REPORT_HTML_H

#include <stdio.h>

#include "sink/report_view.h"

struct chart_sides;

/* A report as one HTML page that needs nothing else. 0 or a negative errno. */
int report_html__write(FILE *out, const struct report_view *view);

/* What the charts of a benchmark show: in a comparison, or of results alone. */
struct chart_sides report_sides(const struct report_view *view, size_t index);
size_t report_view__count(const struct report_view *view);

#endif
