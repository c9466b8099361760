// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* generate_performance_report. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/text.h"
#include "op/clock.h"
#include "op/compare.h"
#include "op/result.h"
#include "op/self_cost.h"
#include "sink/compare_table.h"
#include "sink/report_html.h"
#include "sink/report_json.h"
#include "sink/report_md.h"
#include "sink/report_svg.h"
#include "store/comparison.h"
#include "store/results.h"

#define FILE_MAX (1UL << 30)
#define NAME_BYTES 80

static const struct format {
	const char *name;
	const char *suffix;
	int (*write)(FILE *out, const struct report_view *view);
	bool charts;		/* when nobody says */
} formats[] = {
	{ "html", ".html", report_html__write, true },
	{ "html", ".htm", report_html__write, true },
	{ "md", ".md", report_md__write, false },
	{ "json", ".json", report_json__write_file, false },
};

struct reported {
	struct comparison_file *file;	/* what was read: one of these three */
	struct bench_results *results;
	struct compare_report *compared;
	struct bench_results *baseline;
	struct report_view view;
	const struct format *format;
	char *output;
	bool done;
	struct report_self self;
};

static const struct format *format_of(const char *path)
{
	size_t length = strlen(path);

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		size_t suffix = strlen(formats[i].suffix);

		if (length > suffix && !strcasecmp(path + length - suffix, formats[i].suffix))
			return &formats[i];
	}
	return NULL;
}

static const char *folder_of(const struct ppbpf_report_options *options)
{
	return options->output_dir ? options->output_dir : BENCHMARKS_DIR;
}

/* Rather than a file that is not there. */
static bool is_version(const char *input)
{
	size_t length = strlen(input);

	return access(input, F_OK) && !strchr(input, '/') &&
	       !(length > 5 && !strcmp(input + length - 5, ".json"));
}

/* A comparison, or results: a file, or the latest of a version. */
static int read_input(const struct ppbpf_report_options *options, struct reported *r,
		      struct err *e)
{
	const char *path = options->input;
	struct buf text = BUF_INIT;

	if (is_version(path))
		r->results = results__find(folder_of(options), path, NULL, e);
	else if (!read_file(path, FILE_MAX, &text, e)) {
		if (comparison_file__is(buf__str(&text)))
			r->file = comparison_file__parse(buf__str(&text), text.length, path, e);
		else
			r->results = results__parse(buf__str(&text), text.length, path, e);
	}
	buf__free(&text);
	return e->cause == ERR_NONE ? 0 : e->code;
}

static int compare_input(const struct ppbpf_report_options *options, struct reported *r,
			 struct err *e)
{
	const char *input = r->results && r->results->path ? r->results->path : options->input;

	if (r->file)
		return err__set(e, ERR_USAGE, -EINVAL,
				"%s is a comparison: it has its baseline already", options->input);
	r->baseline = find_results(options->baseline, folder_of(options), input, e);
	if (!r->baseline)
		return e->code;
	r->compared = compare_report__new(r->baseline, r->results, options->threshold);
	return r->compared ? 0 : err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
}

static int write_output(struct reported *r, struct err *e)
{
	struct atomic_file *file = atomic_file__open(r->output, e);
	int err;

	if (!file)
		return e->code;
	err = r->format->write(atomic_file__stream(file), &r->view);
	if (err)
		err__set(e, ERR_IO, err, "%s cannot be written: %s", r->output, strerror(-err));
	else
		err = atomic_file__commit(file, e);
	atomic_file__free(file);
	return err;
}

/* --- charts alone -------------------------------------------------------------- */

/* An SVG of its own needs the colours in it: behind its title, before all that is drawn. */
static void put_svg(FILE *out, const char *svg)
{
	const char *body = strstr(svg, "</title>");

	if (!body)
		return;
	body += strlen("</title>");
	fwrite(svg, 1, body - svg, out);
	fputs("<style>", out);
	report_style(out);
	fputs("</style>", out);
	fputs(body, out);
	putc('\n', out);
}

static void draw_strip(FILE *out, const struct chart_sides *sides)
{
	chart_strip(out, sides);
}

static void draw_split(FILE *out, const struct chart_sides *sides)
{
	chart_split(out, sides);
}

static void draw_shift(FILE *out, const struct chart_sides *sides)
{
	if (sides->comparison)
		chart_shift(out, sides->comparison, chart_shift_limit(&sides->comparison, 1),
			    false);
}

static const struct {
	const char *name;
	void (*draw)(FILE *out, const struct chart_sides *sides);
} charts[] = {
	{ "runs", draw_strip }, { "split", draw_split }, { "shift", draw_shift },
};

static int write_chart(const char *path, const char *svg, struct err *e)
{
	struct atomic_file *file = atomic_file__open(path, e);
	int err;

	if (!file)
		return e->code;
	put_svg(atomic_file__stream(file), svg);
	err = atomic_file__commit(file, e);
	atomic_file__free(file);
	return err;
}

