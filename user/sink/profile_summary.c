// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/profile_summary.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "base/text.h"
#include "base/units.h"
#include "model/profile_run.h"
#include "model/reason.h"
#include "model/report.h"
#include "sink/page.h"
#include "sink/profile_lines.h"
#include "sink/profile_trees.h"
#include "sink/remarks.h"

#define INDENT 2
#define NAME_MIN 24	/* columns */
#define WHERE 26

/* Sentences with our own dots between them, which a plain terminal does not have. */
static void words(struct page *page, const struct buf *text)
{
	static const char dot[] = " \302\267 ";
	const char *at = buf__str(text), *end;

	for (; at; at = end ? end + strlen(dot) : NULL) {
		char *part;

		end = strstr(at, dot);
		part = end ? strndup(at, end - at) : strdup(at);
		page__words(page, INDENT, part ? part : "");
		free(part);
		if (end)
			page__dot(page);
	}
}

static void header(struct page *page, const struct profile_run *run)
{
	const char *title = run->title ? run->title : run->report->target;
	int width = text_width(title, page->term->utf8), room;
	struct buf about = BUF_INIT;

	profile_lines__about(&about, run);
	room = page->term->width - text_width(buf__str(&about), page->term->utf8) - 3;
	page__style(page, PAGE_BOLD);
	page__column(page, title, -(width < room || room < NAME_MIN ? width : room));
	page__style(page, PAGE_PLAIN);
	page__dot(page);
	words(page, &about);
	page__end_line(page);
	buf__free(&about);
	if (run->mode == MODE_CALLS && run->cost) {
		page__words(page, INDENT, run->cost);
		page__end_line(page);
	}
	page__end_line(page);
}

/* The largest of those that are not done yet; negative: there is none. */
static int most_waited(const uint64_t *by_reason, const bool *done)
{
	int most = -1;

	for (int i = 0; i <= PPBPF_REASON_RUN_QUEUE; i++)
		if (!done[i] && by_reason[i] && (most < 0 || by_reason[i] > by_reason[most]))
			most = i;
	return most;
}

/* "off CPU  12.3 s   lock 5.0 s · poll 3.0 s" */
static void waits(struct page *page, const struct profile_run *run)
{
	const uint64_t *by_reason = run->stats.reason_ns;
	bool done[PPBPF_REASON_RUN_QUEUE + 1] = { false };
	char text[UNITS_TEXT];
	int reason, count = 0;

	if (run->mode == MODE_WALL) {
		page__text(page, "on CPU   %10s",
			   format_seconds(text, run->stats.ns[SAMPLE_ON_CPU]));
		page__end_line(page);
	}
	page__text(page, "off CPU  %10s   ", format_seconds(text, run->stats.ns[SAMPLE_OFF_CPU]));
	while ((reason = most_waited(by_reason, done)) >= 0) {
		done[reason] = true;
		if (count++)
			page__dot(page);
		page__text(page, "%s %s", reason == PPBPF_REASON_RUN_QUEUE ? "waiting for CPU" :
			   reasons[reason].name, format_seconds(text, by_reason[reason]));
	}
	page__end_line(page);
	page__end_line(page);
}

/* Where a function is, as short as it is clear: "report.py:212", "libz.so.1.2.13". */
static void where(char *text, size_t size, const struct profile_function *function)
{
	const char *file = function->file, *slash = file ? strrchr(file, '/') : NULL;

	if (file && file[0] && function->line)
		snprintf(text, size, "%s:%u", slash ? slash + 1 : file, function->line);
	else
		text_copy(text, size, function->module ? function->module : "");
}

static const char *mark_of(int kind)
{
	switch (kind) {
	case FRAME_PYTHON:
		return "(python)";
	case FRAME_JIT:
		return "(jit)";
	default:
		return "";
	}
}

static int name_width(const struct page *page, int used)
{
	int width = page->term->width - used - WHERE - 2;

	return width > NAME_MIN ? width : NAME_MIN;
}

/* A name, and at the column's right end what it is. */
static void name_column(struct page *page, const char *name, const char *mark, int width)
{
	int room = mark[0] ? width - (int)strlen(mark) - 1 : width;

	page__column(page, name, -room);
	if (mark[0])
		page__text(page, " %s", mark);
}

/* With waits, the kernel's part goes to who asked for it: all of them wait in schedule(). */
static bool by_owner(const struct profile_run *run)
{
	return run->mode != MODE_ON_CPU;
}

static void function(struct page *page, const struct profile_run *run,
		     const struct profile_total *total, int width)
{
	const struct profile_function *function = profile__function_at(run->profile,
								       total->function);
	double all = run->stats.total_ns ? run->stats.total_ns : 1;
	uint64_t self = by_owner(run) ? total->own_ns : total->self_ns;
	char text[256];

	page__column(page, format_percent(text, 100 * self / all), 9);
	page__column(page, format_percent(text, 100 * total->cumulative_ns / all), 10);
	page__text(page, "   ");
	name_column(page, function->name, mark_of(function->kind), width);
	where(text, sizeof(text), function);
	page__text(page, "  %s", text);
	page__end_line(page);
}

