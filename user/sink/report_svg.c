// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/report_svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/units.h"
#include "model/stats.h"
#include "sink/markup.h"

/* All are so wide, in their own units; the page scales them. */
#define WIDTH 480.0
#define LEFT 74.0
#define RIGHT 468.0
#define BAND 30.0
#define NAME_COLUMNS 11
#define TICKS_MAX 8
/* Beyond so many quartile distances a run is drawn at the edge, or all others were one dot. */
#define FAR 5.0

const struct chart_part chart_parts[] = {
	{ BENCH_ON_CPU, "on CPU", "p-cpu" },
	{ BENCH_RUN_QUEUE, "waiting for CPU", "p-wait" },
	{ BENCH_THROTTLED, "throttled", "p-thr" },
	{ BENCH_STOLEN, "stolen", "p-sto" },
	{ BENCH_BLOCKED + PPBPF_REASON_DISK, "disk", "p-dis" },
	{ BENCH_BLOCKED + PPBPF_REASON_LOCK, "lock", "p-loc" },
	{ BENCH_BLOCKED + PPBPF_REASON_NETWORK, "network", "p-net" },
	{ BENCH_BLOCKED + PPBPF_REASON_POLL, "poll", "p-pol" },
	{ BENCH_BLOCKED + PPBPF_REASON_SLEEP, "sleep", "p-sle" },
	{ BENCH_BLOCKED + PPBPF_REASON_IPC, "ipc", "p-ipc" },
	{ BENCH_BLOCKED + PPBPF_REASON_CHILD, "child", "p-chi" },
	{ BENCH_BLOCKED + PPBPF_REASON_MEMORY, "memory", "p-mem" },
	{ BENCH_BLOCKED + PPBPF_REASON_STOPPED, "stopped", "p-stp" },
	{ BENCH_BLOCKED + PPBPF_REASON_OTHER, "other", "p-oth" },
};
const size_t chart_part_count = sizeof(chart_parts) / sizeof(chart_parts[0]);

struct scale {
	double low, high;	/* of the values */
	double left, right;	/* of the chart */
};

static double at(const struct scale *scale, double value)
{
	double share = (value - scale->low) / (scale->high - scale->low);

	return scale->left + share * (scale->right - scale->left);
}

static void begin(FILE *out, double height, const char *title)
{
	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" role=\"img\">"
		"<title>", WIDTH, height);
	markup_text(out, title);
	fputs("</title>", out);
}

