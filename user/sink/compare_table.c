// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/compare_table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/term.h"
#include "base/text.h"
#include "base/units.h"
#include "sink/compare_text.h"
#include "sink/page.h"

#define UNCHANGED_SHOWN 20
#define NAME_MAX_WIDTH 32
#define LISTED_MAX 12

static const struct look {
	const char *sign, *ascii;
	enum page_style style;
	int order;
} looks[VERDICT_NR] = {
	[VERDICT_REGRESSION] = { "✗", "x", PAGE_RED, 0 },
	[VERDICT_INCONCLUSIVE] = { "?", "?", PAGE_YELLOW, 1 },
	[VERDICT_IMPROVEMENT] = { "↓", "v", PAGE_GREEN, 2 },
	[VERDICT_UNCHANGED] = { "✓", "=", PAGE_GREEN, 3 },
};

static double size_of(const struct comparison *c)
{
	double percent = isnan(c->shift_percent) ? c->change_percent : c->shift_percent;

	return isnan(percent) ? 0 : fabs(percent);
}

static int worst_first(const void *a, const void *b)
{
	const struct comparison *x = *(const struct comparison *const *)a;
	const struct comparison *y = *(const struct comparison *const *)b;

	if (x->verdict != y->verdict)
		return looks[x->verdict].order - looks[y->verdict].order;
	if (size_of(x) != size_of(y))
		return size_of(x) < size_of(y) ? 1 : -1;
	return strcmp(x->title, y->title);
}

const struct comparison **compare_sorted(const struct compare_report *report)
{
	const struct comparison **sorted = calloc(report->count + 1, sizeof(void *));

	if (!sorted)
		return NULL;
	for (size_t i = 0; i < report->count; i++)
		sorted[i] = &report->comparisons[i];
	if (report->count)
		qsort(sorted, report->count, sizeof(void *), worst_first);
	return sorted;
}

void compare_line(struct buf *out, const struct comparison *c)
{
	char percent[UNITS_TEXT], ms[UNITS_TEXT];
	double change = compare_change_ms(c);

	buf__printf(out, "%s: %s", c->title, verdict_name(c->verdict));
	if (size_of(c) > 0 || !isnan(c->change_percent)) {
		buf__printf(out, ", %s", compare_percent(percent, c));
		if (!isnan(change))
			buf__printf(out, " (%s)", signed_duration(ms, change));
	}
	if (c->reason[0])
		buf__printf(out, ": %s", c->reason);
}

void compare_headline(struct buf *out, const struct compare_report *report)
{
	size_t regressions = report->by_verdict[VERDICT_REGRESSION];
	const struct comparison **sorted;

	if (regressions) {
		sorted = compare_sorted(report);
		if (sorted && sorted[0])
			compare_line(out, sorted[0]);
		free(sorted);
		if (regressions > 1)
			buf__printf(out, " (and %zu more regression%s)", regressions - 1,
				    regressions > 2 ? "s" : "");
		return;
	}
	if (!report->count) {
		buf__puts(out, "nothing to compare: the files have no benchmark in common");
		return;
	}
	buf__printf(out, "no regression: %zu of %zu benchmarks unchanged",
		    report->by_verdict[VERDICT_UNCHANGED], report->count);
	if (report->by_verdict[VERDICT_IMPROVEMENT])
		buf__printf(out, ", %zu faster", report->by_verdict[VERDICT_IMPROVEMENT]);
	if (report->by_verdict[VERDICT_INCONCLUSIVE])
		buf__printf(out, ", %zu inconclusive", report->by_verdict[VERDICT_INCONCLUSIVE]);
}

static void put_header(struct page *page, const struct compare_report *report)
{
	char text[120];

	page__text(page, "%s against %s", report->current->release, report->baseline->release);
	page__dot(page);
	compare_how(text, sizeof(text), report);
	page__text(page, "%s", text);
	page__end_line(page);
}

struct widths {
	int name, change, interval, from_to;
};

static void fit(struct widths *widths, const struct comparison *c, bool utf8)
{
	char text[4 * UNITS_TEXT];
	int width = text_width(c->title, utf8);

	widths->name = width > widths->name ? width : widths->name;
	width = text_width(compare_percent(text, c), utf8);
	widths->change = width > widths->change ? width : widths->change;
	width = text_width(compare_interval(text, sizeof(text), c), utf8);
	widths->interval = width > widths->interval ? width : widths->interval;
	width = text_width(compare_from_to(text, sizeof(text), c), utf8);
	widths->from_to = width > widths->from_to ? width : widths->from_to;
}

/* Behind the figures if it fits, else in a line of its own. */
static void put_reason(struct page *page, const struct comparison *c)
{
	static const int indent = 4;

	if (!c->reason[0])
		return;
	if (page__room(page) >= text_width(c->reason, page->term->utf8) + 3) {
		page__text(page, "   ");
	} else {
		page__end_line(page);
		page__to(page, indent);
	}
	page__style(page, c->verdict == VERDICT_UNCHANGED ? PAGE_DIM : PAGE_PLAIN);
	page__words(page, indent, c->reason);
}

