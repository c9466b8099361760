// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/trace_lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "base/units.h"
#include "model/operation.h"
#include "model/reason.h"
#include "model/trace.h"
#include "sink/page.h"
#include "sink/span_text.h"

#define ROWS 16
#define INDENT 4
#define DEPTH_SHOWN 8		/* deeper spans are no more to the right */
#define WHO_WIDTH 14
#define DURATION_WIDTH 10
#define BAR_MIN 10
#define ID_SHOWN 8
/* A part of a span's time that is worth a word. */
#define SHARE_SHOWN 0.1

static void print_title(struct page *page, const struct trace *trace, bool first)
{
	char id[TRACE_ID_TEXT], time[UNITS_TEXT];
	struct buf operation = BUF_INIT;
	int status = span__http_status(trace->root);

	operation_of(&operation, trace->root);
	page__style(page, PAGE_DIM);
	page__column(page, first ? "slowest" : "", -9);
	page__style(page, PAGE_PLAIN);
	page__text(page, "%.*s  ", ID_SHOWN, trace_id_text(id, &trace->id));
	page__style(page, PAGE_BOLD);
	page__text(page, "%s", buf__str(&operation));
	page__style(page, PAGE_PLAIN);
	page__text(page, "  %s", format_duration(time, trace__duration_ns(trace)));
	if (trace->errors)
		page__style(page, PAGE_RED);
	if (status)
		page__text(page, "  %d", status);
	if (trace->errors)
		page__text(page, "  error");
	page__end_line(page);
	buf__free(&operation);
}

/* Columns of a bar that a time stands for. */
static int place(const struct trace *trace, uint64_t ns, int width)
{
	uint64_t span = trace->end_ns - trace->start_ns;

	return span ? (int)((double)(ns - trace->start_ns) / span * (width - 1) + 0.5) : 0;
}

static void print_bar(struct page *page, const struct trace *trace, const struct span *span,
		      int width)
{
	int from = place(trace, span->start_ns, width), to = place(trace, span->end_ns, width);
	bool utf8 = page->term->utf8;
	struct buf bar = BUF_INIT;

	buf__fill(&bar, ' ', from);
	if (from == to) {
		buf__puts(&bar, utf8 ? "│" : "|");
	} else {
		buf__puts(&bar, utf8 ? "├" : "|");
		for (int i = from + 1; i < to; i++)
			buf__puts(&bar, utf8 ? "─" : "-");
		buf__puts(&bar, utf8 ? "┤" : "|");
	}
	buf__fill(&bar, ' ', width - 1 - to);
	page__style(page, span__is_error(span) ? PAGE_RED : PAGE_BLUE);
	page__glyphs(page, buf__str(&bar));
	page__style(page, PAGE_PLAIN);
	buf__free(&bar);
}

struct part {
	const char *name;
	uint64_t ns;
};

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return x->ns < y->ns ? 1 : x->ns > y->ns ? -1 : 0;
}

/* Where its thread's time went: what took most of it first, as far as there is room. */
static void print_split(struct page *page, const struct span *span)
{
	const struct ppbpf_split *split = &span->split;
	struct part parts[PPBPF_REASON_NR + 4] = {
		{ "on CPU", split->on_cpu }, { "waiting", split->run_queue },
		{ "throttled", split->throttled }, { "stolen", split->stolen },
	};
	char text[UNITS_TEXT + 32], time[UNITS_TEXT];

	for (int i = 0; i < PPBPF_REASON_NR; i++)
		parts[i + 4] = (struct part){ reasons[i].name, split->blocked[i] };
	qsort(parts, PPBPF_REASON_NR + 4, sizeof(parts[0]), compare_parts);
	for (int i = 0; span->split_known && i < PPBPF_REASON_NR + 4; i++) {
		snprintf(text, sizeof(text), "  %s %s", parts[i].name,
			 format_duration(time, parts[i].ns));
		if (!parts[i].ns || parts[i].ns < SHARE_SHOWN * span__duration_ns(span) ||
		    (int)strlen(text) > page__room(page))
			break;
		page__text(page, "%s", text);
	}
}

/* Columns at the end of each row for that. */
static int split_width(const struct page *page, const struct trace *trace)
{
	for (const struct span *s = trace->spans; s; s = s->next)
		if (s->split_known)
			return page->term->width / 5 + 2;
	return 0;
}

static void print_span(struct page *page, const struct trace *trace, const struct trace_row *row,
		       const char *service)
{
	int width = page->term->width, name = width * 3 / 10, bar;
	unsigned int depth = row->depth < DEPTH_SHOWN ? row->depth : DEPTH_SHOWN;
	struct buf operation = BUF_INIT;
	char time[UNITS_TEXT];

	bar = width - INDENT - WHO_WIDTH - name - DURATION_WIDTH - 3 - split_width(page, trace);
	if (bar < BAR_MIN)
		bar = BAR_MIN;
	operation_of(&operation, row->span);
	page__to(page, INDENT);
	page__column(page, span_who(row->span, service), -WHO_WIDTH);
	page__text(page, " %*s", (int)depth, "");
	page__column(page, buf__str(&operation), -(name - (int)depth));
	page__text(page, " ");
	print_bar(page, trace, row->span, bar);
	page__column(page, format_duration(time, span__duration_ns(row->span)), DURATION_WIDTH);
	print_split(page, row->span);
	page__end_line(page);
	buf__free(&operation);
}

int trace_lines__waterfall(struct page *page, const struct trace *trace, const char *service,
			   bool first)
{
	struct trace_row *rows = trace__rows(trace);
	char count[UNITS_TEXT];

	if (!rows)
		return -ENOMEM;
	print_title(page, trace, first);
	for (size_t i = 0; i < trace->span_count && i < ROWS; i++)
		print_span(page, trace, &rows[i], service);
	if (trace->span_count > ROWS) {
		page__style(page, PAGE_DIM);
		page__text(page, "%*s(%s more spans)", INDENT, "",
			   format_count(count, trace->span_count - ROWS));
		page__end_line(page);
	}
	free(rows);
	return 0;
}
