// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* The page that people read: the verdict, an overview, then each benchmark. */
#include "sink/report_html.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "sink/compare_table.h"
#include "sink/compare_text.h"
#include "sink/markup.h"
#include "sink/report_svg.h"
#include "sink/results_json.h"

/* The others are told of by their rings alone. */
#define OUTLIERS_TOLD 4

static const char page_style[] =
	"*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);"
	"font:15px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif;"
	"font-variant-numeric:tabular-nums}main{max-width:1080px;margin:0 auto;padding:28px 20px 60px}"
	"h1{font-size:15px;font-weight:600;color:var(--dim);margin:0 0 10px}"
	"h2{font-size:17px;margin:36px 0 10px}h3{font-size:16px;margin:0;overflow-wrap:anywhere}"
	"a{color:inherit;text-decoration-color:var(--line);text-underline-offset:3px}"
	"a:hover{color:var(--link)}"
	".verdict{border-left:6px solid;border-radius:6px;padding:16px 20px;margin:0 0 14px}"
	".verdict b{display:block;font-size:24px;line-height:1.25;overflow-wrap:anywhere}"
	".verdict p{margin:6px 0 0;overflow-wrap:anywhere}"
	".verdict.regression{background:var(--badbg);border-color:var(--bad)}"
	".verdict.inconclusive{background:var(--warnbg);border-color:var(--warn)}"
	".verdict.unchanged,.verdict.improvement{background:var(--goodbg);border-color:var(--good)}"
	".how{color:var(--dim);margin:0 0 4px}ul.warn{margin:12px 0;padding:0;list-style:none}"
	"ul.warn li{padding:2px 0 2px 22px;position:relative;color:var(--warn)}"
	"ul.warn li::before{content:'!';position:absolute;left:6px;font-weight:700}"
	".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}"
	"th{font-weight:500;color:var(--dim);text-align:left;font-size:13px;padding:4px 10px 4px 0}"
	"td{padding:5px 10px 5px 0;border-top:1px solid var(--line);vertical-align:middle}"
	"td.n,th.n{text-align:right;white-space:nowrap}td.w{overflow-wrap:anywhere;min-width:130px}"
	"td svg.s{width:200px;height:22px;display:block}"
	".tag{font-weight:600;white-space:nowrap}.tag.regression{color:var(--bad)}"
	".tag.inconclusive{color:var(--warn)}.tag.improvement{color:var(--good)}"
	".tag.unchanged{color:var(--dim)}"
	"article{background:var(--card);border:1px solid var(--line);border-radius:8px;"
	"padding:16px 20px;margin:14px 0;break-inside:avoid;content-visibility:auto;"
	"contain-intrinsic-size:auto 420px}"
	".head{display:flex;flex-wrap:wrap;gap:2px 14px;align-items:baseline}"
	".why{margin:4px 0 12px;color:var(--dim);overflow-wrap:anywhere}"
	".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(400px,100%),1fr));"
	"gap:14px 28px}figure{margin:0;min-width:0}figure svg{width:100%;height:auto;display:block}"
	"figcaption{font-size:13px;color:var(--dim);margin:0 0 4px}"
	".legend{display:flex;flex-wrap:wrap;gap:2px 14px;margin:6px 0 0;padding:0;list-style:none;"
	"font-size:13px;color:var(--dim)}.legend i{display:inline-block;width:10px;height:10px;"
	"border-radius:2px;margin-right:5px}"
	".apart{margin:4px 0 0;font-size:13px;color:var(--dim);overflow-wrap:anywhere}"
	".apart i{display:inline-block;width:9px;height:9px;border:1.4px solid var(--warn);"
	"border-radius:50%;margin-right:6px}"
	".facts{margin:14px 0 0;font-size:14px;columns:2;column-gap:36px}"
	".facts div{display:grid;grid-template-columns:1fr 78px 78px 64px;gap:8px;"
	"padding:2px 0;border-top:1px solid var(--line);break-inside:avoid}"
	".facts.one div{grid-template-columns:1fr 90px}"
	".facts dt{color:var(--dim)}.facts dd{margin:0;text-align:right;white-space:nowrap}"
	".facts .c{color:var(--dim)}footer{margin-top:40px;color:var(--dim);font-size:13px}"
	"footer p{margin:2px 0;overflow-wrap:anywhere}"
	"@media(max-width:620px){main{padding:16px 12px 40px}.verdict b{font-size:20px}"
	"article{padding:12px}.overview .hide{display:none}.facts{columns:1}}"
	"@media print{:root{--bg:#fff;--card:#fff;--ink:#000;--dim:#444;--line:#bbb}"
	"body{font-size:11px}main{max-width:none;padding:0}.charts{grid-template-columns:1fr 1fr}"
	".facts,.apart,figcaption,.legend{font-size:10px}"
	".facts div{grid-template-columns:1fr 56px 56px 50px}"
	"article{content-visibility:visible;border-color:#bbb}"
	"*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

