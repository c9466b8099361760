// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "store/comparison.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "store/json_parts.h"
#include "store/reading.h"

#define OPERATION "compare_with_baseline"
#define HEAD_BYTES 400

bool comparison_file__is(const char *text)
{
	char head[HEAD_BYTES];

	text_copy(head, sizeof(head), text);
	return strstr(head, "\"" OPERATION "\"") != NULL;
}

void comparison_file__free(struct comparison_file *file)
{
	if (!file)
		return;
	compare_report__free(file->report);
	bench_results__free(file->current);
	bench_results__free(file->baseline);
	bench_results__free(file->alone);
	free(file);
}

static int no_memory(const struct reading *r)
{
	return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
}

/* --- one side ------------------------------------------------------------------ */

static void set_shown(struct bench_run *run, enum component shown, double value)
{
	if (shown == COMPONENT_MEMORY)
		run->counts[BENCH_MEMORY_PEAK_BYTES] = (uint64_t)value;
	else if (shown >= COMPONENT_BLOCKED && shown < COMPONENT_NR)
		run->ms[BENCH_BLOCKED + (shown - COMPONENT_BLOCKED)] = value;
}

static int read_means(const struct reading *r, const struct json_node *json, struct bench_run *mean)
{
	const struct json_node *split, *blocked = NULL, *resources;
	int err = reading__part(r, json, "time_split", false, &split);
	double value;

	if (err > 0)
		err = reading__part(r, split, "blocked", false, &blocked);
	for (int i = 0; err >= 0 && i < BENCH_TIME_NR; i++)
		err = reading__number(r, json_get(i < BENCH_BLOCKED ? split : blocked,
						      bench_time_key(i)),
				      bench_time_key(i), &mean->ms[i]);
	if (err >= 0)
		err = reading__part(r, json, "resources", false, &resources);
	for (int i = 0; err > 0 && i < BENCH_COUNT_NR; i++) {
		value = NAN;
		if (reading__number(r, json_get(resources, bench_count_key(i)),
				    bench_count_key(i), &value))
			return r->e->code;
		if (value >= 0 && value < (double)INT64_MAX)
			mean->counts[i] = (uint64_t)round(value);
	}
	return err < 0 ? err : 0;
}

/* The n-th number of an array; what is not there stays unknown. */
static int read_nth(const struct reading *r, const struct json_node **item, const char *key,
		    double *value)
{
	int err = *item ? reading__number(r, *item, key, value) : 0;

	*item = *item ? (*item)->next : NULL;
	return err;
}

/* Why runs lie apart; of a run that is not there nothing is said. */
static int read_outliers(const struct reading *r, const struct json_node *runs,
			 struct bench_result *result)
{
	const struct json_node *list, *item;
	int err = reading__part(r, runs, "outliers", true, &list);
	uint64_t index;
	char **cause;

	if (err <= 0)
		return err;
	err = 0;
	for (item = json_first(list); item && !err; item = item->next) {
		index = UINT64_MAX;
		err = reading__count(r, json_get(item, "index"), "index", &index);
		if (err || index >= result->run_count)
			continue;
		cause = &result->runs[index].outlier;
		if (!*cause)
			err = reading__text(r, json_get(item, "cause"), "cause", cause);
	}
	return err;
}

static int read_runs(const struct reading *r, const struct json_node *json, enum component shown,
		     struct bench_result *result)
{
	const struct json_node *runs, *wall, *on_cpu, *values;
	struct bench_run mean, run;
	int err = reading__part(r, json, "runs", false, &runs);
	double value;

	if (err <= 0)
		return err;
	bench_run__init(&mean);
	err = read_means(r, json, &mean);
	wall = json_get(runs, "wall_ms");
	on_cpu = json_get(runs, "on_cpu_ms");
	values = json_get(runs, "shown");
	wall = json_first(wall);
	on_cpu = json_first(on_cpu);
	values = json_first(values);
	while (!err && wall) {
		run = mean;
		value = NAN;
		err = read_nth(r, &wall, "wall_ms", &run.ms[BENCH_WALL]);
		if (!err)
			err = read_nth(r, &on_cpu, "on_cpu_ms", &run.ms[BENCH_ON_CPU]);
		if (!err)
			err = read_nth(r, &values, "shown", &value);
		if (!isnan(value) && value < (double)INT64_MAX)
			set_shown(&run, shown, value);
		if (!err && bench_result__add_run(result, &run))
			err = no_memory(r);
	}
	return err ? err : read_outliers(r, runs, result);
}

