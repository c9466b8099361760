// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * run_benchmark_suite: runs benchmarks under the kernel's tracepoints, attached
 * once for all of them, and saves what each iteration took and used.
 */
#include "op/bench.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "collect/environment.h"
#include "op/bench_compare.h"
#include "op/bench_group.h"
#include "op/bench_pids.h"
#include "op/call_log.h"
#include "op/clock.h"
#include "op/dependencies.h"
#include "op/descendants.h"
#include "op/keep.h"
#include "op/meter.h"
#include "op/results_file.h"
#include "op/self_cost.h"
#include "op/stop.h"
#include "ppbpf.h"
#include "sink/bench_export.h"
#include "sink/bench_json.h"
#include "sink/bench_progress.h"
#include "sink/envelope.h"
#include "store/results.h"
#include "store/suite_yaml.h"

#define ITERATIONS 10
#define WARMUP 3
#define FEW_ITERATIONS 10
#define OUTPUT_DIR "./benchmarks"
#define BUSY_LOAD 0.5	/* runnable tasks a CPU, before we begin */

static const struct operation bench_operation;

static double unix_time(void)
{
	struct timeval t;

	gettimeofday(&t, NULL);
	return t.tv_sec + t.tv_usec / 1e6;
}

/* Where results cannot be saved, nothing needs to be measured. */
static int check_folder(struct bench *bench)
{
	const char *folder = bench->report->output_dir;
	int err = make_folder(folder, bench->err);

	if (err || !access(folder, W_OK | X_OK))
		return err;
	err = err__set(bench->err, ERR_IO, -errno, "results cannot be saved in %s: %s", folder,
		       strerror(errno));
	err__hint(bench->err, "--output-dir names another folder");
	return err;
}

/* Programs are kept beside the results, and found there again. */
static int open_kept(struct bench *bench)
{
	const struct ppbpf_bench_options *o = bench->options;
	struct bench_session *s = &bench->session;

	if (!o->keep && !o->against_release)
		return 0;
	bench->keep_folder = realpath(bench->report->output_dir, NULL);
	if (!bench->keep_folder)
		return bench__no_memory(bench);
	s->keep_folder = bench->keep_folder;
	s->run_kept = o->against_release;
	s->arena = &bench->arena;
	if (!o->against_release)
		return 0;
	bench->baseline = results__find(bench->report->output_dir, o->against_release, NULL,
					bench->err);
	return bench->baseline ? 0 : bench->err->code;
}

/* Why nobody should trust the figures much, as far as it is known before. */
static void warn_before(struct bench *bench)
{
	const struct ppbpf_bench_options *o = bench->options;
	const struct bench_environment *e = &bench->report->versions[0]->environment;
	struct bench_report *report = bench->report;

	if (o->iterations && o->iterations < FEW_ITERATIONS)
		bench_report__warn(report, "%u iteration%s: fewer than %d say little of how much "
				   "results vary", o->iterations, o->iterations == 1 ? "" : "s",
				   FEW_ITERATIONS);
	if (!o->warmup)
		bench_report__warn(report, "no warm-up: the first iterations fill the caches");
	if (!isnan(e->load[0]) && e->load[0] > BUSY_LOAD * e->cpus)
		bench_report__warn(report, "a noisy machine: its load is %.2f on %llu CPUs",
				   e->load[0], (unsigned long long)e->cpus);
	if (e->governor && strcmp(e->governor, "performance") && strcmp(e->governor, "schedutil"))
		bench_report__warn(report, "the CPU's governor is \"%s\": its clock changes with the "
				   "load", e->governor);
}

/* Reasons that hold where there are regions or functions; those given before go first. */
static int note_calls(struct bench *bench)
{
	int err = 0;

	for (size_t i = 0; i < bench->version_count && !err; i++)
		err = call_log__note_missing(bench->report->versions[i]);
	return err;
}

