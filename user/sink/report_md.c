// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/report_md.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/units.h"
#include "sink/compare_table.h"
#include "sink/compare_text.h"
#include "sink/markup.h"

/* More unchanged ones are folded away. */
#define UNCHANGED_OPEN 10

static const char *const signs[VERDICT_NR] = {
	[VERDICT_UNCHANGED] = "✅", [VERDICT_REGRESSION] = "❌",
	[VERDICT_IMPROVEMENT] = "🟢", [VERDICT_INCONCLUSIVE] = "❔",
};

static void put_row(FILE *out, const struct comparison *c)
{
	char text[4 * UNITS_TEXT];

	fprintf(out, "| %s | ", signs[c->verdict]);
	markdown_text(out, c->title);
	fprintf(out, " | %s | %s | ", verdict_name(c->verdict), compare_percent(text, c));
	fprintf(out, "%s | ", compare_interval(text, sizeof(text), c));
	markdown_text(out, compare_from_to(text, sizeof(text), c));
	fputs(" | ", out);
	markdown_text(out, c->reason);
	fputs(" |\n", out);
}

static void put_rows(FILE *out, const struct comparison *const *rows, size_t count)
{
	fputs("| | benchmark | verdict | change | interval | average | why |\n"
	      "|---|---|---|---:|---|---:|---|\n", out);
	for (size_t i = 0; i < count; i++)
		put_row(out, rows[i]);
	putc('\n', out);
}

static void put_alone(FILE *out, const char *what, const struct bench_result *const *results,
		      size_t count)
{
	char *title;

	if (!count)
		return;
	fprintf(out, "%s: ", what);
	for (size_t i = 0; i < count; i++) {
		title = bench_result__title(results[i]);
		fputs(i ? ", " : "", out);
		markdown_text(out, title ? title : results[i]->name);
		free(title);
	}
	fputs("\n\n", out);
}

static void put_notes(FILE *out, const struct compare_report *report)
{
	put_alone(out, "Missing, in the baseline alone", report->missing, report->missing_count);
	put_alone(out, "New, without a baseline", report->added, report->added_count);
	for (size_t i = 0; i < report->warning_count; i++) {
		fputs("- ⚠️ ", out);
		markdown_text(out, report->warnings[i]);
		putc('\n', out);
	}
	if (report->warning_count)
		putc('\n', out);
}

static int put_comparison(FILE *out, const struct compare_report *report)
{
	const struct comparison **sorted = compare_sorted(report);
	size_t unchanged = report->by_verdict[VERDICT_UNCHANGED];
	size_t open = report->count - (unchanged > UNCHANGED_OPEN ? unchanged : 0);
	struct buf headline = BUF_INIT;
	char how[120];

	if (!sorted)
		return -ENOMEM;
	fputs("## ", out);
	markdown_text(out, report->current->release);
	fputs(" against ", out);
	markdown_text(out, report->baseline->release);
	fprintf(out, "\n\n%s **", report->by_verdict[VERDICT_REGRESSION] ?
		signs[VERDICT_REGRESSION] : signs[VERDICT_UNCHANGED]);
	compare_headline(&headline, report);
	markdown_text(out, buf__str(&headline));
	compare_how(how, sizeof(how), report);
	fprintf(out, "**\n\n%s\n\n", how);
	if (open)
		put_rows(out, sorted, open);
	if (open < report->count) {
		fprintf(out, "<details><summary>%zu unchanged</summary>\n\n", unchanged);
		put_rows(out, sorted + open, report->count - open);
		fputs("</details>\n\n", out);
	}
	put_notes(out, report);
	buf__free(&headline);
	free(sorted);
	return 0;
}

static void put_ms(FILE *out, double ms)
{
	char text[UNITS_TEXT];

	fprintf(out, " %s |", isnan(ms) ? "-" : format_duration(text, ms * 1e6));
}

static void put_result(FILE *out, const struct bench_result *result)
{
	char *title = bench_result__title(result);
	char text[UNITS_TEXT];

	fputs("| ", out);
	markdown_text(out, title ? title : result->name);
	free(title);
	fputs(" |", out);
	if (result->failure) {
		fputs(" failed: ", out);
		markdown_text(out, result->failure);
		fputs(" | | | | | |\n", out);
		return;
	}
	put_ms(out, result->avg_ms);
	put_ms(out, result->std_dev_ms);
	put_ms(out, result->min_ms);
	put_ms(out, result->max_ms);
	put_ms(out, bench_result__mean_time(result, BENCH_ON_CPU));
	fprintf(out, " %s |\n", format_bytes(text, result->memory_peak_bytes));
}

static void put_results(FILE *out, const struct bench_results *results)
{
	fputs("## ", out);
	markdown_text(out, results->release);
	fprintf(out, "\n\n%zu benchmark%s%s\n\n"
		"| benchmark | average | sd | least | most | on CPU | memory |\n"
		"|---|---:|---:|---:|---:|---:|---:|\n", results->count,
		results->count == 1 ? "" : "s",
		results->interrupted ? ", interrupted: not all of the suite" : "");
	for (size_t i = 0; i < results->count; i++)
		put_result(out, &results->results[i]);
}

int report_md__write(FILE *out, const struct report_view *view)
{
	int err = 0;

	if (view->comparison)
		err = put_comparison(out, view->comparison);
	else
		put_results(out, view->results);
	if (!err && ferror(out))
		err = -EIO;
	return err;
}