static int functions(struct page *page, const struct profile_run *run)
{
	struct profile_stats stats;
	int width = name_width(page, 22), err = profile_stats__make(&stats, run->profile);

	if (err)
		return err;
	profile_stats__sort(&stats, by_owner(run) ? BY_OWN : BY_SELF);
	page__style(page, PAGE_DIM);
	page__text(page, by_owner(run) ? "      own     total   " : "     self     total   ");
	page__column(page, "function", -width);
	page__text(page, "  where");
	page__end_line(page);
	for (size_t i = 0; i < stats.function_count && i < run->top; i++)
		function(page, run, &stats.functions[i], width);
	if (!stats.function_count) {
		page__text(page, "  nothing was seen: the target did not run, or not for long enough");
		page__end_line(page);
	}
	page__end_line(page);
	profile_stats__free(&stats);
	return 0;
}

static void duration_column(struct page *page, bool known, double ns, int width)
{
	char text[UNITS_TEXT];

	page__column(page, known && !isnan(ns) ? format_duration(text, ns) : "-", width);
}

static void call_columns(struct page *page, const struct call_row *row)
{
	double per_call = row->primitive_calls ? (double)row->cumulative_ns / row->primitive_calls :
						 NAN;
	bool known = row->timed && row->returned;
	char text[UNITS_TEXT];

	page__column(page, format_count(text, row->calls), 9);
	page__column(page, format_count(text, row->primitive_calls), 10);
	duration_column(page, known, row->self_ns, 9);
	duration_column(page, known, row->cumulative_ns, 9);
	duration_column(page, known, per_call, 9);
	duration_column(page, known, call_row__quantile(row, 0.99), 9);
	duration_column(page, known, row->max_ns, 9);
}

static void calls(struct page *page, const struct profile_run *run)
{
	page__style(page, PAGE_DIM);
	page__text(page, "    calls primitive     self    total per call      p99      max  function");
	page__end_line(page);
	for (size_t i = 0; i < run->calls.count && i < run->top; i++) {
		const struct call_row *row = run->calls.rows[i];
		const char *slash = row->module ? strrchr(row->module, '/') : NULL;

		call_columns(page, row);
		page__text(page, "  %s%s%s", row->name, row->module ? "  " : "",
			   slash ? slash + 1 : row->module ? row->module : "");
		page__end_line(page);
	}
	if (!run->calls.count) {
		page__text(page, "  none of these functions was called");
		page__end_line(page);
	}
	page__end_line(page);
}

/*
 * "saved profiles/app_1795412714.{pb.gz,folded}": what the names have in common
 * is said once. A target's name may have dots itself.
 */
static void saved(struct page *page, const struct profile_run *run)
{
	const char *first = run->file_count ? run->files[0].path : "";
	size_t common = strlen(first);

	if (!run->file_count)
		return;
	for (size_t i = 1; i < run->file_count; i++) {
		size_t same = 0;

		while (same < common && first[same] == run->files[i].path[same])
			same++;
		common = same;
	}
	/* the folder that we are in goes without saying */
	if (common > 2 && !strncmp(first, "./", 2)) {
		page__text(page, "saved %.*s", (int)common - 2, first + 2);
	} else {
		page__text(page, "saved %.*s", (int)common, first);
	}
	if (run->file_count > 1)
		page__text(page, "{");
	for (size_t i = 0; run->file_count > 1 && i < run->file_count; i++)
		page__text(page, "%s%s", i ? "," : "", run->files[i].path + common);
	if (run->file_count > 1)
		page__text(page, "}");
	page__end_line(page);
}

static void quality(struct page *page, const struct profile_run *run)
{
	struct buf text = BUF_INIT;

	profile_lines__quality(&text, run);
	words(page, &text);
	page__end_line(page);
	buf__free(&text);
}

static void caveats(struct page *page, const struct profile_run *run)
{
	struct buf missing = BUF_INIT, cost = BUF_INIT;

	remarks__unavailable(&missing, run->report);
	remarks__own_cost(&cost, run->report);
	page__words(page, INDENT, buf__str(&missing));
	if (missing.length)
		page__dot(page);
	page__words(page, INDENT, buf__str(&cost));
	page__end_line(page);
	buf__free(&missing);
	buf__free(&cost);
}

static int print_table(struct page *page, const struct profile_run *run)
{
	int err = 0;

	header(page, run);
	if (run->mode == MODE_CALLS) {
		calls(page, run);
	} else {
		if (run->mode != MODE_ON_CPU)
			waits(page, run);
		err = functions(page, run);
		if (!err)
			err = profile_trees__print(page, run);
	}
	quality(page, run);
	remarks__warnings(page, run->report);
	return err;
}

static int print_end(struct page *page, const struct profile_run *run)
{
	saved(page, run);
	caveats(page, run);
	return 0;
}

static int print(FILE *out, const struct term *term, const struct profile_run *run,
		 int (*part)(struct page *page, const struct profile_run *run))
{
	struct page page;
	int err;

	if (!run->measured)
		return 0;
	page__init(&page, term);
	err = part(&page, run);
	if (!err)
		err = page__error(&page);
	if (!err && (fwrite(page.out.data, 1, page.out.length, out) != page.out.length ||
		     fflush(out)))
		err = errno ? -errno : -EIO;
	page__free(&page);
	return err;
}

int profile_summary__print(FILE *out, const struct term *term, const struct profile_run *run)
{
	return print(out, term, run, print_table);
}

int profile_summary__print_end(FILE *out, const struct term *term, const struct profile_run *run)
{
	return print(out, term, run, print_end);
}