static int read_side(const struct reading *r, const struct json_node *json, const char *side,
		     enum component shown, struct bench_result *result)
{
	char avg[32], throughput[32], memory[32];
	const struct json_node *from = NULL;
	double mb = NAN;
	int err;

	snprintf(avg, sizeof(avg), "%s_avg_ms", side);
	snprintf(throughput, sizeof(throughput), "%s_throughput", side);
	snprintf(memory, sizeof(memory), "%s_memory_mb", side);
	err = reading__number(r, json_get(json, avg), avg, &result->avg_ms);
	if (!err)
		err = reading__number(r, json_get(json, throughput), throughput,
				      &result->throughput);
	if (!err)
		err = reading__number(r, json_get(json, memory), memory, &mb);
	result->memory_peak_bytes = mb * 1048576;
	if (!err)
		err = reading__part(r, json, side, false, &from);
	if (err <= 0)
		return err;
	const struct { const char *key; double *value; } numbers[] = {
		{ "median_ms", &result->median_ms }, { "min_ms", &result->min_ms },
		{ "max_ms", &result->max_ms }, { "std_dev_ms", &result->std_dev_ms },
		{ "cpu_avg_percent", &result->cpu_avg_percent },
	};

	err = reading__count(r, json_get(from, "iterations"), "iterations",
			     &result->iterations);
	for (size_t i = 0; !err && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		err = reading__number(r, json_get(from, numbers[i].key), numbers[i].key,
				      numbers[i].value);
	return err ? err : read_runs(r, from, shown, result);
}

/* --- one comparison ------------------------------------------------------------ */

static int read_component(const struct reading *r, const struct json_node *json,
			  struct comparison *c)
{
	const struct json_node *name = json_get(json, "component");
	struct component_change *change;
	enum component component;
	int err;

	component = json_text(name) ? component_find(name->text) : COMPONENT_NR;
	if (component == COMPONENT_NR)
		return reading__refuse(r, "components has one that is not known");
	change = &c->changes[component];
	change->known = true;
	change->counts = json_is_true(json_get(json, "counts"));
	change->grew = json_is_true(json_get(json, "grew"));
	change->shrank = json_is_true(json_get(json, "shrank"));
	change->named = json_is_true(json_get(json, "named"));
	const struct { const char *key; double *value; } numbers[] = {
		{ "baseline", &change->baseline }, { "current", &change->current },
		{ "shift", &change->shift.shift }, { "low", &change->shift.low },
		{ "high", &change->shift.high }, { "percent", &change->percent },
		{ "p_value", &change->shift.p },
	};

	err = 0;
	for (size_t i = 0; !err && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		err = reading__signed(r, json_get(json, numbers[i].key), numbers[i].key,
				      numbers[i].value);
	return err;
}

static enum component named_component(const struct json_node *json, const char *key)
{
	const struct json_node *name = json_get(json, key);