static int attach(struct bench *bench)
{
	const struct ppbpf_bench_options *o = bench->options;
	struct bench_session *s = &bench->session;
	const char *lacks;
	int err;

	s->iterations = o->iterations;
	s->warmup = o->warmup;
	s->timeout_ns = o->timeout_ns;
	s->user = o->user;
	s->stdout_fd = o->show_output ? o->command_stdout_fd : -1;
	s->stderr_fd = o->show_output ? STDERR_FILENO : -1;
	s->begin_ns = bench->entered;
	s->random = clock_ns(CLOCK_REALTIME) ^ (uint64_t)getpid() << 40;
	s->descendants = descendants__new();
	if (!s->descendants)
		return bench__no_memory(bench);
	err = meter__new(&s->meter, !o->no_resources, bench->report->versions[0], &lacks,
			 bench->err);
	for (size_t i = 1; i < bench->version_count && !err; i++)
		err = meter__note_missing(s->meter, bench->report->versions[i]);
	if (!err && lacks)
		bench_report__warn(bench->report, "%s", lacks);
	for (size_t i = 0; i < bench->suite->count && !err; i++)
		if (bench->suite->benchmarks[i].region || bench->suite->benchmarks[i].function) {
			err = note_calls(bench);
			break;
		}
	environment__ticks(&bench->ticks);
	bench->report->self.attach_ms = (clock_ns(CLOCK_MONOTONIC) - bench->entered) / 1e6;
	bench->report->self.start_cpu_seconds = self_cost__cpu_seconds();
	return err;
}

/* Why a release has kept nothing of a benchmark. */
static const char *why_not_kept(const struct bench_result *from)
{
	for (size_t i = 0; from && i < from->warning_count; i++)
		if (!strncmp(from->warnings[i], KEEP_REFUSED, strlen(KEEP_REFUSED)))
			return from->warnings[i];
	return from ? "it was measured without --keep" : "there was no such benchmark";
}

/* What the baseline's benchmark of the same name and parameters has kept. */
static int take_kept(struct bench *bench, struct bench_result *result)
{
	const struct bench_results *all = bench->baseline;
	const struct bench_result *from = NULL;
	int err = 0;

	for (size_t i = 0; i < all->count && !from; i++)
		if (bench_result__matches(&all->results[i], result))
			from = &all->results[i];
	for (size_t i = 0; from && i < from->kept_count && !err; i++)
		err = bench_result__add_kept(result, from->kept[i].role, from->kept[i].path,
					     from->kept[i].sha256);
	if (!err && !result->kept_count && !result->failure) {
		bench->session.failure = ERR_NOT_FOUND;
		err = asprintf(&result->failure, "%s cannot be run again: %s", all->release,
			       why_not_kept(from)) < 0 ? -ENOMEM : 0;
	}
	return err;
}

/* A result for each version, with what is known of it before it has run. */
static int add_results(struct bench *bench, const struct suite_benchmark *b,
		       struct bench_contender *contenders)
{
	static const char *const units[] = {
		[THROUGHPUT_OPERATIONS] = "operations", [THROUGHPUT_BYTES] = "bytes",
	};
	struct bench_result *result;
	struct suite_command command;

	for (size_t i = 0; i < bench->version_count; i++) {
		struct bench_results *results = bench->report->versions[i];
		struct bench_contender *c = &contenders[i];

		*c = (struct bench_contender){ .results = results, .index = results->count };
		c->argv = bench->options->suite || !bench->versions[i].argv ?
				  b->command.argv : bench->versions[i].argv;
		command = (struct suite_command){ (char **)c->argv, b->command.shell };
		result = bench_results__add(results, b->name);
		if (!result)
			return bench__no_memory(bench);
		result->timestamp = unix_time();
		result->kind = strdup(b->region ? "region" : b->function ? "function" : "command");
		result->command = strdup(command_text(&bench->arena, &command));
		result->threshold = b->threshold;
		if (b->throughput_unit != THROUGHPUT_NONE)
			result->throughput_unit = strdup(units[b->throughput_unit]);
		for (size_t k = 0; k < b->parameter_count; k++)
			bench_result__add_parameter(result, b->parameters[k].name,
						    b->parameters[k].value);
		c->is_kept = bench->versions[i].is_kept;
		if (c->is_kept && take_kept(bench, result))
			return bench__no_memory(bench);
	}
	return bench->arena.error ? bench__no_memory(bench) : 0;
}

