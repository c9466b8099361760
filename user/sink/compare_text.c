// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/compare_text.h"

#include <math.h>
#include <stdio.h>

#include "base/units.h"

char *signed_percent(char *out, double percent)
{
	double size = fabs(percent);

	if (isnan(percent))
		snprintf(out, UNITS_TEXT, "-");
	else if (!isfinite(percent))
		snprintf(out, UNITS_TEXT, "from 0");
	else if (size >= 1e6)
		snprintf(out, UNITS_TEXT, "%+.1e %%", percent);
	else
		snprintf(out, UNITS_TEXT, "%c%.*f %%", percent < 0 ? '-' : '+',
			 size < 99.95 ? 1 : 0, size);
	return out;
}

char *signed_duration(char *out, double ms)
{
	if (isnan(ms)) {
		snprintf(out, UNITS_TEXT, "-");
		return out;
	}
	format_duration(out + 1, fabs(ms) * 1e6);
	out[0] = ms < 0 ? '-' : '+';
	return out;
}

char *compare_percent(char *out, const struct comparison *c)
{
	return signed_percent(out, isnan(c->shift_percent) ? c->change_percent :
							     c->shift_percent);
}

char *compare_interval(char *out, size_t size, const struct comparison *c)
{
	if (isfinite(c->low_percent) && isfinite(c->high_percent))
		snprintf(out, size, "[%+.1f, %+.1f]", c->low_percent, c->high_percent);
	else
		*out = '\0';
	return out;
}

/* Both in the unit of the larger one. */
char *compare_from_to(char *out, size_t size, const struct comparison *c)
{
	double from = c->baseline->avg_ms, to = c->current->avg_ms;
	double larger = fmax(from, to), scale = 1;
	const char *unit = "ms";
	int decimals;

	if (c->component == COMPONENT_MEMORY) {
		char before[UNITS_TEXT], after[UNITS_TEXT];

		snprintf(out, size, "%s -> %s", format_bytes(before, c->changes[COMPONENT_MEMORY].baseline),
			 format_bytes(after, c->changes[COMPONENT_MEMORY].current));
		return out;
	}
	if (isnan(from) || isnan(to)) {
		snprintf(out, size, "-");
		return out;
	}
	if (larger >= 1000) {
		scale = 1e-3;
		unit = "s";
	} else if (larger < 0.1) {
		scale = 1e3;
		unit = "us";
	}
	larger *= scale;
	decimals = larger >= 100 ? 0 : larger >= 10 ? 1 : 2;
	snprintf(out, size, "%.*f -> %.*f %s", decimals, from * scale, decimals, to * scale, unit);
	return out;
}

static void put_runs(char *out, size_t size, const struct compare_report *report)
{
	size_t least = SIZE_MAX, most = 0;

	for (size_t i = 0; i < report->count; i++) {
		size_t now = report->comparisons[i].current->run_count;
		size_t before = report->comparisons[i].baseline->run_count;

		if (report->comparisons[i].method == METHOD_AVERAGES)
			continue;
		least = now < least ? now : least;
		least = before < least ? before : least;
		most = now > most ? now : most;
		most = before > most ? before : most;
	}
	if (least == most)
		snprintf(out, size, ", %zu runs each", most);
	else if (most)
		snprintf(out, size, ", %zu to %zu runs each", least, most);
	else
		*out = '\0';
}

void compare_how(char *out, size_t size, const struct compare_report *report)
{
	char runs[64];

	put_runs(runs, sizeof(runs), report);
	snprintf(out, size, "%s%s, threshold %.3g %%", compare_method_name(report->method), runs,
		 100 * report->threshold);
}

double compare_change_ms(const struct comparison *c)
{
	double sum = 0;

	if (c->component == COMPONENT_MEMORY)
		return NAN;
	if (c->component == COMPONENT_NR)
		return c->decider == COMPONENT_NR ? c->change_ms :
						    c->changes[c->decider].shift.shift;
	for (int i = 0; i < COMPONENT_NR; i++)
		if (i != COMPONENT_MEMORY && c->changes[i].named)
			sum += c->changes[i].shift.shift;
	return sum;
}