static const char *const signs[VERDICT_NR] = {
	[VERDICT_UNCHANGED] = "✓", [VERDICT_REGRESSION] = "✗",
	[VERDICT_IMPROVEMENT] = "↓", [VERDICT_INCONCLUSIVE] = "?",
};

size_t report_view__count(const struct report_view *view)
{
	return view->comparison ? view->comparison->count : view->results->count;
}

static const char *release_of(const struct bench_results *results)
{
	return results->release ? results->release : "";
}

struct chart_sides report_sides(const struct report_view *view, size_t index)
{
	struct chart_sides sides = { .shown = COMPONENT_ON_CPU };
	const struct comparison *c;

	if (view->comparison) {
		c = &view->comparison->comparisons[index];
		sides.results[0] = c->baseline;
		sides.results[1] = c->current;
		sides.names[0] = release_of(view->comparison->baseline);
		sides.names[1] = release_of(view->comparison->current);
		sides.shown = comparison__shown(c);
		sides.threshold = c->threshold;
		sides.comparison = c;
	} else {
		sides.results[1] = &view->results->results[index];
		sides.names[1] = release_of(view->results);
		if (isnan(bench_result__mean_time(sides.results[1], BENCH_ON_CPU)))
			sides.shown = COMPONENT_ELAPSED;
	}
	return sides;
}

static void put(FILE *out, const char *before, const char *text, const char *after)
{
	fputs(before, out);
	markup_text(out, text);
	fputs(after, out);
}

/* --- the verdict --------------------------------------------------------------- */

static enum verdict overall(const struct compare_report *report)
{
	if (report->by_verdict[VERDICT_REGRESSION])
		return VERDICT_REGRESSION;
	if (report->by_verdict[VERDICT_INCONCLUSIVE] || !report->count)
		return VERDICT_INCONCLUSIVE;
	return VERDICT_UNCHANGED;
}

static void put_count(FILE *out, size_t count, const char *one, const char *many,
		      const char **separator)
{
	if (!count)
		return;
	fprintf(out, "%s%zu %s", *separator, count, count == 1 ? one : many);
	*separator = ", ";
}

static void put_verdict(FILE *out, const struct compare_report *report)
{
	const size_t *by = report->by_verdict;
	enum verdict verdict = overall(report);
	struct buf headline = BUF_INIT;
	const char *separator = "";

	fprintf(out, "<div class=\"verdict %s\"><b>%s ", verdict_name(verdict), signs[verdict]);
	put_count(out, by[VERDICT_REGRESSION], "regression", "regressions", &separator);
	if (!by[VERDICT_REGRESSION]) {
		fputs("no regression", out);
		separator = ", ";
	}
	put_count(out, by[VERDICT_INCONCLUSIVE], "inconclusive", "inconclusive", &separator);
	put_count(out, by[VERDICT_IMPROVEMENT], "improvement", "improvements", &separator);
	put_count(out, by[VERDICT_UNCHANGED], "unchanged", "unchanged", &separator);
	compare_headline(&headline, report);
	put(out, "</b><p>", buf__str(&headline), "</p></div>");
	buf__free(&headline);
}

