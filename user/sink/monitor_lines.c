// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/monitor_lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "base/text.h"
#include "base/units.h"
#include "model/reason.h"
#include "sink/fields.h"
#include "sink/page.h"
#include "sink/split_bar.h"

#define LABEL 10	/* columns of "network   " */
#define BAR_MAX 40
#define SPARKLINE 12
#define SHOWN_NS (5 * NSEC_PER_MSEC)	/* less is 0.00 s */

static void label(struct page *page, const char *text)
{
	page__style(page, PAGE_BOLD);
	page__column(page, text, -LABEL);
	page__style(page, PAGE_PLAIN);
}

static void count_processes(struct page *page, const struct report *report)
{
	const struct tasks_totals *totals = tasks__totals(report->tasks);
	uint64_t processes = totals->processes + totals->processes_folded;
	char text[UNITS_TEXT];

	if (report->has_command && processes > 1) {
		page__text(page, " and %s more process%s", format_count(text, processes - 1),
			   processes == 2 ? "" : "es");
	} else if (!report->has_command) {
		page__dot(page);
		page__text(page, "%s process%s", format_count(text, processes),
			   processes == 1 ? "" : "es");
	}
}

static void count_cpus(struct page *page, const struct report *report)
{
	const struct value *cpus = &report->machine[MACHINE_CPUS];
	char text[UNITS_TEXT];

	if (!cpus->known)
		return;
	page__dot(page);
	page__text(page, "%s CPU%s", format_count(text, cpus->n), cpus->n == 1 ? "" : "s");
}

/* "pid 4242" says little: what runs there says more. */
static void name_of_target(struct page *page, const struct report *report)
{
	const struct process *first = tasks__first(report->tasks);
	char comm[PPBPF_COMM_LEN + 1] = "";
	unsigned int pid;
	int end = 0;

	if (sscanf(report->target, "pid %u%n", &pid, &end) != 1 || report->target[end])
		return;
	while (first && first->pid != pid)
		first = first->next;
	if (first) {
		memcpy(comm, first->comm, PPBPF_COMM_LEN);
		page__text(page, " (%s)", comm);
	}
}

void lines_header(struct page *page, const struct monitor_lines *lines)
{
	const struct report *report = lines->report;
	int room = page->term->width > 2 * BAR_MAX ? page->term->width / 2 : BAR_MAX;
	int width = text_width(report->target, page->term->utf8);
	char text[UNITS_TEXT];

	page__style(page, PAGE_BOLD);
	if (report->machine_wide)
		page__text(page, "the whole machine (%s)", report->host);
	else
		page__column(page, report->target, -(width < room ? width : room));
	page__style(page, PAGE_PLAIN);
	if (!report->machine_wide)
		name_of_target(page, report);
	else
		count_cpus(page, report);
	count_processes(page, report);
	page__dot(page);
	page__text(page, "%s", format_duration(text, lines->seconds * 1e9));
	page__dot(page);
	page__text(page, "every %s", format_duration(text, report->interval_ns));
	if (report->interrupted) {
		page__dot(page);
		page__text(page, "interrupted");
	}
	page__end_line(page);
}

/* "  ▓ waiting for CPU   0.62 s    9.0 %   " */
static void print_part(struct page *page, int part, const char *name, double ns, double total)
{
	char text[UNITS_TEXT];

	page__text(page, "  ");
	page__style(page, split_bar_styles[part]);
	page__glyphs(page, term_shade(part, page->term->utf8));
	page__style(page, PAGE_PLAIN);
	page__text(page, " ");
	page__column(page, name, -15);
	page__column(page, format_seconds(text, ns), 9);
	page__column(page, total > 0 ? format_percent(text, 100 * ns / total) : "-", 9);
	page__text(page, "   ");
}

static void print_on_cpu(struct page *page, const struct report *report, double total)
{
	const struct tasks_totals *totals = tasks__totals(report->tasks);
	uint64_t on_cpu = totals->split.on_cpu, user, kernel;
	char a[UNITS_TEXT], b[UNITS_TEXT];

	print_part(page, 0, "on CPU", on_cpu, total);
	cpu_scale(on_cpu, totals->values[PPBPF_UTIME_NS], totals->values[PPBPF_STIME_NS], &user,
		  &kernel);
	if (on_cpu)
		page__text(page, "user %s, kernel %s (estimates)", format_seconds(a, user),
			   format_seconds(b, kernel));
	page__end_line(page);
}

