// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* compare_with_baseline. */
#include "op/compare.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/term.h"
#include "base/text.h"
#include "op/clock.h"
#include "op/result.h"
#include "op/self_cost.h"
#include "sink/compare_json.h"
#include "sink/compare_table.h"
#include "sink/report_md.h"
#include "store/results.h"

struct compared {
	struct bench_results *current, *baseline;
	struct compare_report *report;
	struct report_self self;
};

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISDIR(st.st_mode);
}

struct bench_results *find_results(const char *what, const char *folder, const char *except,
				   struct err *e)
{
	size_t length = strlen(what);

	/* a path, even if it is wrong: who names a file means that file */
	if (is_file(what) || (length > 5 && !strcmp(what + length - 5, ".json")))
		return results__read(what, e);
	return results__find(folder, what, except, e);
}

/* Nothing to compare with: all benchmarks are new. */
static struct bench_results *no_baseline(const char *version, struct err *e)
{
	struct bench_results *none = bench_results__new();

	if (none)
		none->release = strdup(version);
	if (none && none->release)
		return none;
	bench_results__free(none);
	err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	return NULL;
}

static int check(const struct ppbpf_compare_options *options, struct err *e)
{
	if (!options->results)
		return err__set(e, ERR_USAGE, -EINVAL, "a results file is needed");
	if (!options->baseline)
		return err__set(e, ERR_USAGE, -EINVAL, "a baseline is needed: a version or a file");
	if (!(options->threshold >= 0 && options->threshold <= 1000))
		return err__set(e, ERR_USAGE, -EINVAL, "the threshold must be a share from 0 on");
	return 0;
}

static struct bench_results *find_baseline(const struct ppbpf_compare_options *options,
					   const char *folder, const char *current, struct err *e)
{
	struct bench_results *found = find_results(options->baseline, folder, current, e);
	char hint[sizeof(e->hint)];

	if (found || e->cause != ERR_NOT_FOUND)
		return found;
	if (options->allow_missing) {
		err__clear(e);
		return no_baseline(options->baseline, e);
	}
	text_copy(hint, sizeof(hint), e->hint);
	err__hint(e, "%s%s--allow-missing lets a first release pass", hint, *hint ? "; " : "");
	return NULL;
}

/* Two large files are read side by side. */
struct reader {
	const struct ppbpf_compare_options *options;
	const char *folder;
	struct bench_results *found;
	struct err e;
};

static void *read_baseline(void *data)
{
	struct reader *reader = data;
	const char *results = reader->options->results;

	reader->found = find_baseline(reader->options, reader->folder,
				      is_file(results) ? results : NULL, &reader->e);
	return NULL;
}

static int read_both(const struct ppbpf_compare_options *options, struct compared *c,
		     struct err *e)
{
	struct reader reader = {
		.options = options,
		.folder = options->output_dir ? options->output_dir : BENCHMARKS_DIR,
	};
	pthread_t thread;
	bool started;

	/* a version against itself: its latest results against those before */
	started = strcmp(options->results, options->baseline) &&
		  !pthread_create(&thread, NULL, read_baseline, &reader);
	c->current = find_results(options->results, reader.folder, NULL, e);
	if (started)
		pthread_join(thread, NULL);
	else if (c->current)
		reader.found = find_baseline(options, reader.folder, c->current->path, &reader.e);
	c->baseline = reader.found;
	if (c->current && !c->baseline)
		*e = reader.e;
	return e->cause == ERR_NONE ? 0 : e->code;
}

static int compare(const struct ppbpf_compare_options *options, struct compared *c, struct err *e)
{
	if (check(options, e) || read_both(options, c, e))
		return e->code;
	c->report = compare_report__new(c->baseline, c->current, options->threshold);
	if (!c->report)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	return 0;
}

static void free_compared(void *data)
{
	struct compared *c = data;

	if (!c)
		return;
	compare_report__free(c->report);
	bench_results__free(c->current);
	bench_results__free(c->baseline);
	free(c);
}

static int write_json(const struct ppbpf_result *result, FILE *stream)
{
	const struct compared *c = result->data;
	struct envelope envelope = {
		.success = ppbpf_result_success(result),
		.duration = result->duration,
		.error = &result->err,
	};

	return compare_json__write(stream, c->report, &c->self, &envelope);
}

static const struct operation operation = { write_json, free_compared };

int ppbpf_compare(const struct ppbpf_compare_options *options, struct ppbpf_result **out)
{
	struct ppbpf_result *result = result__new(&operation);
	uint64_t begin = clock_ns(CLOCK_MONOTONIC);
	struct compared *c;

	*out = result;
	if (!result)
		return PPBPF_FAILED;
	c = result->data = calloc(1, sizeof(*c));
	if (!c) {
		ppbpf_result_free(result);
		*out = NULL;
		return PPBPF_FAILED;
	}
	compare(options, c, &result->err);
	self_cost__read(&c->self);
	result->duration = (clock_ns(CLOCK_MONOTONIC) - begin) / 1e9;
	if (result->err.cause != ERR_NONE)
		return status_of(&result->err);
	result->bad_news = c->report->by_verdict[VERDICT_REGRESSION] ||
			   (options->strict && c->report->by_verdict[VERDICT_INCONCLUSIVE]);
	return result->bad_news ? PPBPF_BAD_NEWS : PPBPF_OK;
}

static int write_table(const struct compare_report *report, bool all, FILE *stream)
{
	struct compare_table table = { .all = all };
	struct term term;
	char *next = NULL;
	int err;

	/* a stream that is no file (open_memstream) is no terminal either */
	term__detect(&term, fileno(stream));
	if (report->current->path && report->count &&
	    asprintf(&next, "ppbpf report %s --baseline %s --output report.html",
		     report->current->path,
		     report->baseline->path ? report->baseline->path :
					      report->baseline->release) < 0)
		return -ENOMEM;
	table.next = next;
	err = compare_table__write(stream, report, &table, &term);
	free(next);
	return err;
}

int ppbpf_compare_write(const struct ppbpf_result *result, enum ppbpf_compare_format format,
			FILE *stream)
{
	const struct compared *c = result->operation == &operation ? result->data : NULL;

	if (!c || !c->report)
		return -EINVAL;
	switch (format) {
	case PPBPF_COMPARE_MARKDOWN:
		return report_md__write(stream, &(struct report_view){ .comparison = c->report });
	case PPBPF_COMPARE_ANNOTATIONS:
		return compare_annotations__write(stream, c->report);
	case PPBPF_COMPARE_JUNIT:
		return compare_junit__write(stream, c->report);
	default:
		return write_table(c->report, format == PPBPF_COMPARE_TABLE_ALL, stream);
	}
}
