// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/monitor_summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/term.h"
#include "base/units.h"
#include "model/report.h"
#include "sink/monitor_columns.h"
#include "sink/monitor_lines.h"
#include "sink/page.h"
#include "sink/remarks.h"

#define TOP 10
#define TOP_MIN 3
#define ROOMY 32	/* lines of a screen */
#define PROMPT_LINES 2	/* of a screen, for what comes after us */
#define INDENT 2

/* Rows that a screen has room for beside the other lines and the line of the rest. */
static size_t rows_to_show(const struct term *term, const struct monitor_summary *options,
			   size_t count, int other_lines)
{
	int room = term->height - PROMPT_LINES - other_lines;

	if (options->top)
		return options->top;
	if (!term->is_terminal || room >= TOP || room >= (int)count)
		return TOP;
	room--;
	return room > TOP_MIN ? room : TOP_MIN;
}

static void print_processes(struct page *page, const struct process_view *view,
			    struct process_row *rows, size_t count, size_t shown)
{
	char more[UNITS_TEXT];

	process_view__sort(view, rows, count);
	process_view__print(view, page, rows, count, shown);
	if (count > shown) {
		page__style(page, PAGE_DIM);
		page__text(page, "        (%s more: --top %zu)", format_count(more, count - shown),
			   count < 1000 ? count : 1000);
		page__end_line(page);
	}
}

static void add_lost(struct buf *text, const char *name, uint64_t n)
{
	char count[UNITS_TEXT];

	if (n)
		buf__printf(text, "%s %s %s", text->length ? "," : "lost:", format_count(count, n),
			    name);
}

/* Each kind of loss by its name in metadata.dropped. */
static void losses(struct buf *text, const struct report *report)
{
	for (int i = 0; i < PPBPF_COUNTER_NR; i++)
		if (counter_loss_name(i))
			add_lost(text, counter_loss_name(i), report->counters[i]);
	add_lost(text, "processes_folded", tasks__totals(report->tasks)->processes_folded);
	if (!text->length)
		buf__puts(text, "nothing lost");
}

static void print_caveats(struct page *page, const struct report *report)
{
	void (*const remarks[])(struct buf *, const struct report *) = {
		losses, remarks__unavailable, remarks__own_cost,
	};

	for (size_t i = 0; i < sizeof(remarks) / sizeof(remarks[0]); i++) {
		struct buf text = BUF_INIT;

		remarks[i](&text, report);
		if (i && text.length)
			page__dot(page);
		page__words(page, INDENT, buf__str(&text));
		buf__free(&text);
	}
	page__end_line(page);
}

/* Who is worth a closer look: of user space, still there, and not us. */
static const struct process *busiest(const struct process_row *rows, size_t count)
{
	const struct process *most = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct process *process = rows[i].process;

		if (process->ended || process->kthread || process->pid == (uint32_t)getpid())
			continue;
		if (!most || process__value(process, PPBPF_CPU_NS) >
				     process__value(most, PPBPF_CPU_NS))
			most = process;
	}
	return most;
}

static void print_next(struct page *page, const struct report *report,
		       const struct process_row *rows, size_t count)
{
	const struct process *process = busiest(rows, count);

	if (report->machine_wide && process)
		page__text(page, "next: ppbpf monitor --pid %u", process->pid);
	else if (!report->machine_wide && report->has_command)
		page__text(page, "next: ppbpf profile -- %s", report->target);
	else if (!report->machine_wide && process)
		page__text(page, "next: ppbpf profile --pid %u", process->pid);
	else
		return;
	page__end_line(page);
}

/* An empty line between two parts, which a small screen has better use for. */
static void gap(struct page *page)
{
	if (!page->term->is_terminal || page->term->height >= ROOMY)
		page__end_line(page);
}

/* The foot is made first, to know how many rows of processes a screen has room for. */
static int print_all(struct page *page, struct page *foot, const struct report *report,
		     const struct monitor_summary *options)
{
	const struct monitor_lines lines = { .report = report, .seconds = report->duration };
	const struct process_view view = {
		.report = report, .sort = options->sort,
		.title = report->machine_wide ? "processes" : "processes that lived",
	};
	struct process_row *rows;
	int count = process_view__rows(&view, &rows);

	if (count < 0)
		return count;
	remarks__warnings(foot, report);
	print_caveats(foot, report);
	print_next(foot, report, rows, count);
	lines_header(page, &lines);
	gap(page);
	if (report->split_known) {
		lines_time(page, &lines);
		gap(page);
	}
	lines_resources(page, &lines);
	page__end_line(page);
	/* the heading of the processes, and an empty line after them */
	print_processes(page, &view, rows, count,
			rows_to_show(page->term, options, count, page->lines + foot->lines + 2));
	page__end_line(page);
	page__append(page, foot);
	free(rows);
	return page__error(page);
}

int monitor_summary__print(FILE *out, const struct term *term, const struct report *report,
			   const struct monitor_summary *options)
{
	struct page page, foot;
	int err;

	if (!report->tasks)
		return 0;
	page__init(&page, term);
	page__init(&foot, term);
	err = print_all(&page, &foot, report, options);
	if (!err && (fwrite(page.out.data, 1, page.out.length, out) != page.out.length ||
		     fflush(out)))
		err = errno ? -errno : -EIO;
	page__free(&page);
	page__free(&foot);
	return err;
}