static void line(FILE *out, const char *class, double x1, double y1, double x2, double y2)
{
	fprintf(out, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>", class, x1, y1, x2, y2);
}

static void text(FILE *out, const char *class, double x, double y, const char *words)
{
	fprintf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
	markup_text(out, words);
	fputs("</text>", out);
}

/* A version's name, cut to what has room; whole when it is pointed at. */
static void row_name(FILE *out, double y, const char *name)
{
	struct buf cut = BUF_INIT;

	if (text_width(name, true) > NAME_COLUMNS)
		text_column(&cut, name, -NAME_COLUMNS, true);
	else
		buf__puts(&cut, name);
	fprintf(out, "<text class=\"e dim\" x=\"%.1f\" y=\"%.1f\">", LEFT - 8, y);
	markup_text(out, buf__str(&cut));
	if (text_width(name, true) > NAME_COLUMNS) {
		fputs("<title>", out);
		markup_text(out, name);
		fputs("</title>", out);
	}
	fputs("</text>", out);
	buf__free(&cut);
}

/* 1, 2 or 5 times a power of ten, so that a handful of steps cover the range. */
static double nice_step(double range)
{
	double raw = range / 5, power = pow(10, floor(log10(raw))), digits = raw / power;

	return power * (digits <= 1 ? 1 : digits <= 2 ? 2 : digits <= 5 ? 5 : 10);
}

static char *format_ms(char *out, double ms)
{
	return ms == 0 ? strcpy(out, "0") : format_duration(out, ms * 1e6);
}

static char *format_of_percent(char *out, double percent)
{
	if (fabs(percent) < 1e-9)
		strcpy(out, "0");
	else
		snprintf(out, UNITS_TEXT, "%+g %%", percent);
	return out;
}

/* Numbers on one axis have one unit, in which they are round. */
struct unit {
	const char *name;
	double size;	/* of ms, or of bytes */
};

static struct unit unit_of(double largest, bool bytes)
{
	static const struct unit times[] = { { "s", 1000 }, { "ms", 1 }, { "us", 1e-3 } };
	static const struct unit sizes[] = {
		{ "GB", 1024.0 * 1024 * 1024 }, { "MB", 1024.0 * 1024 }, { "KB", 1024 },
	};
	const struct unit *units = bytes ? sizes : times;
	int i = 0;

	while (i < 2 && largest < units[i].size * (bytes || i == 0 ? 1 : 0.1))
		i++;
	return units[i];
}

static void axis(FILE *out, const struct scale *scale, double top, double bottom, bool bytes)
{
	struct unit unit = unit_of(scale->high, bytes);
	double step = nice_step((scale->high - scale->low) / unit.size);
	int decimals = (int)fmax(0, ceil(-log10(step) - 1e-9)), n = 0;
	double v = ceil(scale->low / unit.size / step - 1e-9) * step;
	char label[UNITS_TEXT];

	for (; v * unit.size <= scale->high && n < TICKS_MAX; v += step, n++) {
		double x = at(scale, v * unit.size);

		line(out, "grid", x, top, x, bottom);
		snprintf(label, sizeof(label), "%.*f %s", decimals, v, unit.name);
		if (x > scale->left + 14 && x < scale->right - 18)
			text(out, "m dim", x, bottom + 14, label);
	}
	line(out, "axis", scale->left, bottom, scale->right, bottom);
}

/* --- strips -------------------------------------------------------------------- */

static size_t shown_values(const struct bench_result *result, enum component shown, double *out)
{
	size_t n = 0;

	for (size_t i = 0; result && i < result->run_count; i++) {
		out[n] = bench_run__shown(&result->runs[i], shown);
		n += !isnan(out[n]);
	}
	return n;
}

bool chart_has_runs(const struct chart_sides *sides)
{
	for (int i = 0; i < 2; i++)
		if (sides->results[i] && sides->results[i]->run_count)
			return true;
	return false;
}

/* The range of both, less what lies far out, with a margin. */
static void fit(struct scale *scale, const double *sorted, size_t n)
{
	double q1 = sorted[n / 4], q3 = sorted[n - 1 - n / 4], reach = FAR * (q3 - q1);
	double low = fmax(sorted[0], q1 - reach), high = fmin(sorted[n - 1], q3 + reach);
	double margin;

	if (!(q3 > q1)) {
		low = sorted[0];
		high = sorted[n - 1];
	}
	margin = high > low ? 0.04 * (high - low) : high > 0 ? 0.05 * high : 1;
	if (scale->high > scale->low) {
		scale->low = fmin(scale->low, low - margin);
		scale->high = fmax(scale->high, high + margin);
	} else {
		scale->low = low - margin;
		scale->high = high + margin;
	}
	if (scale->low < 0)
		scale->low = 0;
}

static void dots(FILE *out, const struct scale *scale, const double *values, size_t n, double top,
		 const char *class)
{
	size_t far = 0;
	double y;

	fprintf(out, "<path class=\"dots %s\" d=\"", class);
	for (size_t i = 0; i < n; i++) {
		y = top + 3 + (BAND - 6) * (i + 0.5) / n;
		if (values[i] <= scale->high && values[i] >= scale->low)
			fprintf(out, "M%.1f %.1fh0", at(scale, values[i]), y);
		else
			far++;
	}
	fputs("\"/>", out);
	if (!far)
		return;
	/* as arrow heads at the edge that they lie beyond */
	fprintf(out, "<path class=\"far %s\" d=\"", class);
	for (size_t i = 0; i < n; i++) {
		y = top + 3 + (BAND - 6) * (i + 0.5) / n;
		if (values[i] > scale->high)
			fprintf(out, "M%.1f %.1fl4 3l-4 3", scale->right - 3, y - 3);
		else if (values[i] < scale->low)
			fprintf(out, "M%.1f %.1fl-4 3l4 3", scale->left + 3, y - 3);
	}
	fputs("\"/>", out);
}

/* Runs that lie apart have a ring, which says why when it is pointed at. */
static void rings(FILE *out, const struct scale *scale, const struct bench_result *result,
		  enum component shown, size_t n, double top)
{
	struct buf words = BUF_INIT;
	double value, x, y;
	size_t row = 0;

	for (size_t i = 0; i < result->run_count; i++) {
		value = bench_run__shown(&result->runs[i], shown);
		if (isnan(value))
			continue;
		y = top + 3 + (BAND - 6) * (row++ + 0.5) / n;
		if (!result->runs[i].outlier)
			continue;
		x = at(scale, fmax(scale->low, fmin(value, scale->high)));
		buf__truncate(&words, 0);
		chart_outlier(&words, result, i);
		fprintf(out, "<circle class=\"out\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"><title>", x, y);
		markup_text(out, buf__str(&words));
		fputs("</title></circle>", out);
	}
	buf__free(&words);
}

void chart_outlier(struct buf *out, const struct bench_result *result, size_t run)
{
	char wall[UNITS_TEXT];

	buf__printf(out, "run %zu, %s: %s", run + 1,
		    format_ms(wall, result->runs[run].ms[BENCH_WALL]), result->runs[run].outlier);
}

static void median_mark(FILE *out, const struct scale *scale, double median, double top,
			bool bytes)
{
	char label[UNITS_TEXT];
	double x = at(scale, median);
	bool right = x > (scale->left + scale->right) / 2;

	line(out, "med", x, top, x, top + BAND);
	if (bytes)
		format_bytes(label, median);
	else
		format_ms(label, median);
	text(out, right ? "e b halo" : "b halo", right ? x - 6 : x + 6, top + BAND / 2 + 4, label);
}

void chart_strip(FILE *out, const struct chart_sides *sides)
{
	struct scale scale = { .left = LEFT, .right = RIGHT };
	size_t rows = (sides->results[0] != NULL) + (sides->results[1] != NULL), counts[2];
	double height = rows * (BAND + 8) + 28, bottom = rows * (BAND + 8) + 4, top = 4;
	bool bytes = sides->shown == COMPONENT_MEMORY;
	double *values[2] = { NULL, NULL }, *sorted[2] = { NULL, NULL }, medians[2];
	const char *current = sides->comparison ? verdict_name(sides->comparison->verdict) : "new";

	for (int i = 0; i < 2; i++) {
		size_t room = sides->results[i] ? sides->results[i]->run_count + 1 : 1;

		values[i] = calloc(room, sizeof(double));
		sorted[i] = calloc(room, sizeof(double));
		if (!values[i] || !sorted[i])
			goto out;
		counts[i] = shown_values(sides->results[i], sides->shown, values[i]);
		memcpy(sorted[i], values[i], counts[i] * sizeof(double));
		medians[i] = stats_median(sorted[i], counts[i]);
		if (counts[i])
			fit(&scale, sorted[i], counts[i]);
	}
	if (!(scale.high > scale.low))
		goto out;
	begin(out, height, "every run, in the order that they ran from top to bottom");
	axis(out, &scale, 2, bottom, bytes);
	for (int i = 0; i < 2; i++) {
		if (!sides->results[i])
			continue;
		row_name(out, top + BAND / 2 + 4, sides->names[i]);
		if (counts[i]) {
			dots(out, &scale, values[i], counts[i], top, i ? current : "old");
			rings(out, &scale, sides->results[i], sides->shown, counts[i], top);
			median_mark(out, &scale, medians[i], top, bytes);
		}
		top += BAND + 8;
	}
	fputs("</svg>", out);
out:
	for (int i = 0; i < 2; i++) {
		free(values[i]);
		free(sorted[i]);
	}
}

/* --- splits -------------------------------------------------------------------- */

static double split_total(const struct bench_result *result)
{
	double total = 0, part;

	for (size_t i = 0; i < chart_part_count; i++) {
		part = bench_result__mean_time(result, chart_parts[i].time);
		total += isnan(part) ? 0 : part;
	}
	return total;
}

static void split_bar(FILE *out, const struct scale *scale, const struct bench_result *result,
		      double y)
{
	char label[UNITS_TEXT];
	double from = 0, part, x, width;

	for (size_t i = 0; i < chart_part_count; i++) {
		part = bench_result__mean_time(result, chart_parts[i].time);
		if (!(part > 0))
			continue;
		x = at(scale, from);
		width = at(scale, from + part) - x;
		format_ms(label, part);
		fprintf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" height=\"22\">"
			"<title>%s %s</title></rect>", chart_parts[i].class, x, y,
			fmax(width - 0.6, 0.4), chart_parts[i].label, label);
		if (width > 7.5 * strlen(label))
			text(out, "m halo", x + width / 2, y + 15, label);
		from += part;
	}
}

/* An average, its standard deviation as a box, and the extremes. */
static void average_bar(FILE *out, const struct scale *scale, const struct bench_result *result,
			double y, const char *class)
{
	double sd = isnan(result->std_dev_ms) ? 0 : result->std_dev_ms;
	double x = at(scale, result->avg_ms);
	char label[UNITS_TEXT];

	fprintf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"22\"/>", class,
		scale->left, y, fmax(x - scale->left, 0.4));
	if (!isnan(result->min_ms) && !isnan(result->max_ms))
		line(out, "whisker", at(scale, result->min_ms), y + 11, at(scale, result->max_ms),
		     y + 11);
	if (sd > 0)
		fprintf(out, "<path class=\"whisker\" d=\"M%.1f %.1fv10M%.1f %.1fv10\"/>",
			at(scale, fmax(result->avg_ms - sd, 0)), y + 6,
			at(scale, result->avg_ms + sd), y + 6);
	format_ms(label, result->avg_ms);
	text(out, "b halo", scale->left + 6, y + 15, label);
}