static void put_warnings(FILE *out, char *const *warnings, size_t count)
{
	if (!count)
		return;
	fputs("<ul class=\"warn\">", out);
	for (size_t i = 0; i < count; i++)
		put(out, "<li>", warnings[i], "</li>");
	fputs("</ul>", out);
}

static void put_alone(FILE *out, const char *what, const struct bench_result *const *results,
		      size_t count)
{
	char *title;

	if (!count)
		return;
	fprintf(out, "<p class=\"how\">%s: ", what);
	for (size_t i = 0; i < count; i++) {
		title = bench_result__title(results[i]);
		put(out, i ? ", " : "", title ? title : results[i]->name, "");
		free(title);
	}
	fputs("</p>", out);
}

/* --- the overview -------------------------------------------------------------- */

static void put_from_to(FILE *out, const char *text)
{
	const char *arrow = strstr(text, "->");

	if (arrow)
		fprintf(out, "%.*s→%s", (int)(arrow - text), text, arrow + 2);
	else
		fputs(text, out);
}

static void put_overview_row(FILE *out, const struct comparison *c, size_t index, double limit,
			     bool charts)
{
	const char *verdict = verdict_name(c->verdict);
	char text[4 * UNITS_TEXT];

	fprintf(out, "<tr><td><span class=\"tag %s\">%s %s</span></td><td class=\"w\">"
		"<a href=\"#b%zu\">", verdict, signs[c->verdict], verdict, index);
	markup_text(out, c->title);
	fprintf(out, "</a></td><td class=\"n\">%s</td>", compare_percent(text, c));
	if (charts) {
		fputs("<td class=\"hide\">", out);
		chart_shift(out, c, limit, true);
		fputs("</td>", out);
	}
	fputs("<td class=\"n hide\">", out);
	put_from_to(out, compare_from_to(text, sizeof(text), c));
	fputs("</td></tr>\n", out);
}

static void put_overview(FILE *out, const struct comparison *const *sorted,
			 const struct compare_report *report, bool charts)
{
	double limit = chart_shift_limit(sorted, report->count);

	if (!report->count)
		return;
	fprintf(out, "<div class=\"scroll\"><table class=\"overview\"><tr><th>verdict</th>"
		"<th>benchmark</th><th class=\"n\">change</th>%s<th class=\"n hide\">from, to</th></tr>\n",
		charts ? "<th class=\"hide\">shift, its interval, the threshold</th>" : "");
	for (size_t i = 0; i < report->count; i++)
		put_overview_row(out, sorted[i], sorted[i] - report->comparisons, limit, charts);
	fputs("</table></div>\n", out);
}

/* --- a benchmark --------------------------------------------------------------- */

static void put_legend(FILE *out, const struct chart_sides *sides)
{
	fputs("<ul class=\"legend\">", out);
	for (size_t i = 0; i < chart_part_count; i++)
		for (int side = 0; side < 2; side++)
			if (sides->results[side] &&
			    bench_result__mean_time(sides->results[side],
						    chart_parts[i].time) > 0) {
				fprintf(out, "<li><i class=\"%s\"></i>%s</li>",
					chart_parts[i].class, chart_parts[i].label);
				break;
			}
	fputs("</ul>", out);
}

/* In words as well: paper and fingers cannot point at a ring. */
static void put_outliers(FILE *out, const struct bench_result *result, const char *name)
{
	struct buf words = BUF_INIT;
	size_t count = 0;

	for (size_t i = 0; i < result->run_count; i++)
		count += result->runs[i].outlier != NULL;
	if (!count)
		return;
	fprintf(out, "<p class=\"apart\"><i></i>%zu ", count);
	put(out, count == 1 ? "outlier of " : "outliers of ", name, ": ");
	for (size_t i = 0, told = 0; i < result->run_count && told < OUTLIERS_TOLD; i++) {
		if (!result->runs[i].outlier)
			continue;
		buf__truncate(&words, 0);
		chart_outlier(&words, result, i);
		put(out, told++ ? "; " : "", buf__str(&words), "");
	}
	fputs(count > OUTLIERS_TOLD ? "; ...</p>" : "</p>", out);
	buf__free(&words);
}