static int tell(struct bench *bench, const struct bench_contender *contenders)
{
	int err = 0;

	bench_progress__clear(bench->session.progress);
	for (size_t i = 0; i < bench->version_count && bench->table && !err; i++)
		err = bench_table__result(bench->table, contender_result(&contenders[i]),
					  bench->version_count > 1 ?
					  contenders[i].results->release : NULL);
	/* nobody reads any more: the results are saved all the same */
	if (err) {
		bench_table__free(bench->table);
		bench->table = NULL;
	}
	return 0;
}

static int run_benchmark(struct bench *bench, const struct suite_benchmark *b)
{
	struct bench_contender *contenders = calloc(bench->version_count, sizeof(*contenders));
	struct bench_group group = { .b = b, .contenders = contenders,
				     .count = bench->version_count,
				     .is_open = bench_compare__is_open, .context = bench };
	int err;

	if (!contenders)
		return bench__no_memory(bench);
	err = add_results(bench, b, contenders);
	if (!err)
		err = bench_group__run(&bench->session, &group, bench->err);
	if (!err)
		err = tell(bench, contenders);
	bench_progress__next(bench->session.progress);
	free(contenders);
	return err;
}

static int run_all(struct bench *bench)
{
	const struct ppbpf_bench_options *o = bench->options;
	size_t done = 0;
	int err = 0;

	for (size_t i = 0; i < bench->suite->count && !err && !bench->session.stopped; i++) {
		if (o->only && !text_glob(o->only, bench->suite->benchmarks[i].name))
			continue;
		err = run_benchmark(bench, &bench->suite->benchmarks[i]);
		done++;
	}
	for (size_t i = 0; i < bench->version_count; i++)
		bench->report->versions[i]->interrupted = bench->session.stopped;
	if (bench->session.stopped && !err) {
		err = err__set(bench->err, ERR_INTERNAL, -EINTR,
			       "interrupted in benchmark %zu of %zu: what was measured is kept", done,
			       bench->wanted);
	}
	return err;
}

static void note_steal(struct bench *bench)
{
	struct cpu_ticks now;

	if (environment__ticks(&now) || now.all <= bench->ticks.all)
		return;
	for (size_t i = 0; i < bench->version_count; i++)
		bench->report->versions[i]->environment.steal_percent =
			100.0 * (now.stolen - bench->ticks.stolen) / (now.all - bench->ticks.all);
}

/* A part of a baseline would become its latest results, and hide the whole. */
static bool is_saved(const struct bench *bench, size_t version)
{
	return !bench->versions[version].is_kept ||
	       (!bench->options->only && !bench->session.stopped);
}

static void note_failures(struct bench_results *results)
{
	static const char *const paths[] = {
		"duration_ms", "avg_time_ms", "median_time_ms", "min_time_ms", "max_time_ms",
		"std_dev_ms", "throughput_ops_sec", "memory_peak_mb", "memory_peak_bytes",
		"cpu_avg_percent",
	};
	bool failed = false;

	for (size_t i = 0; i < results->count; i++)
		failed |= results->results[i].failure != NULL;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]) && failed; i++)
		bench_results__missing(results, paths[i], "a benchmark that failed has none: see "
				       "its metadata.failure");
	bench_results__missing(results, "std_dev_ms", "it takes two iterations at least");
}

