// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* The readers of results and comparisons, and all that prints what they have read. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "sink/compare_json.h"
#include "sink/compare_table.h"
#include "sink/report_html.h"
#include "sink/report_md.h"
#include "sink/results_json.h"
#include "store/comparison.h"
#include "store/results.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(const struct compare_report *comparison, const struct bench_results *results)
{
	const struct report_view view = { comparison, results, true };
	FILE *nowhere = fopen("/dev/null", "w");

	report_html__write(nowhere, &view);
	report_md__write(nowhere, &view);
	if (comparison)
		compare_junit__write(nowhere, comparison);
	fclose(nowhere);
}

/* What was understood can be written, and is understood again. */
static void read_again(const struct bench_results *results)
{
	struct bench_results *again;
	struct err e = { 0 };
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	results_json__write(stream, results);
	fclose(stream);
	again = results__parse(text, size, "again", &e);
	if (!again) {
		fprintf(stderr, "%s\n%s\n", e.message, text);
		abort();
	}
	assert(again->count == results->count);
	bench_results__free(again);
	free(text);
}

static void try_results(const char *text, size_t size)
{
	struct err e = { 0 };
	struct bench_results *results = results__parse(text, size, "fuzz", &e);
	struct compare_report *report;

	if (!results) {
		assert(e.cause != ERR_NONE && e.message[0]);
		return;
	}
	report = compare_report__new(results, results, 0.05);
	print(report, NULL);
	print(NULL, results);
	compare_report__free(report);
	read_again(results);
	bench_results__free(results);
}

static void try_comparison(const char *text, size_t size)
{
	struct err e = { 0 };
	struct comparison_file *file = comparison_file__parse(text, size, "fuzz", &e);

	if (!file) {
		assert(e.cause != ERR_NONE && e.message[0]);
		return;
	}
	print(file->report, NULL);
	comparison_file__free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	try_results(text, size);
	try_comparison(text, size);
	free(text);
	return 0;
}