static void put_charts(FILE *out, const struct chart_sides *sides)
{
	const struct comparison *c = sides->comparison;
	bool runs = chart_has_runs(sides);

	fputs("<div class=\"charts\">", out);
	if (runs) {
		fprintf(out, "<figure><figcaption>every run: %s</figcaption>",
			sides->shown == COMPONENT_ELAPSED ? "wall time" :
			sides->shown == COMPONENT_MEMORY ? "peak memory" :
							   component_label(sides->shown));
		chart_strip(out, sides);
		if (c)
			chart_shift(out, c, chart_shift_limit(&c, 1), false);
		for (int i = 0; i < 2; i++)
			if (sides->results[i])
				put_outliers(out, sides->results[i], sides->names[i]);
		fputs("</figure>", out);
	}
	fprintf(out, "<figure><figcaption>%s</figcaption>",
		runs ? "where the time goes, on average" : "averages and extremes");
	chart_split(out, sides);
	if (runs)
		put_legend(out, sides);
	fputs("</figure></div>", out);
}

static char *duration(char *out, double ms)
{
	return format_duration(out, ms * 1e6);
}

static char *plain(char *out, double value)
{
	if (isnan(value))
		snprintf(out, UNITS_TEXT, "-");
	else
		snprintf(out, UNITS_TEXT, value < 100 ? "%.3g" : "%.0f", value);
	return out;
}

static char *per_second(char *out, double value)
{
	plain(out, value);
	if (!isnan(value))
		strcat(out, " /s");
	return out;
}

/* A row of figures, left out when no side has it. */
static void put_fact(FILE *out, const char *what, const struct chart_sides *sides,
		     const double values[2], char *(*format)(char *, double))
{
	bool known = false;
	char text[UNITS_TEXT];

	for (int i = 0; i < 2; i++)
		known = known || (sides->results[i] && !isnan(values[i]));
	if (!known)
		return;
	fprintf(out, "<div><dt>%s</dt>", what);
	for (int i = 0; i < 2; i++)
		if (sides->results[i])
			fprintf(out, "<dd>%s</dd>", format(text, values[i]));
	if (sides->results[0])
		fprintf(out, "<dd class=\"c\">%s</dd>", values[0] > 0 ?
			signed_percent(text, 100 * (values[1] - values[0]) / values[0]) : "");
	fputs("</div>", out);
}

#define MEMBER(sides, side, member) ((sides)->results[side] ? (sides)->results[side]->member : NAN)

static void put_times(FILE *out, const struct chart_sides *s)
{
	const double average[] = { MEMBER(s, 0, avg_ms), MEMBER(s, 1, avg_ms) };
	const double median[] = { MEMBER(s, 0, median_ms), MEMBER(s, 1, median_ms) };
	const double sd[] = { MEMBER(s, 0, std_dev_ms), MEMBER(s, 1, std_dev_ms) };
	const double least[] = { MEMBER(s, 0, min_ms), MEMBER(s, 1, min_ms) };
	const double most[] = { MEMBER(s, 0, max_ms), MEMBER(s, 1, max_ms) };
	const double rate[] = { MEMBER(s, 0, throughput), MEMBER(s, 1, throughput) };
	const double memory[] = { MEMBER(s, 0, memory_peak_bytes),
				  MEMBER(s, 1, memory_peak_bytes) };

	put_fact(out, "average", s, average, duration);
	put_fact(out, "median", s, median, duration);
	put_fact(out, "standard deviation", s, sd, duration);
	put_fact(out, "least", s, least, duration);
	put_fact(out, "most", s, most, duration);
	put_fact(out, "throughput", s, rate, per_second);
	put_fact(out, "peak memory", s, memory, format_bytes);
}

