// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/monitor_columns.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/term.h"
#include "base/text.h"
#include "base/units.h"
#include "sink/fields.h"
#include "sink/page.h"

#define PID_WIDTH 8
#define NAME_MAX 40
#define ALWAYS 100

#define IN_LIVE (1u << 0)
#define AT_END (1u << 1)
#define FOR_TARGETS (1u << 2)	/* needs the split of the followed */
#define WHEN_USED (1u << 3)	/* left out while it is 0 for everybody */

struct column {
	const char *sort;
	const char *title;
	int width;
	int keep;		/* the lowest is the first to go when it gets narrow */
	unsigned int flags;
	enum ppbpf_value needs;	/* the metric that it stands for */
	double (*value)(const struct process_row *row, const struct process_figures *figures);
	char *(*format)(char *out, double value);
};

static double cpu_percent(const struct process_row *row, const struct process_figures *figures)
{
	(void)figures;
	return row->cpu_percent;
}

static double on_cpu(const struct process_row *row, const struct process_figures *figures)
{
	(void)row;
	return figures->values[PPBPF_CPU_NS];
}

static double waiting(const struct process_row *row, const struct process_figures *figures)
{
	/* without BPF there is no split even of the followed */
	return row->process->followed && figures->split.life ?
		       figures->split.run_queue : figures->values[PPBPF_RUN_DELAY_NS];
}

static double blocked(const struct process_row *row, const struct process_figures *figures)
{
	double sum = 0;

	(void)row;
	for (int i = 0; i < PPBPF_REASON_NR; i++)
		sum += figures->split.blocked[i];
	return sum;
}

static double memory_now(const struct process_row *row, const struct process_figures *figures)
{
	const uint64_t *values = figures->values;

	if (!row->process->memory_known)
		return NAN;
	return values[PPBPF_RSS_ANON_BYTES] + values[PPBPF_RSS_FILE_BYTES] +
	       values[PPBPF_RSS_SHMEM_BYTES];
}

static double memory_peak(const struct process_row *row, const struct process_figures *figures)
{
	double peak = figures->values[PPBPF_PEAK_RSS_BYTES];

	(void)row;
	return peak > 0 ? peak : NAN;
}

static double bytes_read(const struct process_row *row, const struct process_figures *figures)
{
	return row->process->io_hidden ? NAN : figures->values[PPBPF_READ_BYTES];
}

static double bytes_written(const struct process_row *row, const struct process_figures *figures)
{
	return row->process->io_hidden ? NAN : figures->values[PPBPF_WRITE_BYTES];
}

static double bytes_sent(const struct process_row *row, const struct process_figures *figures)
{
	const uint64_t *values = figures->values;

	(void)row;
	return values[PPBPF_TCP_SENT_BYTES] + values[PPBPF_UDP_SENT_BYTES];
}

static double bytes_received(const struct process_row *row, const struct process_figures *figures)
{
	const uint64_t *values = figures->values;

	(void)row;
	return values[PPBPF_TCP_RECEIVED_BYTES] + values[PPBPF_UDP_RECEIVED_BYTES];
}

#define LEFT 256	/* no exit status: it was moved out of the followed cgroup */

/* A signal is negative; NaN: it goes on, or nobody knows. */
static double exit_code(const struct process_row *row, const struct process_figures *figures)
{
	const struct process *process = row->process;

	(void)figures;
	if (process->left)
		return LEFT;
	if (!process->ended || process->exit_lost)
		return NAN;
	if (WIFSIGNALED(process->exit_code))
		return -WTERMSIG(process->exit_code);
	return WEXITSTATUS(process->exit_code);
}

static char *format_exit(char *out, double code)
{
	if (isnan(code))
		return strcpy(out, "-");
	if (code == LEFT)
		return strcpy(out, "left");
	if (code < 0)
		snprintf(out, UNITS_TEXT, "sig %d", (int)-code);
	else
		snprintf(out, UNITS_TEXT, "%d", (int)code);
	return out;
}

