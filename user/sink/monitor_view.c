// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/monitor_view.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/term.h"
#include "base/units.h"
#include "model/report.h"
#include "sink/fields.h"
#include "sink/frame.h"
#include "sink/monitor_columns.h"
#include "sink/monitor_lines.h"
#include "sink/output.h"
#include "sink/page.h"

#define FRAME_SECONDS 0.25
#define TOP 10
#define TOP_MIN 1
#define HEADING_EVERY 20	/* plain lines */

struct monitor_view {
	struct frame frame;
	const char *sort;
	unsigned int top;
	double shown_at;		/* seconds from the start; of the last frame or line */
	double seconds;			/* since then */
	double cpu;			/* since then: percent times seconds */
	uint64_t values[PPBPF_SUMMED_NR];	/* since then */
	struct hash *shown;		/* tgid, start -> CPU time when last shown, + 1 */
	int lines;			/* plain ones */
};

struct monitor_view *monitor_view__new(int fd, const char *sort, unsigned int top)
{
	struct monitor_view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	view->shown = hash__new();
	if (!view->shown) {
		free(view);
		return NULL;
	}
	view->sort = sort;
	view->top = top;
	frame__init(&view->frame, fd);
	return view;
}

/* --- refreshed in place ------------------------------------------------------- */

/* Each process's share of a CPU since the last frame, by the kernel's exact times. */
static int measure_cpu(struct monitor_view *view, struct process_row *rows, size_t count)
{
	struct hash *shown = hash__new();

	if (!shown)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct process *process = rows[i].process;
		uint64_t now = process__value(process, PPBPF_CPU_NS);
		void *before = hash__get(view->shown, process->tgid, process->start_boot_ns);
		uint64_t ns = before ? now - ((uintptr_t)before - 1) : now;

		rows[i].cpu_percent = view->seconds > 0 ? ns / view->seconds / 1e7 : NAN;
		hash__set(shown, process->tgid, process->start_boot_ns,
			  (void *)(uintptr_t)(now + 1));
	}
	hash__free(view->shown);
	view->shown = shown;
	return 0;
}

static int print_processes(struct monitor_view *view, struct page *page,
			   const struct report *report)
{
	const struct process_view processes = {
		.report = report, .sort = view->sort, .live = true, .title = "processes",
	};
	/* one line for the heading, and the cursor is in the one below the last */
	int room = view->frame.term.height - page->lines - 2;
	size_t top = view->top ? view->top : TOP;
	struct process_row *rows;
	int count = process_view__rows(&processes, &rows);

	if (count < 0)
		return count;
	if (measure_cpu(view, rows, count)) {
		free(rows);
		return -ENOMEM;
	}
	process_view__sort(&processes, rows, count);
	if (room < (int)top)
		top = room < TOP_MIN ? TOP_MIN : room;
	process_view__print(&processes, page, rows, count, top);
	free(rows);
	return 0;
}

static int show_frame(struct monitor_view *view, const struct report *report, double time)
{
	const struct monitor_lines lines = { .report = report, .seconds = time, .live = true };
	struct page page;
	int err;

	frame__resize(&view->frame);
	page__init(&page, &view->frame.term);
	lines_header(&page, &lines);
	lines_time(&page, &lines);
	lines_resources(&page, &lines);
	err = print_processes(view, &page, report);
	if (err)
		page__free(&page);
	else
		err = frame__show(&view->frame, &page);
	return err;
}

/* --- plain lines -------------------------------------------------------------- */

struct plain_column {
	const char *title;
	enum ppbpf_value first;		/* the sum of the two is shown */
	enum ppbpf_value second;
	char *(*format)(char *out, double value);
};

static const struct plain_column plain_columns[] = {
	{ "waiting", PPBPF_RUN_DELAY_NS, PPBPF_RUN_DELAY_NS, format_seconds },
	{ "read", PPBPF_READ_BYTES, PPBPF_READ_BYTES, format_bytes },
	{ "written", PPBPF_WRITE_BYTES, PPBPF_WRITE_BYTES, format_bytes },
	{ "sent", PPBPF_TCP_SENT_BYTES, PPBPF_UDP_SENT_BYTES, format_bytes },
	{ "received", PPBPF_TCP_RECEIVED_BYTES, PPBPF_UDP_RECEIVED_BYTES, format_bytes },
};

#define PLAIN_COLUMNS (sizeof(plain_columns) / sizeof(plain_columns[0]))
#define PLAIN_WIDTH 11

static void print_plain_heading(struct page *page)
{
	page__column(page, "time", PLAIN_WIDTH);
	page__column(page, "cpu", PLAIN_WIDTH);
	page__column(page, "memory", PLAIN_WIDTH);
	for (size_t i = 0; i < PLAIN_COLUMNS; i++)
		page__column(page, plain_columns[i].title, PLAIN_WIDTH);
	page__end_line(page);
}

static double plain_value(const struct monitor_view *view, const struct report *report,
			  const struct plain_column *column)
{
	if (metric_why_null(report, metric_of(METRIC_PROCESS, column->first)))
		return NAN;
	if (column->first == column->second)
		return view->values[column->first];
	return view->values[column->first] + view->values[column->second];
}

static int show_line(struct monitor_view *view, const struct report *report,
		     const struct report_interval *interval)
{
	double cpu = report->tracked[0] ? view->cpu / view->seconds : NAN;
	struct page page;
	char text[UNITS_TEXT];
	int err;

	page__init(&page, &view->frame.term);
	if (view->lines++ % HEADING_EVERY == 0)
		print_plain_heading(&page);
	page__column(&page, format_seconds(text, interval->time * 1e9), PLAIN_WIDTH);
	page__column(&page, format_percent(text, cpu), PLAIN_WIDTH);
	page__column(&page, format_bytes(text, report->tracked[1] ? interval->resident_bytes : NAN),
		     PLAIN_WIDTH);
	for (size_t i = 0; i < PLAIN_COLUMNS; i++)
		page__column(&page,
			     plain_columns[i].format(text, plain_value(view, report,
								       &plain_columns[i])),
			     PLAIN_WIDTH);
	page__end_line(&page);
	err = page__error(&page) ? page__error(&page) : output_write(view->frame.fd, &page.out);
	page__free(&page);
	return err;
}

/* --- */

static bool is_due(const struct monitor_view *view, double time)
{
	if (view->frame.in_place)
		return !view->frame.began || time - view->shown_at >= FRAME_SECONDS;
	/* a line for each whole second that has passed */
	return floor(time) > floor(view->shown_at);
}

int monitor_view__interval(struct monitor_view *view, const struct report *report,
			   const struct report_interval *interval)
{
	int err;

	view->seconds += interval->seconds;
	view->cpu += interval->cpu_percent * interval->seconds;
	for (size_t i = 0; i < PPBPF_SUMMED_NR; i++)
		view->values[i] += interval->values[i];
	if (!is_due(view, interval->time))
		return 0;
	err = view->frame.in_place ? show_frame(view, report, interval->time) :
			       show_line(view, report, interval);
	view->shown_at = interval->time;
	view->seconds = view->cpu = 0;
	memset(view->values, 0, sizeof(view->values));
	return err;
}

int monitor_view__free(struct monitor_view *view)
{
	int err;

	if (!view)
		return 0;
	err = frame__free(&view->frame);
	hash__free(view->shown);
	free(view);
	return err;
}
