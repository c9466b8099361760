// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/metrics_doc.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/term.h"
#include "model/metric.h"
#include "model/reason.h"
#include "sink/page.h"

#define REMARK 6	/* columns before a metric's second line */
#define REASON 14	/* before what a reason means */

static const char *const scope_titles[METRIC_SCOPE_NR] = {
	[METRIC_PROCESS] = "A process",
	[METRIC_SPLIT] = "Where a target's time went",
	[METRIC_DEVICE] = "A block device, by read, write, discard and flush",
	[METRIC_INTERFACE] = "A network interface",
	[METRIC_PERF] = "The target's hardware counters",
	[METRIC_CGROUP] = "The target's cgroup",
	[METRIC_NAMED] = "Processes named with --pid",
	[METRIC_MACHINE] = "The machine",
};

static const char *const scope_names[METRIC_SCOPE_NR] = {
	[METRIC_PROCESS] = "process", [METRIC_SPLIT] = "split", [METRIC_DEVICE] = "device",
	[METRIC_INTERFACE] = "interface", [METRIC_PERF] = "perf", [METRIC_CGROUP] = "cgroup",
	[METRIC_NAMED] = "named", [METRIC_MACHINE] = "machine",
};

/* From a target's processes to the machine around them. */
static const enum metric_scope scope_order[METRIC_SCOPE_NR] = {
	METRIC_PROCESS, METRIC_SPLIT, METRIC_NAMED, METRIC_CGROUP, METRIC_PERF, METRIC_DEVICE,
	METRIC_INTERFACE, METRIC_MACHINE,
};

static const char reasons_intro[] =
	"Blocked time has a reason. The tests with the lowest number come first; what has the same "
	"number is told apart by the system call and by the file that it waits for.";