/* As many as fit, and how many more there were. */
static void print_blames(struct page *page, const struct report *report)
{
	size_t count = report->blame_count, shown;
	char item[96], pid[16], seconds[UNITS_TEXT];

	for (shown = 0; shown < count; shown++) {
		const struct report_blame *blame = &report->blames[shown];
		int room = page__room(page) - (shown + 1 < count ? 15 : 4);

		if (blame->ns < SHOWN_NS)
			break;
		pid[0] = '\0';
		if (blame->pid)
			snprintf(pid, sizeof(pid), " [%u]", blame->pid);
		snprintf(item, sizeof(item), "%s%.*s%s %s", shown ? ", " : "while ",
			 (int)sizeof(blame->comm), blame->comm, pid,
			 format_seconds(seconds, blame->ns));
		if (text_width(item, page->term->utf8) > room)
			break;
		page__text(page, "%s", item);
	}
	if (shown && shown == count)
		page__text(page, " ran");
	else if (shown)
		page__text(page, ", %zu other%s ran", count - shown, count - shown == 1 ? "" : "s");
	page__end_line(page);
}

struct blocked {
	const char *name;
	uint64_t ns;
};

static int by_time(const void *a, const void *b)
{
	const struct blocked *x = a, *y = b;

	return x->ns < y->ns ? 1 : x->ns > y->ns ? -1 : 0;
}

static void print_blocked(struct page *page, const struct ppbpf_split *split, double total)
{
	struct blocked blocked[PPBPF_REASON_NR];
	char item[64], seconds[UNITS_TEXT];
	double sum = 0;

	for (int i = 0; i < PPBPF_REASON_NR; i++) {
		blocked[i] = (struct blocked){ reasons[i].name, split->blocked[i] };
		sum += split->blocked[i];
	}
	qsort(blocked, PPBPF_REASON_NR, sizeof(blocked[0]), by_time);
	print_part(page, 3, "blocked", sum, total);
	for (int i = 0; i < PPBPF_REASON_NR && blocked[i].ns >= (i ? SHOWN_NS : 1); i++) {
		snprintf(item, sizeof(item), "%s %s", blocked[i].name,
			 format_seconds(seconds, blocked[i].ns));
		if ((int)strlen(item) + 3 > page__room(page))
			break;
		if (i)
			page__dot(page);
		page__text(page, "%s", item);
	}
	page__end_line(page);
}

static void print_held_back(struct page *page, const struct report *report, double total)
{
	const struct metric *throttled = metric_of(METRIC_SPLIT, SPLIT_THROTTLED);
	const struct ppbpf_split *split = &tasks__totals(report->tasks)->split;

	if (!metric_why_null(report, throttled)) {
		print_part(page, 2, "throttled", split->throttled, total);
		if (split->throttled)
			page__text(page, "by its cgroup's CPU quota");
		page__end_line(page);
	}
	if (split->stolen >= SHOWN_NS) {
		print_part(page, 2, "stolen", split->stolen, total);
		page__text(page, "the CPU ran no task: hypervisor, interrupts");
		page__end_line(page);
	}
}

void lines_time(struct page *page, const struct monitor_lines *lines)
{
	const struct report *report = lines->report;
	const struct ppbpf_split *split = &tasks__totals(report->tasks)->split;
	double parts[SPLIT_BAR_PARTS] = { split->on_cpu, split->run_queue,
					  split->throttled + split->stolen };
	int width = page->term->width - LABEL - 31;
	char lives[UNITS_TEXT], wall[UNITS_TEXT];

	if (!report->split_known)
		return;
	for (int i = 0; i < PPBPF_REASON_NR; i++)
		parts[3] += split->blocked[i];
	width = width < 0 ? 0 : width > BAR_MAX ? BAR_MAX : width;
	label(page, "time");
	split_bar__print(page, parts, split->life, width);
	page__text(page, "   %s of tasks in %s", format_seconds(lives, split->life),
		   format_seconds(wall, lines->seconds * 1e9));
	page__end_line(page);
	print_on_cpu(page, report, split->life);
	print_part(page, 1, "waiting for CPU", split->run_queue, split->life);
	print_blames(page, report);
	print_held_back(page, report, split->life);
	print_blocked(page, split, split->life);
}

