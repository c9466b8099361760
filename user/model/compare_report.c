// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Two files laid side by side. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/compare.h"

#define LOAD_PER_CPU 0.5	/* more of it disturbs */
#define STEAL_PERCENT 1.0
#define NOISY_PERCENT 20.0

/* By name and parameters. */
static int compare_identity(const void *a, const void *b)
{
	const struct bench_result *x = *(const struct bench_result *const *)a;
	const struct bench_result *y = *(const struct bench_result *const *)b;
	size_t n = x->parameter_count < y->parameter_count ? x->parameter_count :
							     y->parameter_count;
	int order = strcmp(x->name, y->name);

	for (size_t i = 0; !order && i < n; i++) {
		order = strcmp(x->parameters[i].name, y->parameters[i].name);
		if (!order)
			order = strcmp(x->parameters[i].value, y->parameters[i].value);
	}
	if (order)
		return order;
	return (x->parameter_count > y->parameter_count) -
	       (x->parameter_count < y->parameter_count);
}

/* In the file's order where these are the same. */
static int by_identity(const void *a, const void *b)
{
	const struct bench_result *x = *(const struct bench_result *const *)a;
	const struct bench_result *y = *(const struct bench_result *const *)b;
	int order = compare_identity(a, b);

	return order ? order : (x > y) - (x < y);
}

/* Sorted, so that each can be found; the caller's to free. */
static const struct bench_result **sorted(const struct bench_results *results)
{
	const struct bench_result **list = calloc(results->count + 1, sizeof(void *));

	if (!list)
		return NULL;
	for (size_t i = 0; i < results->count; i++)
		list[i] = &results->results[i];
	if (results->count)
		qsort(list, results->count, sizeof(void *), by_identity);
	return list;
}

/* The first of those with the same name and parameters. */
static const struct bench_result *find(const struct bench_result *const *list, size_t count,
				       const struct bench_result *wanted)
{
	const struct bench_result *const *found =
		bsearch(&wanted, list, count, sizeof(void *), compare_identity);

	while (found && found > list && !compare_identity(found - 1, found))
		found--;
	return found ? *found : NULL;
}

