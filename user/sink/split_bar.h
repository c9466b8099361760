/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Where time went, as a bar: on CPU, waiting for one, throttled or stolen; the rest is blocked. */
#ifndef PPBPF_SINK_SPLIT_BAR_H
#define PPBPF_SINK_SPLIT_BAR_H

#include "sink/page.h"

#define SPLIT_BAR_PARTS 4

extern const enum page_style split_bar_styles[SPLIT_BAR_PARTS];

void split_bar__print(struct page *page, const double *parts, double total, int width);

#endif
