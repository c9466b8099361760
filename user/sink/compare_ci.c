// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* What continuous integration reads: annotations of a workflow, and JUnit's XML. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "sink/compare_table.h"
#include "sink/markup.h"

/* GitHub shows ten of each kind; the job summary has them all. */
#define ANNOTATIONS_MAX 10

/* Of a workflow command: what would end it, or begin another one; and no control characters. */
static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++)
		if (*text == '%')
			fputs("%25", out);
		else
			putc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, out);
}

static void put_annotation(FILE *out, const char *level, const char *title,
			   const struct comparison *c)
{
	struct buf line = BUF_INIT;

	compare_line(&line, c);
	fprintf(out, "::%s title=%s::", level, title);
	put_escaped(out, buf__str(&line));
	putc('\n', out);
	buf__free(&line);
}

int compare_annotations__write(FILE *out, const struct compare_report *report)
{
	const struct comparison **sorted = compare_sorted(report);
	int errors = 0, warnings = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < report->count; i++) {
		if (sorted[i]->verdict == VERDICT_REGRESSION && errors++ < ANNOTATIONS_MAX)
			put_annotation(out, "error", "Performance regression", sorted[i]);
		if (sorted[i]->verdict == VERDICT_INCONCLUSIVE && warnings++ < ANNOTATIONS_MAX)
			put_annotation(out, "warning", "Benchmark inconclusive", sorted[i]);
	}
	free(sorted);
	return fflush(out) ? -errno : 0;
}

static void put_attribute(FILE *out, const char *name, const char *text)
{
	fprintf(out, " %s=\"", name);
	markup_text(out, text);
	putc('"', out);
}

static void put_test(FILE *out, const struct comparison *c)
{
	bool regression = c->verdict == VERDICT_REGRESSION;
	struct buf line = BUF_INIT;

	compare_line(&line, c);
	fputs("    <testcase", out);
	put_attribute(out, "name", c->title);
	put_attribute(out, "classname", "ppbpf");
	if (!isnan(c->current->duration_ms))
		fprintf(out, " time=\"%.6f\"", c->current->duration_ms / 1000);
	if (regression || c->verdict == VERDICT_INCONCLUSIVE) {
		fprintf(out, ">\n      <%s", regression ? "failure" : "skipped");
		put_attribute(out, "message", buf__str(&line));
		if (regression)
			put_attribute(out, "type", "regression");
		fputs("/>\n    </testcase>\n", out);
	} else {
		fputs(">\n      <system-out>", out);
		markup_text(out, buf__str(&line));
		fputs("</system-out>\n    </testcase>\n", out);
	}
	buf__free(&line);
}

static void put_alone(FILE *out, const struct bench_result *result, const char *why)
{
	char *title = bench_result__title(result);

	fputs("    <testcase", out);
	put_attribute(out, "name", title ? title : result->name);
	put_attribute(out, "classname", "ppbpf");
	fputs(">\n      <skipped", out);
	put_attribute(out, "message", why);
	fputs("/>\n    </testcase>\n", out);
	free(title);
}

int compare_junit__write(FILE *out, const struct compare_report *report)
{
	size_t tests = report->count + report->added_count + report->missing_count;
	size_t failures = report->by_verdict[VERDICT_REGRESSION];
	size_t skipped = report->by_verdict[VERDICT_INCONCLUSIVE] + report->added_count +
			 report->missing_count;

	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\" errors=\"0\">\n"
		"  <testsuite", tests, failures, skipped);
	put_attribute(out, "name", "ppbpf compare");
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\" errors=\"0\">\n", tests,
		failures, skipped);
	fputs("    <properties>\n      <property name=\"current\"", out);
	put_attribute(out, "value", report->current->release);
	fputs("/>\n      <property name=\"baseline\"", out);
	put_attribute(out, "value", report->baseline->release);
	fputs("/>\n    </properties>\n", out);
	for (size_t i = 0; i < report->count; i++)
		put_test(out, &report->comparisons[i]);
	for (size_t i = 0; i < report->added_count; i++)
		put_alone(out, report->added[i], "new: there is no baseline");
	for (size_t i = 0; i < report->missing_count; i++)
		put_alone(out, report->missing[i], "missing: it is in the baseline alone");
	fputs("  </testsuite>\n</testsuites>\n", out);
	return ferror(out) ? -EIO : 0;
}