static void put_row(struct page *page, const struct comparison *c, const struct widths *widths)
{
	const struct look *look = &looks[c->verdict];
	char text[4 * UNITS_TEXT];

	page__style(page, look->style);
	page__glyphs(page, page->term->utf8 ? look->sign : look->ascii);
	page__text(page, " ");
	page__style(page, c->verdict == VERDICT_REGRESSION ? PAGE_BOLD : PAGE_PLAIN);
	page__column(page, c->title, -widths->name);
	page__style(page, look->style);
	page__text(page, "  ");
	page__column(page, verdict_name(c->verdict), -12);
	page__style(page, PAGE_PLAIN);
	page__text(page, "  ");
	page__column(page, compare_percent(text, c), widths->change);
	page__text(page, "  ");
	page__column(page, compare_interval(text, sizeof(text), c), -widths->interval);
	page__text(page, "  ");
	page__column(page, compare_from_to(text, sizeof(text), c), widths->from_to);
	put_reason(page, c);
	page__end_line(page);
}

static void put_rows(struct page *page, const struct comparison *const *sorted, size_t count,
		     const struct compare_table *table)
{
	struct widths widths = { 0 };
	size_t shown = count;

	while (!table->all && shown > UNCHANGED_SHOWN &&
	       sorted[shown - 1]->verdict == VERDICT_UNCHANGED)
		shown--;
	for (size_t i = 0; i < shown; i++)
		fit(&widths, sorted[i], page->term->utf8);
	if (widths.name > NAME_MAX_WIDTH)
		widths.name = NAME_MAX_WIDTH;
	for (size_t i = 0; i < shown; i++)
		put_row(page, sorted[i], &widths);
	if (shown < count) {
		page__style(page, PAGE_DIM);
		page__text(page, "  (%zu more unchanged: --all)", count - shown);
		page__end_line(page);
	}
}

static void put_counts(struct page *page, const struct compare_report *report)
{
	static const enum verdict order[] = {
		VERDICT_REGRESSION, VERDICT_INCONCLUSIVE, VERDICT_IMPROVEMENT, VERDICT_UNCHANGED,
	};
	const char *separator = "";
	char percent[UNITS_TEXT];

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		size_t n = report->by_verdict[order[i]];

		if (!n)
			continue;
		page__text(page, "%s%zu %s%s", separator, n, verdict_name(order[i]),
			   n > 1 && (order[i] == VERDICT_REGRESSION ||
				     order[i] == VERDICT_IMPROVEMENT) ? "s" : "");
		separator = ", ";
	}
	if (!isnan(report->overall_change_percent)) {
		page__dot(page);
		page__text(page, "averages %s", signed_percent(percent,
							       report->overall_change_percent));
	}
	page__end_line(page);
}

static void put_alone(struct page *page, const char *what,
		      const struct bench_result *const *results, size_t count)
{
	struct buf names = BUF_INIT;
	char *title;

	if (!count)
		return;
	for (size_t i = 0; i < count && i < LISTED_MAX; i++) {
		title = bench_result__title(results[i]);
		buf__printf(&names, "%s%s", i ? ", " : "", title ? title : results[i]->name);
		free(title);
	}
	if (count > LISTED_MAX)
		buf__printf(&names, ", and %zu more", count - LISTED_MAX);
	page__text(page, "%s: ", what);
	page__words(page, 2, buf__str(&names));
	page__end_line(page);
	buf__free(&names);
}

static void put_end(struct page *page, const struct compare_report *report,
		    const struct compare_table *table)
{
	if (report->count) {
		page__end_line(page);
		put_counts(page, report);
	}
	put_alone(page, "missing (in the baseline alone)", report->missing,
		  report->missing_count);
	put_alone(page, "new (without a baseline)", report->added, report->added_count);
	for (size_t i = 0; i < report->warning_count; i++) {
		page__style(page, PAGE_YELLOW);
		page__text(page, "! ");
		page__style(page, PAGE_PLAIN);
		page__words(page, 2, report->warnings[i]);
		page__end_line(page);
	}
	if (table->next) {
		page__text(page, "next: ");
		page__style(page, PAGE_BOLD);
		page__words(page, 2, table->next);
		page__end_line(page);
	}
}

int compare_table__write(FILE *out, const struct compare_report *report,
			 const struct compare_table *table, const struct term *term)
{
	const struct comparison **sorted = compare_sorted(report);
	struct buf headline = BUF_INIT;
	struct page page;
	int err = -ENOMEM;

	page__init(&page, term);
	if (sorted) {
		compare_headline(&headline, report);
		page__style(&page, report->by_verdict[VERDICT_REGRESSION] ? PAGE_RED : PAGE_BOLD);
		page__words(&page, 2, buf__str(&headline));
		page__end_line(&page);
		put_header(&page, report);
		page__end_line(&page);
		put_rows(&page, sorted, report->count, table);
		put_end(&page, report, table);
		err = page__error(&page);
	}
	if (!err && fwrite(page.out.data, 1, page.out.length, out) != page.out.length)
		err = errno ? -errno : -EIO;
	free(sorted);
	buf__free(&headline);
	page__free(&page);
	return err;
}