	return json_text(name) ? component_find(name->text) : COMPONENT_NR;
}

static int read_figures(const struct reading *r, const struct json_node *json, struct comparison *c)
{
	const struct json_node *interval = NULL;
	const struct { const char *key; double *value; } numbers[] = {
		{ "change_ms", &c->change_ms }, { "change_percent", &c->change_percent },
		{ "throughput_change_percent", &c->throughput_change_percent },
		{ "shift_percent", &c->shift_percent }, { "p_value", &c->p },
		{ "smallest_change_percent", &c->smallest_percent },
		{ "threshold", &c->threshold }, { "significance_level", &c->level },
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		err = reading__signed(r, json_get(json, numbers[i].key), numbers[i].key,
				      numbers[i].value);
	if (!err)
		err = reading__part(r, json, "interval_percent", true, &interval);
	if (err <= 0)
		return err;
	err = reading__signed(r, json_at(interval, 0), "interval_percent",
			      &c->low_percent);
	return err ? err : reading__signed(r, json_at(interval, 1),
					   "interval_percent", &c->high_percent);
}

static int read_judgement(const struct reading *r, const struct json_node *json,
			  struct comparison *c)
{
	const struct json_node *verdict = json_get(json, "verdict"), *list, *item;
	const struct json_node *method = json_get(json, "method"), *reason = json_get(json, "reason");
	int err;

	c->verdict = json_text(verdict) ? verdict_find(verdict->text) : VERDICT_NR;
	if (c->verdict == VERDICT_NR)
		return reading__refuse(r, "verdict is missing, or not known");
	if (json_text(method))
		for (int i = METHOD_AVERAGES; i <= METHOD_INTERLEAVED; i++)
			if (!strcmp(method->text, compare_method_name(i)))
				c->method = i;
	c->component = named_component(json, "component");
	c->decider = named_component(json, "decided_by");
	if (json_text(reason))
		text_copy(c->reason, sizeof(c->reason), reason->text);
	err = reading__part(r, json, "components", true, &list);
	if (err <= 0)
		return err;
	err = 0;
	for (item = json_first(list); item; item = item->next)
		if (!err)
			err = read_component(r, item, c);
	return err;
}

static int read_parameters(const struct reading *r, const struct json_node *json,
			   struct bench_result *result)
{
	const struct json_node *list, *item;
	int err = reading__part(r, json, "parameters", false, &list);

	if (err <= 0)
		return err;
	for (item = json_first(list); item; item = item->next)
		if (json_text(item) &&
		    bench_result__add_parameter(result, item->key, item->text))
			return no_memory(r);
	return 0;
}

static int add_comparison(struct compare_report *report, const struct comparison *c)
{
	struct comparison *larger = reallocarray(report->comparisons, report->count + 1,
						 sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	report->comparisons = larger;
	larger[report->count++] = *c;
	report->by_verdict[c->verdict]++;
	if (c->method > report->method)
		report->method = c->method;
	return 0;
}

static int read_comparison(struct reading *r, const struct json_node *json, void *context)
{
	struct comparison_file *file = context;
	const struct json_node *name = json_get(json, "benchmark_name");
	struct bench_result *current, *baseline;
	struct comparison c = { 0 };
	enum component shown;
	int err;

	if (!json_text(name))
		return reading__refuse(r, "benchmark_name is missing");
	r->benchmark = name->text;
	c.change_ms = c.change_percent = c.throughput_change_percent = NAN;
	c.shift_percent = c.low_percent = c.high_percent = c.p = c.smallest_percent = NAN;
	current = bench_results__add(file->current, name->text);
	baseline = bench_results__add(file->baseline, name->text);
	if (!current || !baseline)
		return no_memory(r);
	err = read_figures(r, json, &c);
	if (!err)
		err = read_judgement(r, json, &c);
	shown = named_component(json, "shown");
	if (!err)
		err = read_side(r, json, "current", shown, current);
	if (!err)
		err = read_side(r, json, "baseline", shown, baseline);
	if (!err)
		err = read_parameters(r, json, current);
	if (!err)
		c.title = bench_result__title(current);
	if (err)
		return err;
	if (c.title && !add_comparison(file->report, &c))
		return 0;
	free(c.title);
	return no_memory(r);
}

/* --- the whole ----------------------------------------------------------------- */

/* Names of benchmarks that one side alone has. */
static int read_alone(const struct reading *r, const struct json_node *json, const char *key,
		      struct bench_results *alone, size_t *count)
{
	const struct json_node *list, *item;
	int err = reading__part(r, json, key, true, &list);

	*count = 0;
	if (err <= 0)
		return err;
	for (item = json_first(list); item; item = item->next) {
		if (!json_text(item))
			continue;
		if (!bench_results__add(alone, item->text))
			return no_memory(r);
		++*count;
	}
	return 0;
}

static int read_warnings(const struct reading *r, const struct json_node *metadata,
			 struct compare_report *report)
{
	const struct json_node *list, *item;
	int err = reading__part(r, metadata, "warnings", true, &list), count;

	if (err <= 0)
		return err;
	count = json_count(list);
	report->warnings = calloc(count + 1, sizeof(*report->warnings));
	if (!report->warnings)
		return no_memory(r);
	for (item = json_first(list); item; item = item->next) {
		if (!json_text(item))
			continue;
		report->warnings[report->warning_count] = strdup(item->text);
		if (!report->warnings[report->warning_count++])
			return no_memory(r);
	}
	return 0;
}

static int read_frame(const struct reading *r, const struct json_node *root,
		      struct comparison_file *file)
{
	const struct json_node *data = json_get(root, "data"), *metadata = json_get(root, "metadata");
	const struct json_node *analysis = json_get(data, "regression_analysis");
	struct compare_report *report = file->report;
	int err = reading__check_schema(r, root, OPERATION);

	if (err)
		return err;
	if (!json_is(data, JSON_IN_OBJECT))
		return reading__refuse(r, "it holds no comparison: that failed");
	if (!json_text(json_get(data, "current_version")) ||
	    !json_text(json_get(data, "baseline_version")))
		return reading__refuse(r, "current_version or baseline_version is missing");
	if (!json_is(json_get(data, "comparison_details"), JSON_IN_ARRAY))
		return reading__refuse(r, "comparison_details is missing");
	err = reading__text(r, json_get(data, "current_version"), "current_version",
			    &file->current->release);
	if (!err)
		err = reading__text(r, json_get(data, "baseline_version"), "baseline_version",
				    &file->baseline->release);
	if (!err)
		err = reading__time(r, json_get(data, "timestamp"), "timestamp",
				    &report->timestamp);
	if (!err)
		err = reading__number(r, json_get(metadata, "regression_threshold"),
				      "regression_threshold", &report->threshold);
	if (!err)
		err = reading__signed(r, json_get(analysis, "overall_change_percent"),
				      "overall_change_percent", &report->overall_change_percent);
	if (!err)
		err = read_alone(r, analysis, "missing_benchmarks", file->alone,
				 &report->missing_count);
	if (!err)
		err = read_alone(r, analysis, "new_benchmarks", file->alone, &report->added_count);
	return err ? err : read_warnings(r, metadata, report);
}

/* The results do not move any more: what refers to them can. */
static int connect(const struct reading *r, struct comparison_file *file)
{
	struct compare_report *report = file->report;

	report->current = file->current;
	report->baseline = file->baseline;
	for (size_t i = 0; i < report->count; i++) {
		report->comparisons[i].current = &file->current->results[i];
		report->comparisons[i].baseline = &file->baseline->results[i];
	}
	report->missing = calloc(report->missing_count + 1, sizeof(void *));
	report->added = calloc(report->added_count + 1, sizeof(void *));
	if (!report->missing || !report->added)
		return no_memory(r);
	for (size_t i = 0; i < file->alone->count; i++)
		if (i < report->missing_count)
			report->missing[i] = &file->alone->results[i];
		else
			report->added[i - report->missing_count] = &file->alone->results[i];
	return 0;
}

static struct comparison_file *new_file(struct err *e)
{
	struct comparison_file *file = calloc(1, sizeof(*file));

	if (file) {
		file->report = calloc(1, sizeof(*file->report));
		file->current = bench_results__new();
		file->baseline = bench_results__new();
		file->alone = bench_results__new();
	}
	if (file && file->report && file->current && file->baseline && file->alone) {
		file->report->overall_change_percent = NAN;
		return file;
	}
	comparison_file__free(file);
	err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	return NULL;
}

struct comparison_file *comparison_file__parse(const char *text, size_t length, const char *name,
					       struct err *e)
{
	struct reading reading = { .file = name, .list = "comparison_details", .e = e };
	struct comparison_file *file = new_file(e);
	struct json_parts parts = { 0 };
	struct json_tree tree = JSON_TREE_INIT;
	const struct json_node *frame;
	int err;

	if (!file)
		return NULL;
	err = json_parts__split(&parts, text, length, reading.list);
	if (err) {
		no_memory(&reading);
		goto out;
	}
	err = reading__frame(&reading, &parts, &tree, &frame);
	if (!err)
		err = read_frame(&reading, frame, file);
	if (!err)
		err = reading__elements(&reading, &parts, read_comparison, file);
	if (!err)
		err = connect(&reading, file);
out:
	json_tree__free(&tree);
	json_parts__free(&parts);
	if (!err)
		return file;
	comparison_file__free(file);
	return NULL;
}
