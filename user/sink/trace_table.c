// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/trace_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "model/operation.h"
#include "model/report.h"
#include "model/trace_run.h"
#include "sink/frame.h"
#include "sink/output.h"
#include "sink/remarks.h"
#include "sink/span_text.h"
#include "sink/trace_lines.h"

#define TOP 10
#define TOP_INNER 5
#define INDENT 2
#define LINE_SECONDS 10

struct column {
	const char *title;
	int width;
};

static const struct column columns[] = {
	{ "traces", 9 }, { "rate", 9 }, { "errors", 9 }, { "p50", 10 }, { "p95", 10 }, { "p99", 10 },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define COLUMNS_WIDTH 57

static void sources(struct buf *text, const struct trace_run *run)
{
	for (size_t i = 0; i < run->source_count; i++)
		buf__printf(text, "%s%s", i ? ", " : "", run->sources[i].name);
}

static void print_header(struct page *page, const struct trace_run *run)
{
	uint64_t collected = trace_stats__traces(run->stats);
	char count[UNITS_TEXT], all[UNITS_TEXT], spans[UNITS_TEXT], time[UNITS_TEXT];
	struct buf text = BUF_INIT;

	page__style(page, PAGE_BOLD);
	page__text(page, "%s", run->service ? run->service : "all services");
	page__style(page, PAGE_PLAIN);
	page__dot(page);
	page__text(page, "%s", format_seconds(time, run->seconds * 1e9));
	page__dot(page);
	sources(&text, run);
	page__text(page, "%s", buf__str(&text));
	buf__free(&text);
	page__dot(page);
	if (collected == run->counters[TRACES_OBSERVED])
		page__text(page, "%s traces", format_count(count, collected));
	else
		page__text(page, "%s of %s traces", format_count(count, collected),
			   format_count(all, run->counters[TRACES_OBSERVED]));
	page__text(page, ", %s spans", format_count(spans, trace_stats__spans(run->stats)));
	if (run->counters[TRACES_UNFINISHED]) {
		page__dot(page);
		page__text(page, "%s under way at the end",
			   format_count(count, run->counters[TRACES_UNFINISHED]));
	}
	if (run->live && run->open) {
		page__dot(page);
		page__text(page, "%s still open", format_count(count, run->open));
	}
	page__end_line(page);
}

static int name_width(const struct page *page)
{
	int width = page->term->width - COLUMNS_WIDTH - INDENT;

	return width < 16 ? 16 : width;
}

static void print_heading(struct page *page, const char *title, bool inner)
{
	page__style(page, PAGE_DIM);
	page__column(page, title, -(name_width(page) + INDENT));
	for (size_t i = 0; i < COLUMNS; i++)
		page__column(page, inner && !i ? "spans" : columns[i].title, columns[i].width);
	page__end_line(page);
}

static void print_number(struct page *page, const char *text, size_t column)
{
	page__column(page, text, columns[column].width);
}

static char *format_rate(char *out, double rate)
{
	snprintf(out, UNITS_TEXT, rate >= 99.95 ? "%.0f/s" : rate >= 9.995 ? "%.1f/s" : "%.2f/s",
		 rate);
	return out;
}

static int print_operation(struct page *page, const struct trace_run *run,
			   const struct operation_stats *operation, bool inner, bool several)
{
	struct duration_figures figures;
	struct buf name = BUF_INIT;
	char text[UNITS_TEXT];
	int err = operation_stats__figures(operation, &figures);

	if (err)
		return err;
	if (several && *operation->service)
		buf__printf(&name, "%s: ", operation->service);
	/* both ends of one request have its name */
	/* a trace begins with what a server was asked, if nothing else is said */
	if (operation->kind > (inner ? SPAN_KIND_INTERNAL : SPAN_KIND_SERVER))
		buf__printf(&name, "%s ", span_kind_name(operation->kind));
	buf__puts(&name, operation->name);
	page__to(page, INDENT);
	page__column(page, buf__str(&name), -name_width(page));
	buf__free(&name);
	print_number(page, format_count(text, operation->count), 0);
	print_number(page, format_rate(text, run->seconds > 0 ? operation->count / run->seconds :
					     0), 1);
	if (operation->errors)
		page__style(page, PAGE_RED);
	print_number(page, format_percent(text, 100.0 * operation->errors / operation->count), 2);
	page__style(page, PAGE_PLAIN);
	print_number(page, format_duration(text, figures.p50), 3);
	print_number(page, format_duration(text, figures.p95), 4);
	print_number(page, format_duration(text, figures.p99), 5);
	page__end_line(page);
	return 0;
}

static bool several_services(const struct operation_stats *const *rows, int count)
{
	for (int i = 1; i < count; i++)
		if (strcmp(rows[i]->service, rows[0]->service))
			return true;
	return false;
}

static int print_operations(struct page *page, const struct trace_run *run, bool inner, int top)
{
	const struct operation_stats **rows;
	int count = inner ? trace_stats__inner(run->stats, &rows) :
			    trace_stats__operations(run->stats, &rows), err = 0;
	bool several;

	if (count < 0)
		return count;
	several = several_services(rows, count);
	if (count)
		print_heading(page, inner ? "within them" : "operation", inner);
	for (int i = 0; i < count && i < top && !err; i++)
		err = print_operation(page, run, rows[i], inner, several);
	if (count > top) {
		page__style(page, PAGE_DIM);
		page__text(page, "  (%d more%s)", count - top, inner ? "" : ": --top");
		page__end_line(page);
	}
	free(rows);
	return err;
}

static void losses(struct buf *text, const struct trace_run *run)
{
	char count[UNITS_TEXT];

	for (size_t i = 0; i < run->loss_count; i++)
		if (run->losses[i].n)
			buf__printf(text, "%s %s %s", text->length ? "," : "lost:",
				    format_count(count, run->losses[i].n), run->losses[i].name);
	if (!text->length)
		buf__puts(text, "nothing lost");
}

/* Only what was met: nobody asked for the rest. */
static void not_seen(struct buf *text, const struct trace_run *run)
{
	char count[UNITS_TEXT];

	for (size_t i = 0; i < run->unseen_count; i++)
		if (run->unseen[i].met)
			buf__printf(text, "%s%s (%s)", text->length ? ", " : "not seen: ",
				    run->unseen[i].help,
				    format_count(count, run->unseen[i].met));
}

static void print_remark(struct page *page, struct buf *text, bool first)
{
	if (text->length && !first)
		page__dot(page);
	page__words(page, INDENT, buf__str(text));
	buf__free(text);
}

static void print_exports(struct page *page, const struct trace_run *run)
{
	char spans[UNITS_TEXT], lost[UNITS_TEXT];

	for (size_t i = 0; i < run->export_count; i++) {
		const struct trace_export *export = &run->exports[i];
		struct buf text = BUF_INIT;

		buf__printf(&text, "sent %s spans to %s", format_count(spans, export->spans),
			    export->url);
		if (export->rejected || export->lost)
			buf__printf(&text, ", %s lost", format_count(lost, export->rejected +
								     export->lost));
		if (export->error)
			buf__printf(&text, " (%s)", export->error);
		page__words(page, INDENT, buf__str(&text));
		page__end_line(page);
		buf__free(&text);
	}
}

static void print_foot(struct page *page, const struct trace_run *run,
		       const struct report *report)
{
	struct buf lost = BUF_INIT, unseen = BUF_INIT, missing = BUF_INIT, cost = BUF_INIT;

	remarks__warnings(page, report);
	print_exports(page, run);
	losses(&lost, run);
	not_seen(&unseen, run);
	remarks__unavailable(&missing, report);
	remarks__own_cost(&cost, report);
	print_remark(page, &lost, true);
	print_remark(page, &unseen, false);
	print_remark(page, &missing, false);
	print_remark(page, &cost, false);
	page__end_line(page);
}

/* What there is to do when nothing came. */
static void print_nothing(struct page *page, const struct trace_run *run)
{
	struct buf text = BUF_INIT;

	if (run->counters[TRACES_OTHER_SERVICE] || run->counters[TRACES_OTHER_OPERATION])
		buf__printf(&text, "No trace was collected: %llu were of other services and %llu "
			    "of other operations.",
			    (unsigned long long)run->counters[TRACES_OTHER_SERVICE],
			    (unsigned long long)run->counters[TRACES_OTHER_OPERATION]);
	else
		buf__puts(&text, "No trace was collected: no span came.");
	for (size_t i = 0; i < run->source_count; i++)
		buf__printf(&text, " %s: %s.", run->sources[i].name, run->sources[i].text);
	page__words(page, 0, buf__str(&text));
	page__end_line(page);
	buf__free(&text);
}

static int print_all(struct page *page, const struct trace_run *run, const struct report *report,
		     const struct trace_table *options)
{
	size_t slowest = options->slowest;
	int err;

	print_header(page, run);
	page__end_line(page);
	if (!trace_stats__traces(run->stats)) {
		print_nothing(page, run);
	} else {
		err = print_operations(page, run, false, options->top ? (int)options->top : TOP);
		if (!err)
			err = print_operations(page, run, true, TOP_INNER);
		if (err)
			return err;
	}
	for (size_t i = 0; i < slowest && i < run->slowest_count; i++) {
		page__end_line(page);
		err = trace_lines__waterfall(page, run->slowest[i], run->service, !i);
		if (err)
			return err;
	}
	page__end_line(page);
	print_foot(page, run, report);
	return page__error(page);
}

int trace_table__print(FILE *out, const struct term *term, const struct trace_run *run,
		       const struct report *report, const struct trace_table *options)
{
	struct page page;
	int err;

	page__init(&page, term);
	err = print_all(&page, run, report, options);
	if (!err && (fwrite(page.out.data, 1, page.out.length, out) != page.out.length ||
		     fflush(out)))
		err = errno ? -errno : -EIO;
	page__free(&page);
	return err;
}

/* --- while it runs --------------------------------------------------------------- */

struct trace_view {
	struct frame frame;
	unsigned int top;
	double shown_at;
};

struct trace_view *trace_view__new(int fd, unsigned int top)
{
	struct trace_view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	frame__init(&view->frame, fd);
	view->top = top;
	return view;
}

static int show_frame(struct trace_view *view, const struct trace_run *run)
{
	int room, err;
	struct page page;

	frame__resize(&view->frame);
	page__init(&page, &view->frame.term);
	print_header(&page, run);
	/* the headings, a line of the rest each, and the cursor below the last */
	room = view->frame.term.height - page.lines - 5;
	if (view->top && (int)view->top < room)
		room = view->top;
	err = print_operations(&page, run, false, room < 1 ? 1 : room < TOP ? room : TOP);
	if (!err && room > TOP)
		err = print_operations(&page, run, true, room - TOP < TOP_INNER ? room - TOP :
										 TOP_INNER);
	if (err) {
		page__free(&page);
		return err;
	}
	return frame__show(&view->frame, &page);
}

static int show_line(struct trace_view *view, const struct trace_run *run)
{
	struct page page;
	int err;

	if (run->seconds < view->shown_at + LINE_SECONDS)
		return 0;
	view->shown_at = run->seconds;
	page__init(&page, &view->frame.term);
	print_header(&page, run);
	err = page__error(&page) ? page__error(&page) : output_write(view->frame.fd, &page.out);
	page__free(&page);
	return err;
}

int trace_view__show(struct trace_view *view, const struct trace_run *run,
		     const struct report *report)
{
	(void)report;
	return view->frame.in_place ? show_frame(view, run) : show_line(view, run);
}

int trace_view__free(struct trace_view *view)
{
	int err;

	if (!view)
		return 0;
	err = frame__free(&view->frame);
	free(view);
	return err;
}