static int warn(struct compare_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int warn(struct compare_report *report, const char *format, ...)
{
	char **larger = reallocarray(report->warnings, report->warning_count + 1,
				     sizeof(*larger));
	va_list args;
	int length;

	if (!larger)
		return -1;
	report->warnings = larger;
	va_start(args, format);
	length = vasprintf(&larger[report->warning_count], format, args);
	va_end(args);
	if (length < 0)
		return -1;
	report->warning_count++;
	return 0;
}

static int warn_if_unlike(struct compare_report *report, const char *what, const char *current,
			  const char *baseline)
{
	if (!current || !baseline || !strcmp(current, baseline))
		return 0;
	return warn(report, "another %s: %s, the baseline's was %s", what, current, baseline);
}

static int warn_of_load(struct compare_report *report, const struct bench_environment *now,
			const struct bench_environment *before)
{
	double limit = LOAD_PER_CPU * (now->cpus ? now->cpus : 1);
	int err = 0;

	if (fabs(now->load[0] - before->load[0]) > limit)
		err = warn(report, "another load: %.2f, the baseline's was %.2f", now->load[0],
			   before->load[0]);
	if (!err && (now->steal_percent > STEAL_PERCENT || before->steal_percent > STEAL_PERCENT))
		err = warn(report, "the hypervisor took %.1f %% of the time, of the baseline "
			   "%.1f %%", now->steal_percent, before->steal_percent);
	return err;
}

/* How long, of all its benchmarks' wall time, their processes waited for a CPU, in percent. */
static double waiting_percent(const struct bench_results *results)
{
	double wall = 0, waiting = 0;

	for (size_t i = 0; i < results->count; i++) {
		double of_this = bench_result__mean_time(&results->results[i], BENCH_RUN_QUEUE);

		if (isnan(of_this))
			continue;
		waiting += of_this;
		wall += bench_result__mean_time(&results->results[i], BENCH_WALL);
	}
	return wall > 0 ? 100 * waiting / wall : 0;
}

static int warn_of_noise(struct compare_report *report)
{
	double now = waiting_percent(report->current), before = waiting_percent(report->baseline);

	if (!(now > NOISY_PERCENT || before > NOISY_PERCENT))
		return 0;
	return warn(report, "a noisy machine: the benchmarks waited for a CPU for %.0f %% of their "
		    "time, the baseline's for %.0f %%", now, before);
}

static int warn_of_machines(struct compare_report *report)
{
	const struct bench_environment *now = &report->current->environment;
	const struct bench_environment *before = &report->baseline->environment;

	if (warn(report, "the baseline was not rerun: noise that changes from session to session "
		 "may look like a change; ppbpf bench --against-release measures both in turns") ||
	    warn_of_noise(report))
		return -1;
	if (!report->current->environment_known || !report->baseline->environment_known)
		return warn(report, "one of the files does not say which machine it is from");
	if (warn_if_unlike(report, "machine", now->host, before->host) ||
	    warn_if_unlike(report, "CPU", now->cpu_model, before->cpu_model) ||
	    warn_if_unlike(report, "kernel", now->kernel, before->kernel) ||
	    warn_if_unlike(report, "CPU governor", now->governor, before->governor))
		return -1;
	if (now->cpus && before->cpus && now->cpus != before->cpus &&
	    warn(report, "another number of CPUs: %llu, the baseline's was %llu",
		 (unsigned long long)now->cpus, (unsigned long long)before->cpus))
		return -1;
	return warn_of_load(report, now, before);
}

static int add_warnings(struct compare_report *report)
{
	const struct bench_results *files[] = { report->current, report->baseline };
	size_t averages = 0;

	for (size_t i = 0; i < report->count; i++)
		averages += report->comparisons[i].method == METHOD_AVERAGES;
	if (averages && warn(report, "%zu of %zu benchmarks are compared by averages alone: a file "
			     "without runs cannot tell a change from chance", averages,
			     report->count))
		return -1;
	for (int i = 0; i < 2; i++)
		if (files[i]->interrupted &&
		    warn(report, "the suite of %s was interrupted: it is not all there",
			 files[i]->release))
			return -1;
	return averages < report->count && report->method == METHOD_STORED ?
		       warn_of_machines(report) : 0;
}

static int compare_all(struct compare_report *report, struct stats *stats,
		       const struct bench_result *const *baselines)
{
	const struct bench_results *files[] = { report->current, report->baseline };
	const struct compare_options options = {
		.threshold = report->threshold,
		.method = files[0]->session && files[1]->session &&
			  !strcmp(files[0]->session, files[1]->session) ?
				  METHOD_INTERLEAVED : METHOD_STORED,
	};
	double sum = 0;
	size_t known = 0;

	for (size_t i = 0; i < files[0]->count; i++) {
		const struct bench_result *current = &files[0]->results[i];
		const struct bench_result *baseline = find(baselines, files[1]->count, current);
		struct comparison *c = &report->comparisons[report->count];

		if (!baseline) {
			report->added[report->added_count++] = current;
			continue;
		}
		report->count++;
		if (compare_pair(stats, baseline, current, &options, c))
			return -1;
		report->by_verdict[c->verdict]++;
		if (c->method > report->method)
			report->method = c->method;
		if (!isnan(c->change_percent)) {
			sum += c->change_percent;
			known++;
		}
	}
	report->overall_change_percent = known ? sum / known : NAN;
	return 0;
}

/* By what should they be told apart? */
static int warn_of_twins(struct compare_report *report, const struct bench_results *file,
			 const struct bench_result *const *list)
{
	char *title;
	int err;

	for (size_t i = 1; i < file->count; i++) {
		if (compare_identity(&list[i - 1], &list[i]))
			continue;
		title = bench_result__title(list[i]);
		err = warn(report, "the results of %s hold \"%s\" more than once: of a baseline the first "
			   "counts", file->release ? file->release : "one file",
			   title ? title : list[i]->name);
		free(title);
		return err;
	}
	return 0;
}

static void list_missing(struct compare_report *report,
			 const struct bench_result *const *currents)
{
	const struct bench_results *baseline = report->baseline;

	for (size_t i = 0; i < baseline->count; i++)
		if (!find(currents, report->current->count, &baseline->results[i]))
			report->missing[report->missing_count++] = &baseline->results[i];
}

struct compare_report *compare_report__new(const struct bench_results *baseline,
					   const struct bench_results *current,
					   double threshold)
{
	struct compare_report *report = calloc(1, sizeof(*report));
	const struct bench_result **baselines = sorted(baseline), **currents = sorted(current);
	struct stats *stats = stats__new();
	struct timespec now;
	bool done = false;

	if (!report || !baselines || !currents || !stats)
		goto out;
	clock_gettime(CLOCK_REALTIME, &now);
	report->timestamp = now.tv_sec + now.tv_nsec / 1e9;
	report->current = current;
	report->baseline = baseline;
	report->threshold = threshold;
	report->comparisons = calloc(current->count + 1, sizeof(*report->comparisons));
	report->added = calloc(current->count + 1, sizeof(void *));
	report->missing = calloc(baseline->count + 1, sizeof(void *));
	if (!report->comparisons || !report->added || !report->missing ||
	    compare_all(report, stats, baselines))
		goto out;
	list_missing(report, currents);
	done = !warn_of_twins(report, current, currents) &&
	       !warn_of_twins(report, baseline, baselines) && !add_warnings(report);
out:
	stats__free(stats);
	free(baselines);
	free(currents);
	if (done)
		return report;
	compare_report__free(report);
	return NULL;
}

void compare_report__free(struct compare_report *report)
{
	if (!report)
		return;
	for (size_t i = 0; i < report->count; i++)
		comparison__clear(&report->comparisons[i]);
	for (size_t i = 0; i < report->warning_count; i++)
		free(report->warnings[i]);
	free(report->comparisons);
	free(report->missing);
	free(report->added);
	free(report->warnings);
	free(report);
}