static void put_resources(FILE *out, const struct chart_sides *s)
{
	static const struct {
		enum bench_count count;
		const char *label;
		char *(*format)(char *, double);
	} rows[] = {
		{ BENCH_MINOR_FAULTS, "minor faults", plain },
		{ BENCH_MAJOR_FAULTS, "major faults", plain },
		{ BENCH_VOLUNTARY_SWITCHES, "voluntary switches", plain },
		{ BENCH_INVOLUNTARY_SWITCHES, "involuntary switches", plain },
		{ BENCH_READ_BYTES, "read from disk", format_bytes },
		{ BENCH_WRITE_BYTES, "written to disk", format_bytes },
		{ BENCH_SENT_BYTES, "sent", format_bytes },
		{ BENCH_RECV_BYTES, "received", format_bytes },
		{ BENCH_INSTRUCTIONS, "instructions", plain },
		{ BENCH_CYCLES, "cycles", plain },
		{ BENCH_CACHE_MISSES, "cache misses", plain },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double values[2];

		for (int side = 0; side < 2; side++)
			values[side] = s->results[side] ?
				bench_result__mean_count(s->results[side], rows[i].count) : NAN;
		if (values[0] > 0 || values[1] > 0)
			put_fact(out, rows[i].label, s, values, rows[i].format);
	}
}

/* The older one on the left, as in the charts it is above. */
static void put_facts(FILE *out, const struct chart_sides *sides)
{
	fprintf(out, "<dl class=\"facts%s\">", sides->results[0] ? "" : " one");
	put_times(out, sides);
	put_resources(out, sides);
	fputs("</dl>", out);
}

static void put_figures(FILE *out, const struct comparison *c)
{
	char text[4 * UNITS_TEXT];

	fprintf(out, "<span>%s", compare_percent(text, c));
	if (*compare_interval(text, sizeof(text), c))
		fprintf(out, " %s", text);
	fputs("</span>", out);
	if (!isnan(c->p))
		fprintf(out, "<span class=\"how\">p %s%.2g · %zu and %zu runs · threshold %.3g %%",
			c->p < 1e-6 ? "&lt; " : "", c->p < 1e-6 ? 1e-6 : c->p,
			c->baseline->run_count, c->current->run_count, 100 * c->threshold);
	else
		fprintf(out, "<span class=\"how\">threshold %.3g %%", 100 * c->threshold);
	/* An unchanged one's reason says it. */
	if (!isnan(c->smallest_percent) && c->verdict != VERDICT_UNCHANGED)
		fprintf(out, " · would have shown +%.2g %%", c->smallest_percent);
	fputs("</span>", out);
}

static void put_benchmark(FILE *out, const struct report_view *view, size_t index)
{
	struct chart_sides sides = report_sides(view, index);
	const struct comparison *c = sides.comparison;
	const struct bench_result *result = sides.results[1];
	char *title = bench_result__title(result);

	fprintf(out, "<article id=\"b%zu\"><div class=\"head\"><h3>", index);
	markup_text(out, c ? c->title : title ? title : result->name);
	fputs("</h3>", out);
	if (c) {
		fprintf(out, "<span class=\"tag %s\">%s %s</span>", verdict_name(c->verdict),
			signs[c->verdict], verdict_name(c->verdict));
		put_figures(out, c);
	} else if (!result->failure) {
		fprintf(out, "<span class=\"how\">%llu iterations</span>",
			(unsigned long long)result->iterations);
	}
	fputs("</div>", out);
	if (c && c->reason[0])
		put(out, "<p class=\"why\">", c->reason, "</p>");
	if (result->failure)
		put(out, "<p class=\"why\">it failed: ", result->failure, "</p>");
	if (view->charts)
		put_charts(out, &sides);
	put_facts(out, &sides);
	put_warnings(out, result->warnings, result->warning_count);
	fputs("</article>\n", out);
	free(title);
}