static void print_series(struct page *page, const char *name, const struct series *series,
			 double peak, char *(*format)(char *, double))
{
	const struct {
		const char *name;
		int width;
		double value;
	} figures[] = {
		{ "avg ", 8, series__average(series) },
		{ "   peak ", 8, series->count || peak > 0 ? peak : NAN },
		{ "   min ", 8, series->count ? series->low : NAN },
	};
	struct buf sparkline = BUF_INIT;
	char text[UNITS_TEXT];

	label(page, name);
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		page__text(page, "%s", figures[i].name);
		page__column(page, format(text, figures[i].value), figures[i].width);
	}
	page__text(page, "   ");
	term_sparkline(&sparkline, series->values, series->count, SPARKLINE, page->term->utf8);
	page__glyphs(page, buf__str(&sparkline));
	page__to(page, LABEL + 43 + 3 + SPARKLINE);
	buf__free(&sparkline);
}

static void print_memory_note(struct page *page, const struct report *report)
{
	const struct value *total = &report->machine[MACHINE_MEMORY_TOTAL_BYTES];
	const struct value *available = &report->machine[MACHINE_MEMORY_AVAILABLE_BYTES];
	const struct value *used = &report->cgroup[CGROUP_MEMORY_BYTES];
	const struct value *limit = &report->cgroup[CGROUP_MEMORY_LIMIT_BYTES];
	const uint64_t *values = tasks__totals(report->tasks)->values;
	char a[UNITS_TEXT], b[UNITS_TEXT], note[128];

	if (report->machine_wide) {
		if (!total->known || !available->known)
			return;
		snprintf(note, sizeof(note), "of %s, %s available", format_bytes(a, total->n),
			 format_bytes(b, available->n));
		page__note(page, LABEL, note);
		return;
	}
	snprintf(note, sizeof(note), "%s minor, %s major faults",
		 format_count(a, values[PPBPF_MINOR_FAULTS]),
		 format_count(b, values[PPBPF_MAJOR_FAULTS]));
	page__note(page, LABEL, note);
	if (used->known && limit->known && limit->n) {
		snprintf(note, sizeof(note), "its cgroup: %s of %s", format_bytes(a, used->n),
			 format_bytes(b, limit->n));
		page__note(page, LABEL, note);
	}
}

static void print_cpu_and_memory(struct page *page, const struct report *report)
{
	if (report->tracked[0]) {
		print_series(page, "cpu", &report->cpu, report->cpu.peak, format_percent);
		page__end_line(page);
	}
	if (report->tracked[1]) {
		print_series(page, "memory", &report->memory, report__memory_peak(report),
			     format_bytes);
		print_memory_note(page, report);
		page__end_line(page);
	}
}

static void print_traffic(struct page *page, const char *name, const char *const words[2],
			  const double bytes[2])
{
	char text[UNITS_TEXT];

	label(page, name);
	for (int i = 0; i < 2; i++) {
		page__text(page, "%s%s", i ? "   " : "", words[i]);
		page__column(page, format_bytes(text, bytes[i]), 9);
	}
}

static void print_device(struct page *page, const struct report_disk *disk)
{
	uint64_t slots[PPBPF_IO_SLOTS] = { 0 }, operations = 0;
	char count[UNITS_TEXT], p50[UNITS_TEXT], p99[UNITS_TEXT], note[160];

	for (int op = 0; op < PPBPF_IO_NR; op++) {
		operations += disk->by_op[op].operations;
		for (int i = 0; i < PPBPF_IO_SLOTS; i++)
			slots[i] += disk->by_op[op].service_hist[i];
	}
	if (!operations)
		return;
	if (isnan(hist_quantile(slots, PPBPF_IO_SLOTS, 0.5)))
		snprintf(note, sizeof(note), "%s %s ops", disk->name,
			 format_count(count, operations));
	else
		snprintf(note, sizeof(note), "%s %s ops, p50 %s, p99 %s", disk->name,
			 format_count(count, operations),
			 format_duration(p50, hist_quantile(slots, PPBPF_IO_SLOTS, 0.5)),
			 format_duration(p99, hist_quantile(slots, PPBPF_IO_SLOTS, 0.99)));
	page__note(page, LABEL, note);
}

static void print_disk(struct page *page, const struct monitor_lines *lines)
{
	static const char *const words[] = { "read", "written" };
	const struct report *report = lines->report;
	const uint64_t *values = tasks__totals(report->tasks)->values;
	const struct metric *metric = metric_of(METRIC_PROCESS, PPBPF_READ_BYTES);
	double now[] = { values[PPBPF_READ_BYTES], values[PPBPF_WRITE_BYTES] };
	double end[] = { report->disk_read_bytes, report->disk_written_bytes };
	double none[] = { NAN, NAN };
	bool known = lines->live ? !metric_why_null(report, metric) : report->disk_known;

	print_traffic(page, "disk", words, !known ? none : lines->live ? now : end);
	for (size_t i = 0; i < report->disk_count; i++)
		print_device(page, &report->disks[i]);
	page__end_line(page);
}