/* A benchmark's name as a file's: what could lead elsewhere becomes '_'. */
static void file_name(char *out, size_t size, const char *title)
{
	text_copy(out, size, title);
	for (char *c = out; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._+-=", *c))
			*c = '_';
	if (*out == '.')
		*out = '_';
}

/* DIR/001-parse-large-runs.svg: numbered, as two names may come to the same. */
static int write_benchmark_charts(const struct report_view *view, size_t index, const char *dir,
				  struct err *e)
{
	struct chart_sides sides = report_sides(view, index);
	char *title = bench_result__title(sides.results[1]), *svg, *path, name[NAME_BYTES];
	size_t size;
	FILE *stream;
	int err = 0;

	file_name(name, sizeof(name), title ? title : sides.results[1]->name);
	free(title);
	for (size_t i = 0; !err && i < sizeof(charts) / sizeof(charts[0]); i++) {
		svg = path = NULL;
		stream = open_memstream(&svg, &size);
		if (!stream)
			return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
		charts[i].draw(stream, &sides);
		fclose(stream);
		if (size && asprintf(&path, "%s/%03zu-%s-%s.svg", dir, index + 1, name,
				     charts[i].name) > 0)
			err = write_chart(path, svg, e);
		free(svg);
		free(path);
	}
	return err;
}

static int write_charts(const struct report_view *view, const char *dir, struct err *e)
{
	int err = make_folder(dir, e);

	for (size_t i = 0; !err && i < report_view__count(view); i++)
		err = write_benchmark_charts(view, i, dir, e);
	return err;
}

/* --- the operation ------------------------------------------------------------- */

static int check(const struct ppbpf_report_options *options, struct reported *r, struct err *e)
{
	if (!options->input)
		return err__set(e, ERR_USAGE, -EINVAL, "a comparison or a results file is needed");
	if (!options->output && !options->svg_dir)
		return err__set(e, ERR_USAGE, -EINVAL,
				"where to? an output file or a folder for charts is needed");
	if (!options->output)
		return 0;
	r->format = format_of(options->output);
	if (!r->format)
		return err__set(e, ERR_USAGE, -EINVAL,
				"%s: a report ends in .html, .md or .json", options->output);
	r->output = strdup(options->output);
	return r->output ? 0 : err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
}

static int make_report(const struct ppbpf_report_options *options, struct reported *r,
		       struct err *e)
{
	if (check(options, r, e) || read_input(options, r, e))
		return e->code;
	if (options->baseline && compare_input(options, r, e))
		return e->code;
	r->view.comparison = r->file ? r->file->report : r->compared;
	r->view.results = r->results;
	r->view.charts = options->no_charts ? false :
			 options->charts || (r->format && r->format->charts);
	if (r->output && r->format && write_output(r, e))
		return e->code;
	if (options->svg_dir && write_charts(&r->view, options->svg_dir, e))
		return e->code;
	r->done = true;
	return 0;
}

static void free_reported(void *data)
{
	struct reported *r = data;

	if (!r)
		return;
	comparison_file__free(r->file);
	compare_report__free(r->compared);
	bench_results__free(r->results);
	bench_results__free(r->baseline);
	free(r->output);
	free(r);
}

static int write_json(const struct ppbpf_result *result, FILE *stream)
{
	const struct reported *r = result->data;
	const struct envelope envelope = {
		.success = ppbpf_result_success(result),
		.duration = result->duration,
		.error = &result->err,
	};
	const struct report_outcome outcome = {
		.view = r->done ? &r->view : NULL,
		.file = r->output,
		.format = r->format ? r->format->name : "svg",
		.self = &r->self,
	};

	return report_json__write(stream, &outcome, &envelope);
}

static const struct operation operation = { write_json, free_reported };

int ppbpf_report(const struct ppbpf_report_options *options, struct ppbpf_result **out)
{
	struct ppbpf_result *result = result__new(&operation);
	uint64_t begin = clock_ns(CLOCK_MONOTONIC);
	struct reported *r;

	*out = result;
	if (!result)
		return PPBPF_FAILED;
	r = result->data = calloc(1, sizeof(*r));
	if (!r) {
		ppbpf_result_free(result);
		*out = NULL;
		return PPBPF_FAILED;
	}
	make_report(options, r, &result->err);
	self_cost__read(&r->self);
	result->duration = (clock_ns(CLOCK_MONOTONIC) - begin) / 1e9;
	return status_of(&result->err);
}

int ppbpf_report_headline(const struct ppbpf_result *result, FILE *stream)
{
	const struct reported *r = result->operation == &operation ? result->data : NULL;
	struct buf line = BUF_INIT;
	int err;

	if (!r || !r->done)
		return -EINVAL;
	if (r->view.comparison)
		compare_headline(&line, r->view.comparison);
	else
		buf__printf(&line, "%zu benchmark%s of %s", r->view.results->count,
			    r->view.results->count == 1 ? "" : "s", r->view.results->release);
	/* names come from a file */
	for (size_t i = 0; i < line.length; i++)
		if ((unsigned char)line.data[i] < ' ' || line.data[i] == 0x7f)
			line.data[i] = '?';
	err = line.error;
	if (!err && (fputs(buf__str(&line), stream) < 0 || putc('\n', stream) == EOF))
		err = errno ? -errno : -EIO;
	buf__free(&line);
	return err;
}