static int stream_error(FILE *out)
{
	if (fflush(out) || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}

/* --- Markdown ----------------------------------------------------------------- */

/* A cell ends at a bar, whatever it is in. */
static void put_cell(FILE *out, const char *text)
{
	fputs(" ", out);
	for (; *text; text++)
		fprintf(out, *text == '|' ? "\\%c" : "%c", *text);
	fputs(" |", out);
}

static void put_code(FILE *out, const char *text)
{
	fprintf(out, " `%s` |", text);
}

static void markdown_row(FILE *out, const struct metric *metric)
{
	fputs("|", out);
	put_code(out, metric->name);
	put_code(out, metric->json);
	put_code(out, metric->otel);
	put_cell(out, metric_unit_name(metric->unit));
	put_cell(out, metric_kind_name(metric->kind));
	fputs(" ", out);
	fputs(metric->help, out);
	fputs(metric->on_request ? " (on request) |" : " |", out);
	put_cell(out, metric->source);
	put_cell(out, metric->otherwise ? metric->otherwise : "");
	fputs("\n", out);
}

static void markdown_scope(FILE *out, enum metric_scope scope)
{
	fprintf(out, "\n## %s\n\n", scope_titles[scope]);
	fputs("| metric | JSON | OpenTelemetry | unit | kind | meaning | source | otherwise |\n", out);
	fputs("|---|---|---|---|---|---|---|---|\n", out);
	for (size_t i = 0; i < metrics_count; i++)
		if (metrics[i].scope == scope)
			markdown_row(out, &metrics[i]);
}

static void markdown_reasons(FILE *out)
{
	fprintf(out, "\n## Why a task is blocked\n\n%s\n\n", reasons_intro);
	fputs("| order | reason | JSON | waits for |\n|---|---|---|---|\n", out);
	for (int order = 1; order <= reasons[PPBPF_REASON_OTHER].precedence; order++) {
		for (size_t i = 0; i < PPBPF_REASON_NR; i++) {
			if (reasons[i].precedence != order)
				continue;
			fprintf(out, "| %d |", order);
			put_cell(out, reasons[i].name);
			put_code(out, reasons[i].json);
			put_cell(out, reasons[i].help);
			fputs("\n", out);
		}
	}
}

int metrics_doc__markdown(FILE *out)
{
	fputs("# Metrics\n\n"
	      "Made from the tables in user/model/metric.c and user/model/reason.c: change those.\n"
	      "`ppbpf metrics` shows the same, and whether this machine can give each one. Units\n"
	      "are UCUM's: `ns`, `By` (bytes), `1` (a count). A counter is shown as what it grew by\n"
	      "during the measurement. Where the source is not to be had, for want of privilege or of\n"
	      "something in the kernel, a metric comes from what stands under *otherwise*.\n", out);
	for (size_t i = 0; i < METRIC_SCOPE_NR; i++)
		markdown_scope(out, scope_order[i]);
	markdown_reasons(out);
	return stream_error(out);
}

/* --- for a terminal ----------------------------------------------------------- */

static int longest_name(void)
{
	size_t longest = 0;

	for (size_t i = 0; i < metrics_count; i++)
		if (strlen(metrics[i].name) > longest)
			longest = strlen(metrics[i].name);
	return (int)longest;
}

static void table_row(struct page *page, const struct metric *metric,
		      const struct metric_here *here)
{
	const char *why_not = here->why_not;
	int indent = 4 + longest_name() + 5;

	page__text(page, "  ");
	page__style(page, why_not ? PAGE_RED : PAGE_GREEN);
	page__glyphs(page, why_not ? "-" : page->term->utf8 ? "✓" : "+");
	page__style(page, PAGE_PLAIN);
	page__text(page, " %s", metric->name);
	page__to(page, indent - 4);
	page__column(page, metric_unit_name(metric->unit), -4);
	page__words(page, indent, metric->help);
	if (metric->on_request)
		page__words(page, indent, " (on request)");
	page__end_line(page);
	if (why_not) {
		page__to(page, indent);
		page__style(page, PAGE_RED);
		page__text(page, "not here: ");
		page__words(page, indent, why_not);
		page__end_line(page);
	}
	page__to(page, REMARK);
	page__style(page, PAGE_DIM);
	page__text(page, "%s", metric->otel);
	page__note(page, REMARK, here->otherwise ? metric->otherwise : metric->source);
	page__end_line(page);
}

static void table_reasons(struct page *page)
{
	page__style(page, PAGE_BOLD);
	page__text(page, "Why a task is blocked");
	page__end_line(page);
	page__to(page, 2);
	page__words(page, 2, reasons_intro);
	page__end_line(page);
	for (int order = 1; order <= reasons[PPBPF_REASON_OTHER].precedence; order++) {
		for (size_t i = 0; i < PPBPF_REASON_NR; i++) {
			if (reasons[i].precedence != order)
				continue;
			page__text(page, "  %d %s", order, reasons[i].name);
			page__to(page, REASON);
			page__words(page, REASON, reasons[i].help);
			page__end_line(page);
		}
	}
}

int metrics_doc__table(FILE *out, const struct term *term, const struct metric_here *here)
{
	struct page page;
	int err;

	page__init(&page, term);
	for (size_t s = 0; s < METRIC_SCOPE_NR; s++) {
		page__style(&page, PAGE_BOLD);
		page__text(&page, "%s", scope_titles[scope_order[s]]);
		page__end_line(&page);
		for (size_t i = 0; i < metrics_count; i++)
			if (metrics[i].scope == scope_order[s])
				table_row(&page, &metrics[i], &here[i]);
		page__end_line(&page);
	}
	table_reasons(&page);
	err = page__error(&page);
	if (!err) {
		fwrite(buf__str(&page.out), 1, page.out.length, out);
		err = stream_error(out);
	}
	page__free(&page);
	return err;
}

/* --- JSON --------------------------------------------------------------------- */

static void json_text(struct json *json, const char *key, const char *text)
{
	json__key(json, key);
	json__string(json, text);
}

static void json_metric(struct json *json, const struct metric *metric,
			const struct metric_here *here)
{
	const char *why_not = here->why_not;

	json__object_begin(json);
	json_text(json, "name", metric->name);
	json_text(json, "key", metric->json);
	json_text(json, "opentelemetry", metric->otel);
	json_text(json, "scope", scope_names[metric->scope]);
	json_text(json, "subject", metric_subject_name(metric->subject));
	json_text(json, "kind", metric_kind_name(metric->kind));
	json_text(json, "unit", metric_unit_name(metric->unit));
	json_text(json, "help", metric->help);
	json_text(json, "source", metric->source);
	json_text(json, "otherwise", metric->otherwise);
	json_text(json, "source_here", why_not ? NULL : here->otherwise ? metric->otherwise :
									   metric->source);
	json__key(json, "on_request");
	json__bool(json, metric->on_request);
	json__key(json, "available");
	json__bool(json, !why_not);
	json_text(json, "why_not", why_not);
	json__object_end(json);
}

static void json_reason(struct json *json, const struct reason *reason)
{
	json__object_begin(json);
	json_text(json, "name", reason->name);
	json_text(json, "key", reason->json);
	json_text(json, "help", reason->help);
	json__key(json, "precedence");
	json__u64(json, reason->precedence);
	json__object_end(json);
}

int metrics_doc__json(FILE *out, const struct metric_here *here)
{
	struct json *json = json__new(out, JSON_PRETTY);
	int err;

	if (!json)
		return -ENOMEM;
	json__object_begin(json);
	json_text(json, "schema", "ppbpf/1");
	json__key(json, "data");
	json__object_begin(json);
	json__key(json, "metrics");
	json__array_begin(json);
	for (size_t i = 0; i < metrics_count; i++)
		json_metric(json, &metrics[i], &here[i]);
	json__array_end(json);
	json__key(json, "reasons");
	json__array_begin(json);
	for (size_t i = 0; i < PPBPF_REASON_NR; i++)
		json_reason(json, &reasons[i]);
	json__array_end(json);
	json__object_end(json);
	json__object_end(json);
	err = json__finish(json);
	json__free(json);
	return err;
}