static void print_interfaces(struct page *page, const struct report *report)
{
	const struct value *retransmits = &report->machine[MACHINE_TCP_RETRANSMITS];
	const struct tasks_totals *totals = tasks__totals(report->tasks);
	char a[UNITS_TEXT], b[UNITS_TEXT], note[160];

	for (size_t i = 0; report->machine_wide && i < report->interface_count; i++) {
		const struct report_interface *interface = &report->interfaces[i];
		uint64_t sent = interface->values[INTERFACE_SENT_BYTES];
		uint64_t received = interface->values[INTERFACE_RECEIVED_BYTES];

		if (!sent && !received)
			continue;
		snprintf(note, sizeof(note), "%.*s out %s, in %s", (int)sizeof(interface->name),
			 interface->name, format_bytes(a, sent), format_bytes(b, received));
		page__note(page, LABEL, note);
	}
	if (retransmits->known && retransmits->n) {
		const struct metric *metric = metric_of(METRIC_PROCESS, PPBPF_TCP_RETRANSMITS);
		bool own = !report->machine_wide && !metric_why_null(report, metric);

		snprintf(note, sizeof(note), "%s%s%s TCP retransmits%s",
			 own ? format_count(b, totals->values[PPBPF_TCP_RETRANSMITS]) : "",
			 own ? " of " : "", format_count(a, retransmits->n),
			 report->machine_wide ? "" : " on this machine");
		page__note(page, LABEL, note);
	}
}

static void print_network(struct page *page, const struct monitor_lines *lines)
{
	static const char *const words[] = { "sent", "received" };
	const struct report *report = lines->report;
	const uint64_t *v = tasks__totals(report->tasks)->values;
	const struct metric *metric = metric_of(METRIC_PROCESS, PPBPF_TCP_SENT_BYTES);
	double now[] = { v[PPBPF_TCP_SENT_BYTES] + v[PPBPF_UDP_SENT_BYTES],
			 v[PPBPF_TCP_RECEIVED_BYTES] + v[PPBPF_UDP_RECEIVED_BYTES] };
	double end[] = { report->net_sent_bytes, report->net_received_bytes };
	double none[] = { NAN, NAN };
	bool known = lines->live ? !metric_why_null(report, metric) : report->network_known;

	print_traffic(page, "network", words, !known ? none : lines->live ? now : end);
	print_interfaces(page, report);
	page__end_line(page);
}

static void print_run_queue(struct page *page, const struct report *report)
{
	const uint64_t *slots = tasks__totals(report->tasks)->run_queue_hist;
	double shares[] = { 0.5, 0.99, 1 };
	const char *names[] = { "p50 ", "   p99 ", "   longest below " };
	char text[UNITS_TEXT];

	if (isnan(hist_quantile(slots, PPBPF_RQ_SLOTS, 0.5)))
		return;
	label(page, "run queue");
	for (int i = 0; i < 3; i++) {
		page__text(page, "%s", names[i]);
		page__text(page, "%s", format_duration(text, hist_quantile(slots, PPBPF_RQ_SLOTS,
									   shares[i])));
	}
	page__end_line(page);
}

static void print_pressure(struct page *page, const struct monitor_lines *lines)
{
	static const struct {
		const char *name;
		enum machine_value value;
	} rows[] = {
		{ "cpu", MACHINE_PSI_CPU_SOME_US },
		{ "memory", MACHINE_PSI_MEMORY_SOME_US },
		{ "io", MACHINE_PSI_IO_SOME_US },
	};
	const struct report *report = lines->report;
	const char *why = metric_why_null(report, metric_of(METRIC_MACHINE, rows[0].value));
	char text[UNITS_TEXT];

	label(page, "pressure");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct value *value = &report->machine[rows[i].value];

		if (value->known && lines->seconds > 0)
			page__text(page, "%s%s %s", i ? "   " : "", rows[i].name,
				   format_percent(text, value->n / lines->seconds / 1e4));
	}
	if (!report->machine[rows[0].value].known)
		page__text(page, "not known: %s", why ? why : "/proc/pressure could not be read");
	page__end_line(page);
}

void lines_resources(struct page *page, const struct monitor_lines *lines)
{
	const struct report *report = lines->report;

	print_cpu_and_memory(page, report);
	if (report->tracked[2])
		print_disk(page, lines);
	if (report->tracked[3])
		print_network(page, lines);
	if (report->machine_wide && !lines->live) {
		print_run_queue(page, report);
		print_pressure(page, lines);
	}
}
