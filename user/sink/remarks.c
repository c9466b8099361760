// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/remarks.h"

#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "model/report.h"
#include "sink/page.h"

#define INDENT 2

void remarks__warnings(struct page *page, const struct report *report)
{
	for (size_t i = 0; i < report->warning_count; i++) {
		page__style(page, PAGE_YELLOW);
		page__text(page, "warning: ");
		page__style(page, PAGE_PLAIN);
		page__words(page, INDENT, report->warnings[i]);
		page__end_line(page);
	}
}

void remarks__unavailable(struct buf *text, const struct report *report)
{
	const struct report_missing *missing = report->missing;

	for (size_t i = 0; i < report->missing_count; i++) {
		size_t same = 0, before = 0;

		for (size_t k = 0; k < report->missing_count; k++)
			if (!strcmp(missing[k].why, missing[i].why)) {
				same++;
				before += k < i;
			}
		if (before)
			continue;
		buf__printf(text, "%s%s", text->length ? ", " : "unavailable: ", missing[i].name);
		if (same > 1)
			buf__printf(text, " and %zu more", same - 1);
		buf__printf(text, " (%s)", missing[i].why);
	}
}

void remarks__own_cost(struct buf *text, const struct report *report)
{
	const struct report_self *self = &report->self;
	double seconds = self->user_seconds + self->system_seconds - self->start_cpu_seconds;
	char percent[UNITS_TEXT], bytes[UNITS_TEXT], start[UNITS_TEXT];

	/* all that is done once, in a run of a millisecond, is no share of it that says anything */
	if (seconds > report->duration)
		buf__printf(text, "own cost %s of CPU", format_duration(start, seconds * 1e9));
	else
		buf__printf(text, "own cost %s of a core",
			    format_percent(percent, report->duration > 0 ?
					   100 * seconds / report->duration : 0));
	buf__printf(text, ", %s", format_bytes(bytes, self->resident_bytes));
	/* once a run, however long it is: no share of the time measured */
	if (self->start_cpu_seconds > 0)
		buf__printf(text, ", %s of CPU to start",
			    format_duration(start, self->start_cpu_seconds * 1e9));
	if (self->bpf_known && report->duration > 0)
		buf__printf(text, ", BPF programs %s",
			    format_percent(percent, self->bpf_ns / report->duration / 1e7));
}
