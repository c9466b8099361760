// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "base/text.h"
#include "model/metric.h"
#include "model/reason.h"
#include "sink/metrics_doc.h"

static struct metric_here here[128];	/* as a metric_set: more than rows */

static int lack_hardware_counters(void **state)
{
	(void)state;
	for (size_t i = 0; i < metrics_count; i++)
		if (metrics[i].needs == FEATURE_PMU)
			here[i].why_not = "this machine has no PMU";
	return 0;
}

static size_t occurrences(const char *text, const char *what)
{
	size_t count = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		count++;
	}
	return count;
}

static void markdown_has_a_row_for_each_metric_and_reason(void **state)
{
	char *text = NULL, cell[128];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(metrics_doc__markdown(out), 0);
	fclose(out);
	for (size_t i = 0; i < metrics_count; i++) {
		snprintf(cell, sizeof(cell), "\n| `%s` | `%s` |", metrics[i].name, metrics[i].json);
		assert_int_equal(occurrences(text, cell), 1);
	}
	for (size_t i = 0; i < PPBPF_REASON_NR; i++) {
		snprintf(cell, sizeof(cell), "\n| %d | %s | `%s` |", reasons[i].precedence,
			 reasons[i].name, reasons[i].json);
		assert_int_equal(occurrences(text, cell), 1);
	}
	assert_int_equal(occurrences(text, "\n## "), METRIC_SCOPE_NR + 1);
	assert_true(strstr(text, "| 1 | stopped |") < strstr(text, "| 2 | memory |"));
	free(text);
}

/* A row of eight cells has nine bars; the bars within cells are escaped. */
static void markdown_tables_are_whole(void **state)
{
	char *text = NULL, *rest, *line;
	size_t size, rows = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	metrics_doc__markdown(out);
	fclose(out);
	rest = strstr(text, "\n## A process");
	*strstr(rest, "\n## Why") = '\0';
	while ((line = strsep(&rest, "\n"))) {
		if (line[0] != '|')
			continue;
		assert_int_equal(occurrences(line, "|") - occurrences(line, "\\|"), 9);
		rows++;
	}
	assert_int_equal(rows, metrics_count + 2 * METRIC_SCOPE_NR);
	free(text);
}

static char *table(const struct term *term)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(metrics_doc__table(out, term, here), 0);
	fclose(out);
	return text;
}

static void a_table_names_all_and_says_what_cannot_be_had(void **state)
{
	const struct term term = { .utf8 = true, .width = 80 };
	char *text = table(&term), *rest = text, *line, name[64];

	(void)state;
	for (size_t i = 0; i < metrics_count; i++) {
		snprintf(name, sizeof(name), " %s %s ", here[i].why_not ? "-" : "✓", metrics[i].name);
		assert_int_equal(occurrences(text, name), 1);
		assert_non_null(strstr(text, metrics[i].otel));
	}
	assert_int_equal(occurrences(text, "not here: this machine has no PMU"), PERF_VALUE_NR);
	assert_null(strchr(text, '\033'));
	while ((line = strsep(&rest, "\n")))
		assert_in_range(text_width(line, true), 0, 80);
	free(text);
}

static void a_table_without_utf8_is_ascii(void **state)
{
	const struct term term = { .width = 100 };
	char *text = table(&term);

	(void)state;
	for (char *c = text; *c; c++)
		assert_in_range((unsigned char)*c, '\n', '~');
	assert_non_null(strstr(text, "  + cpu.time "));
	free(text);
}

static void json_has_what_the_table_has(void **state)
{
	char *text = NULL;
	size_t size, index = 0;
	FILE *out = open_memstream(&text, &size);
	cJSON *root;
	const cJSON *data, *row;

	(void)state;
	assert_int_equal(metrics_doc__json(out, here), 0);
	fclose(out);
	root = cJSON_Parse(text);
	data = cJSON_GetObjectItem(root, "data");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(data, "metrics")), metrics_count);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(data, "reasons")),
			 PPBPF_REASON_NR);
	cJSON_ArrayForEach(row, cJSON_GetObjectItem(data, "metrics"))
	{
		const cJSON *why = cJSON_GetObjectItem(row, "why_not");

		assert_string_equal(cJSON_GetObjectItem(row, "name")->valuestring,
				    metrics[index].name);
		assert_string_equal(cJSON_GetObjectItem(row, "unit")->valuestring,
				    metric_unit_name(metrics[index].unit));
		assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItem(row, "available")),
				 !here[index].why_not);
		assert_int_equal(cJSON_IsNull(why), !here[index].why_not);
		index++;
	}
	cJSON_Delete(root);
	free(text);
}

static void a_full_disk_is_told(void **state)
{
	const struct term term = { .width = 80 };
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_int_equal(metrics_doc__markdown(full), -ENOSPC);
	fclose(full);
	full = fopen("/dev/full", "w");
	assert_int_equal(metrics_doc__table(full, &term, here), -ENOSPC);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markdown_has_a_row_for_each_metric_and_reason),
		cmocka_unit_test(markdown_tables_are_whole),
		cmocka_unit_test(a_table_names_all_and_says_what_cannot_be_had),
		cmocka_unit_test(a_table_without_utf8_is_ascii),
		cmocka_unit_test(json_has_what_the_table_has),
		cmocka_unit_test(a_full_disk_is_told),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, lack_hardware_counters, NULL);
}
