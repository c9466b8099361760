/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_REPORT_MD_H
#define PPBPF_SINK_REPORT_MD_H

#include <stdio.h>

#include "sink/report_view.h"

/* A report in GitHub's Markdown: the verdict, then a table. 0 or a negative errno. */
int report_md__write(FILE *out, const struct report_view *view);

#endif