static double bar_end(const struct bench_result *result, bool split)
{
	double sd = isnan(result->std_dev_ms) ? 0 : result->std_dev_ms;

	if (split)
		return split_total(result);
	return isnan(result->avg_ms) ? 0 : fmax(result->avg_ms + sd, isnan(result->max_ms) ? 0 :
						result->max_ms);
}

void chart_split(FILE *out, const struct chart_sides *sides)
{
	struct scale scale = { .left = LEFT, .right = RIGHT };
	size_t rows = (sides->results[0] != NULL) + (sides->results[1] != NULL);
	double bottom = rows * 30 + 4, y = 6;
	bool split = chart_has_runs(sides);

	for (int i = 0; i < 2; i++)
		if (sides->results[i])
			split = split && split_total(sides->results[i]) > 0;
	for (int i = 0; i < 2; i++)
		if (sides->results[i])
			scale.high = fmax(scale.high, bar_end(sides->results[i], split));
	if (!(scale.high > 0))
		return;
	scale.high *= 1.02;
	begin(out, bottom + 22, split ? "where the time of a run goes, on average" :
				"averages, with their standard deviations and extremes");
	axis(out, &scale, 2, bottom, false);
	for (int i = 0; i < 2; i++) {
		if (!sides->results[i])
			continue;
		row_name(out, y + 15, sides->names[i]);
		if (split)
			split_bar(out, &scale, sides->results[i], y);
		else if (!isnan(sides->results[i]->avg_ms))
			average_bar(out, &scale, sides->results[i], y, i ? "p-cpu" : "p-old");
		y += 30;
	}
	fputs("</svg>", out);
}

