/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_COMPARE_JSON_H
#define PPBPF_SINK_COMPARE_JSON_H

#include <stdio.h>

#include "model/compare.h"
#include "sink/envelope.h"

struct fields;

/*
 * The result of compare_with_baseline. `report` may be NULL: nothing was compared, and
 * data is null. `self` is our own cost. Returns 0 or a negative errno.
 */
int compare_json__write(FILE *out, const struct compare_report *report,
			const struct report_self *self, const struct envelope *envelope);

/* Its data alone, under a key of the open object. */
void compare_json__data(struct fields *fields, const char *key,
			const struct compare_report *report);

#endif