/* Results are saved after an error, too: what was measured is worth having. */
static void finish(struct bench *bench)
{
	struct bench_report *report = bench->report;
	struct bench_summary summary;

	note_steal(bench);
	if (dependencies__name_packages(report))
		bench__no_memory(bench);
	report->lost_exits = meter__lost(bench->session.meter);
	report->lost_calls = bench->session.lost_calls;
	self_cost__read(&report->self);
	if (report->lost_exits)
		bench_report__warn(report, "%llu exit records were lost: the runs that they belong to "
				   "lack what these processes used",
				   (unsigned long long)report->lost_exits);
	for (size_t i = 0; i < report->version_count; i++)
		note_failures(report->versions[i]);
	for (size_t i = 0; i < report->version_count; i++)
		if (report->versions[i]->count && is_saved(bench, i))
			results_file__save(report->versions[i], report->output_dir, bench->err);
	if (bench_report__view(report) || bench_compare__finish(bench))
		bench__no_memory(bench);
	bench_report__summarize(report, &summary);
	bench->result->bad_news = summary.failed > 0 || bench_compare__is_bad_news(bench);
	if (bench->table)
		bench_compare__print(bench, bench->options->table_fd);
	if (bench->table)
		bench_table__end(bench->table, report);
}

static int begin(struct bench *bench)
{
	const struct ppbpf_bench_options *o = bench->options;
	struct bench_report *report = bench->report;

	report->iterations = o->iterations ? o->iterations : ITERATIONS;
	report->warmup = o->warmup >= 0 ? o->warmup : WARMUP;
	report->track_resources = !o->no_resources;
	report->threshold = o->threshold;
	report->output_dir = strdup(o->output_dir ? o->output_dir : OUTPUT_DIR);
	bench->session.dependencies = dependencies__new();
	bench->timestamp = unix_time();
	if (!report->output_dir || !bench->session.dependencies ||
	    asprintf(&bench->session_id, "%.6f-%d", bench->timestamp, getpid()) < 0)
		return bench__no_memory(bench);
	return 0;
}

static int open_table(struct bench *bench)
{
	const struct ppbpf_bench_options *o = bench->options;
	int width = 0, extra = 0;
	char title[256];

	if (o->progress && !bench->session.progress)
		bench->session.progress = bench_progress__new(STDERR_FILENO, bench->wanted);
	if (!o->table)
		return 0;
	for (size_t i = 0; i < bench->suite->count; i++) {
		int w = text_width(bench->suite->benchmarks[i].name, true);

		width = w > width ? w : width;
	}
	for (size_t i = 0; i < bench->version_count && bench->version_count > 1; i++) {
		int w = text_width(bench->versions[i].name, true) + 3;

		extra = w > extra ? w : extra;
	}
	bench->table = bench_table__new(o->table_fd, width + extra);
	if (!bench->table)
		return bench__no_memory(bench);
	if (bench->version_count > 1)
		snprintf(title, sizeof(title), "%s against %s, in turns",
			 bench->versions[bench->version_count - 1].name, bench->versions[0].name);
	else
		snprintf(title, sizeof(title), "%s", bench->versions[0].name);
	bench_table__header(bench->table, title, bench->wanted);
	return 0;
}

static int run_suite(struct bench *bench)
{
	int err = bench__load_suite(bench);

	if (!err)
		err = check_folder(bench);
	if (!err)
		err = open_kept(bench);
	if (!err)
		err = attach(bench);
	if (err)
		return err;
	warn_before(bench);
	err = open_table(bench);
	return err ? err : run_all(bench);
}

/* What runs already is one benchmark, told of at its end. */
static int run_pids(struct bench *bench)
{
	struct bench_results *results = bench->report->versions[0];
	struct bench_contender contender = { .results = results };
	int err;

	err = check_folder(bench);
	if (err)
		return err;
	if (bench->options->progress)
		bench->session.progress = bench_progress__new(STDERR_FILENO, 1);
	environment__ticks(&bench->ticks);
	err = bench_pids__run(bench);
	results->interrupted = bench->session.stopped;
	if (err || !results->count)
		return err;
	bench->suite = suite__new();
	err = bench->suite ? open_table(bench) : bench__no_memory(bench);
	if (!err)
		err = tell(bench, &contender);
	if (!err && bench->session.stopped)
		err = err__set(bench->err, ERR_INTERNAL, -EINTR,
			       "interrupted: what was measured is kept");
	return err;
}