/* --- shifts -------------------------------------------------------------------- */

double chart_shift_limit(const struct comparison *const *comparisons, size_t count)
{
	double limit = 1;

	for (size_t i = 0; i < count; i++) {
		const struct comparison *c = comparisons[i];
		double percent = isnan(c->shift_percent) ? c->change_percent : c->shift_percent;

		limit = fmax(limit, 150 * c->threshold);
		if (isfinite(percent))
			limit = fmax(limit, 1.1 * fabs(percent));
		if (isfinite(c->high_percent) && isfinite(c->low_percent))
			limit = fmax(limit, 1.1 * fmax(fabs(c->high_percent),
						       fabs(c->low_percent)));
	}
	/* one that doubled shall not make all others a dot at 0 */
	return fmin(limit, 60);
}

static double clip(double value, double limit)
{
	return fmax(-limit, fmin(limit, value));
}

void chart_shift(FILE *out, const struct comparison *c, double limit, bool small)
{
	struct scale scale = { .low = -limit, .high = limit, .left = small ? 6 : LEFT,
			       .right = small ? 194 : RIGHT };
	double percent = isnan(c->shift_percent) ? c->change_percent : c->shift_percent;
	double gate = 100 * c->threshold, y = small ? 11 : 16, bottom = small ? 22 : 30;
	const char *verdict = verdict_name(c->verdict);
	char label[UNITS_TEXT];

	if (!small)
		begin(out, 50, "the shift with its interval; broken lines: the threshold");
	else
		fputs("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 200 22\" "
		      "class=\"s\" aria-hidden=\"true\">", out);
	if (gate < limit) {
		line(out, "gate", at(&scale, gate), 1, at(&scale, gate), bottom);
		line(out, "gate", at(&scale, -gate), 1, at(&scale, -gate), bottom);
	}
	line(out, "zero", at(&scale, 0), 1, at(&scale, 0), bottom);
	if (isfinite(c->low_percent) && isfinite(c->high_percent)) {
		fprintf(out, "<path class=\"bar %s\" d=\"M%.1f %.1fL%.1f %.1f\"/>", verdict,
			at(&scale, clip(c->low_percent, limit)), y,
			at(&scale, clip(c->high_percent, limit)), y);
	}
	if (!isnan(percent))
		fprintf(out, "<path class=\"dots %s\" style=\"stroke-opacity:1;stroke-width:8\" "
			"d=\"M%.1f %.1fh0\"/>", verdict, at(&scale, clip(percent, limit)), y);
	if (!small) {
		line(out, "axis", scale.left, bottom, scale.right, bottom);
		text(out, "e dim", LEFT - 8, y + 4, "shift");
		text(out, "m dim", at(&scale, 0), bottom + 14, "0");
		if (gate < limit)
			text(out, "m dim", at(&scale, gate), bottom + 14,
			     format_of_percent(label, gate));
		if (gate < limit)
			text(out, "m dim", at(&scale, -gate), bottom + 14,
			     format_of_percent(label, -gate));
	}
	fputs("</svg>", out);
}