static const struct column columns[] = {
	{ "cpu", "cpu", 9, ALWAYS, IN_LIVE, PPBPF_CPU_NS, cpu_percent, format_percent },
	{ "cpu", "on CPU", 9, 95, IN_LIVE | AT_END, PPBPF_CPU_NS, on_cpu, format_seconds },
	{ "waiting", "waiting", 10, 90, IN_LIVE | AT_END, PPBPF_RUN_DELAY_NS, waiting,
	  format_seconds },
	{ "blocked", "blocked", 10, 80, IN_LIVE | AT_END | FOR_TARGETS, PPBPF_RUN_DELAY_NS, blocked,
	  format_seconds },
	{ "memory", "memory", 10, 85, IN_LIVE, PPBPF_RSS_ANON_BYTES, memory_now, format_bytes },
	{ "memory", "peak", 10, 85, AT_END, PPBPF_PEAK_RSS_BYTES, memory_peak, format_bytes },
	{ "read", "read", 10, 40, IN_LIVE | AT_END | WHEN_USED, PPBPF_READ_BYTES, bytes_read,
	  format_bytes },
	{ "written", "written", 10, 45, IN_LIVE | AT_END | WHEN_USED, PPBPF_WRITE_BYTES,
	  bytes_written, format_bytes },
	{ "sent", "sent", 10, 30, IN_LIVE | AT_END | WHEN_USED, PPBPF_TCP_SENT_BYTES, bytes_sent,
	  format_bytes },
	{ "received", "received", 10, 35, IN_LIVE | AT_END | WHEN_USED, PPBPF_TCP_RECEIVED_BYTES,
	  bytes_received, format_bytes },
	{ "exit", "exit", 7, 70, AT_END, PPBPF_CPU_NS, exit_code, format_exit },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static const char *const sort_names[] = {
	"cpu", "waiting", "blocked", "memory", "read", "written", "sent", "received", "pid",
};

bool monitor_sort__valid(const char *name, const char **nearest)
{
	size_t count = sizeof(sort_names) / sizeof(sort_names[0]);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(sort_names[i], name))
			return true;
	*nearest = text_nearest(name, sort_names, count, sizeof(sort_names[0]));
	return false;
}

static double column_value(const struct column *column, const struct process_row *row)
{
	struct process_figures room;

	return column->value(row, process__figures(row->process, &room));
}

/* What to order by; NULL: the pid. */
static const struct column *sort_column(const struct process_view *view)
{
	const char *sort = view->sort ? view->sort : "cpu";
	unsigned int flag = view->live ? IN_LIVE : AT_END;

	for (size_t i = 0; i < COLUMNS; i++)
		if (columns[i].flags & flag && !strcmp(columns[i].sort, sort))
			return &columns[i];
	return NULL;
}

/* Unknown ones come last. */
static double sort_key(const struct column *column, const struct process_row *row)
{
	double value = column ? column_value(column, row) : 0;

	return isnan(value) ? -1 : value;
}

static int by_key(const void *a, const void *b)
{
	const struct process_row *x = a, *y = b;
	double more = y->key - x->key;

	if (more > 0)
		return 1;
	if (more < 0)
		return -1;
	return x->process->pid < y->process->pid ? -1 : x->process->pid > y->process->pid;
}

void process_view__sort(const struct process_view *view, struct process_row *rows, size_t count)
{
	const struct column *column = sort_column(view);

	for (size_t i = 0; i < count; i++)
		rows[i].key = sort_key(column, &rows[i]);
	qsort(rows, count, sizeof(*rows), by_key);
}

/* Live, those that are there. */
static bool is_listed(const struct process_view *view, const struct process *process)
{
	return !view->live || (!process->ended && !process->left);
}