static void measure(struct bench *bench)
{
	int err = bench__check_options(bench);

	if (!err)
		err = begin(bench);
	if (!err)
		err = bench__make_versions(bench);
	if (!err)
		err = bench->options->pid_count ? run_pids(bench) : run_suite(bench);
	if (bench->report->version_count && bench->session.meter)
		finish(bench);
}

static void bench__close(struct bench *bench)
{
	bench_progress__free(bench->session.progress);
	bench_table__free(bench->table);
	meter__free(bench->session.meter);
	descendants__free(bench->session.descendants);
	dependencies__free(bench->session.dependencies);
	suite__free(bench->suite);
	bench_results__free(bench->baseline);
	stats__free(bench->stats);
	free(bench->keep_folder);
	arena__free(&bench->arena);
	free(bench->session_id);
}

/* One line for who asks what went wrong: the first benchmark that failed. */
static void tell_failure(struct bench *bench)
{
	const struct bench_results *all = &bench->report->all;
	size_t failed = 0;

	for (size_t i = 0; i < all->count; i++)
		failed += all->results[i].failure != NULL;
	for (size_t i = 0; i < all->count && failed; i++)
		if (all->results[i].failure) {
			err__set(bench->err, bench->session.failure, -EIO, "%s: %s%s",
				 all->results[i].name, all->results[i].failure,
				 failed > 1 ? ", and others failed" : "");
			if (bench->session.failure == ERR_INTERNAL &&
			    !bench->options->show_output && !bench->options->pid_count)
				err__hint(bench->err, "--show-output shows what it says");
			return;
		}
}

int ppbpf_bench(const struct ppbpf_bench_options *options, struct ppbpf_result **out)
{
	struct ppbpf_result *result = result__new(&bench_operation);
	struct bench bench = { .options = options, .result = result, .wanted = !options->suite };
	int status;

	*out = result;
	if (!result)
		return PPBPF_FAILED;
	bench.err = &result->err;
	bench.entered = clock_ns(CLOCK_MONOTONIC);
	bench.report = result->data = bench_report__new();
	if (!bench.report)
		return bench__no_memory(&bench), PPBPF_FAILED;
	stop__begin();
	measure(&bench);
	stop__end();
	status = status_of(&result->err);
	if (status == PPBPF_OK && result->bad_news) {
		tell_failure(&bench);
		status = PPBPF_BAD_NEWS;
	}
	bench__close(&bench);
	result->duration = (clock_ns(CLOCK_MONOTONIC) - bench.entered) / 1e9;
	return status;
}

void ppbpf_bench_stop(void)
{
	stop__request();
}

static int write_json(const struct ppbpf_result *result, FILE *stream)
{
	const struct envelope envelope = {
		.success = ppbpf_result_success(result),
		.duration = result->duration,
		.error = &result->err,
	};

	return bench_json__write(stream, result->data, &envelope);
}

static void free_data(void *data)
{
	bench_report__free(data);
}

static const struct operation bench_operation = {
	.write_json = write_json, .free_data = free_data,
};

int ppbpf_bench_export(const struct ppbpf_result *result, enum ppbpf_bench_format format,
		       FILE *stream)
{
	static const bench_export_fn writers[] = {
		[PPBPF_BENCH_HYPERFINE] = bench_export_json,
		[PPBPF_BENCH_CSV] = bench_export_csv,
		[PPBPF_BENCH_MARKDOWN] = bench_export_markdown,
		[PPBPF_BENCH_ANNOTATIONS] = bench_annotations,
		[PPBPF_BENCH_SUMMARY] = bench_job_summary,
	};

	if (result->operation != &bench_operation || !result->data)
		return -EINVAL;
	return writers[format](stream, result->data);
}

const char *ppbpf_bench_example(void)
{
	return suite_yaml_example;
}
