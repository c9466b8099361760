/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The figures of a comparison in words, the same in every output. */
#ifndef PPBPF_SINK_COMPARE_TEXT_H
#define PPBPF_SINK_COMPARE_TEXT_H

#include <stddef.h>

#include "model/compare.h"

/* Each writes into `out`, of UNITS_TEXT bytes or `size`, and returns it. */

/* "+8.1 %", "-0.4 %"; "-" for NaN */
char *signed_percent(char *out, double percent);
/* "+4.20 ms" */
char *signed_duration(char *out, double ms);
/* The shift, or the change of the averages. */
char *compare_percent(char *out, const struct comparison *comparison);
/* "[+7.2, +9.0]", or "" */
char *compare_interval(char *out, size_t size, const struct comparison *comparison);
/* "52.1 -> 56.3 ms": of the averages, or the memory if that is what changed */
char *compare_from_to(char *out, size_t size, const struct comparison *comparison);
/* "interleaved, 30 runs each · threshold 5.0 %" */
void compare_how(char *out, size_t size, const struct compare_report *report);

/* What all parts of the change come to, else the change of the averages; ms. */
double compare_change_ms(const struct comparison *comparison);

#endif