int process_view__rows(const struct process_view *view, struct process_row **rows)
{
	const struct tasks *tasks = view->report->tasks;
	struct process *process;
	size_t count = 0;

	for (process = tasks__first(tasks); process; process = process->next)
		count += is_listed(view, process);
	*rows = calloc(count + 1, sizeof(**rows));
	if (!*rows)
		return -ENOMEM;
	count = 0;
	for (process = tasks__first(tasks); process; process = process->next)
		if (is_listed(view, process))
			(*rows)[count++] = (struct process_row){ .process = process };
	return count;
}

static bool is_used(const struct column *column, const struct process_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (column_value(column, &rows[i]) > 0)
			return true;
	return false;
}

static bool is_shown(const struct process_view *view, const struct column *column,
		     const struct process_row *rows, size_t count)
{
	const struct metric *metric = metric_of(METRIC_PROCESS, column->needs);

	if (!(column->flags & (view->live ? IN_LIVE : AT_END)))
		return false;
	if (column->flags & FOR_TARGETS && !view->report->split_known)
		return false;
	if (metric_why_null(view->report, metric))
		return false;
	return column == sort_column(view) || !(column->flags & WHEN_USED) ||
	       is_used(column, rows, count);
}

/* Leaves the least important columns out until the rest fits beside a name. */
static int choose(const struct process_view *view, int width, const struct process_row *rows,
		  size_t count, bool *shown)
{
	const struct column *sorted = sort_column(view);
	int name_min = width / 5, taken = PID_WIDTH + name_min;

	for (size_t i = 0; i < COLUMNS; i++) {
		shown[i] = is_shown(view, &columns[i], rows, count);
		taken += shown[i] ? columns[i].width : 0;
	}
	while (taken > width) {
		size_t least = COLUMNS;

		for (size_t i = 0; i < COLUMNS; i++)
			if (shown[i] && &columns[i] != sorted &&
			    (least == COLUMNS || columns[i].keep < columns[least].keep))
				least = i;
		if (least == COLUMNS)
			break;
		shown[least] = false;
		taken -= columns[least].width;
	}
	taken -= name_min;
	return width - taken < name_min ? name_min :
	       width - taken > NAME_MAX ? NAME_MAX : width - taken;
}

void process_text(struct buf *out, const struct process *process)
{
	const char *command = process->command;
	size_t length, begin = 0;

	if (!command || !*command) {
		length = strnlen(process->comm, sizeof(process->comm));
		buf__puts(out, process->kthread ? "[" : "");
		buf__append(out, process->comm, length);
		buf__puts(out, process->kthread ? "]" : "");
		return;
	}
	length = strcspn(command, " ");
	for (size_t i = 0; i + 1 < length; i++)
		if (command[i] == '/')
			begin = i + 1;
	buf__puts(out, command + begin);
}

static void print_heading(const struct process_view *view, struct page *page, const bool *shown,
			  int name_width)
{
	page__style(page, PAGE_BOLD);
	page__column(page, view->title, -(PID_WIDTH + name_width));
	for (size_t i = 0; i < COLUMNS; i++)
		if (shown[i])
			page__column(page, columns[i].title, columns[i].width);
	page__end_line(page);
}

static void print_row(struct page *page, const struct process_row *row, const bool *shown,
		      int name_width)
{
	struct buf name = BUF_INIT;
	char text[UNITS_TEXT];

	snprintf(text, sizeof(text), "%u ", row->process->pid);
	page__column(page, text, PID_WIDTH);
	process_text(&name, row->process);
	page__column(page, buf__str(&name), -name_width);
	for (size_t i = 0; i < COLUMNS; i++)
		if (shown[i])
			page__column(page, columns[i].format(text, column_value(&columns[i], row)),
				     columns[i].width);
	page__end_line(page);
	buf__free(&name);
}

void process_view__print(const struct process_view *view, struct page *page,
			 const struct process_row *rows, size_t count, size_t shown)
{
	bool columns_shown[COLUMNS];
	int name_width = choose(view, page->term->width, rows, count, columns_shown);

	print_heading(view, page, columns_shown, name_width);
	for (size_t i = 0; i < count && i < shown; i++)
		print_row(page, &rows[i], columns_shown, name_width);
}