/* --- the page ------------------------------------------------------------------ */

static void put_environment(FILE *out, const struct bench_results *results)
{
	const struct bench_environment *e = &results->environment;
	const char *const texts[] = { e->host, e->cpu_model, e->kernel, e->governor };
	const char *separator = ": ";

	if (!results->environment_known)
		return;
	put(out, "<p>", results->release, "");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i]) {
			put(out, separator, texts[i], "");
			separator = " · ";
		}
	fputs("</p>", out);
}

static void put_head(FILE *out, const char *title)
{
	put(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
	    "<meta name=\"generator\" content=\"ppbpf " PPBPF_VERSION "\"><title>", title,
	    "</title><style>");
	report_style(out);
	fputs(page_style, out);
	fputs("</style></head><body><main>\n", out);
}

static void put_foot(FILE *out, const struct bench_results *current,
		     const struct bench_results *baseline, double timestamp)
{
	char iso[TIME_ISO_TEXT];

	fputs("<footer>", out);
	put_environment(out, current);
	if (baseline)
		put_environment(out, baseline);
	if (!isnan(timestamp) && timestamp > 0)
		fprintf(out, "<p>%.19s UTC · ppbpf " PPBPF_VERSION "</p>",
			time_iso(iso, timestamp));
	fputs("</footer></main></body></html>\n", out);
}

static int put_comparison(FILE *out, const struct report_view *view)
{
	const struct compare_report *report = view->comparison;
	const struct comparison **sorted = compare_sorted(report);
	struct buf title = BUF_INIT;
	char how[120];

	if (!sorted)
		return -ENOMEM;
	buf__printf(&title, "%s against %s", release_of(report->current),
		    release_of(report->baseline));
	put_head(out, buf__str(&title));
	put(out, "<h1>", buf__str(&title), "</h1>\n");
	buf__free(&title);
	put_verdict(out, report);
	compare_how(how, sizeof(how), report);
	put(out, "<p class=\"how\">", how, "</p>\n");
	put_alone(out, "missing, in the baseline alone", report->missing, report->missing_count);
	put_alone(out, "new, without a baseline", report->added, report->added_count);
	put_warnings(out, report->warnings, report->warning_count);
	fputs("<h2>Overview</h2>\n", out);
	put_overview(out, sorted, report, view->charts);
	fputs("<h2>Benchmarks</h2>\n", out);
	for (size_t i = 0; i < report->count; i++)
		put_benchmark(out, view, sorted[i] - report->comparisons);
	put_foot(out, report->current, report->baseline, report->timestamp);
	free(sorted);
	return 0;
}

static void put_results(FILE *out, const struct report_view *view)
{
	const struct bench_results *results = view->results;
	size_t failed = 0;

	for (size_t i = 0; i < results->count; i++)
		failed += results->results[i].failure != NULL;
	put_head(out, release_of(results));
	fprintf(out, "<h1>");
	markup_text(out, release_of(results));
	fprintf(out, "</h1>\n<div class=\"verdict %s\"><b>%zu benchmark%s", failed ? "regression" :
		results->interrupted ? "inconclusive" : "unchanged", results->count,
		results->count == 1 ? "" : "s");
	if (failed)
		fprintf(out, ", %zu failed", failed);
	fprintf(out, "</b>%s</div>\n", results->interrupted ?
		"<p>interrupted: not all of the suite was run</p>" : "");
	for (size_t i = 0; i < results->count; i++)
		put_benchmark(out, view, i);
	put_foot(out, results, NULL, results->timestamp);
}

int report_html__write(FILE *out, const struct report_view *view)
{
	int err = 0;

	if (view->comparison)
		err = put_comparison(out, view);
	else
		put_results(out, view);
	return !err && ferror(out) ? -EIO : err;
}
