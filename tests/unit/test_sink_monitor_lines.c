// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <inttypes.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/reason.h"
#include "sink/monitor_csv.h"
#include "sink/monitor_jsonl.h"
#include "sink_report.h"

static struct report_interval sample_interval(void)
{
	struct report_interval interval = {
		.time = 1.5, .seconds = 0.1, .cpu_percent = 98.7654, .resident_bytes = 3145728,
	};
	struct ppbpf_task task = { 0 };

	sample_values(&task, 1);
	memcpy(interval.values, task.values, sizeof(interval.values));
	sample_split(&interval.split, 1);
	interval.split.throttled = 1;	/* a nanosecond */
	return interval;
}

/* What a sink wrote to a pipe. */
static char *read_all(int fd)
{
	static char text[65536];
	ssize_t length = read(fd, text, sizeof(text) - 1);

	assert_in_range(length, 1, sizeof(text) - 1);
	text[length] = '\0';
	return text;
}

static cJSON *line_of(const struct report *report)
{
	struct report_interval interval = sample_interval();
	int ends[2];
	cJSON *root;
	char *text;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(monitor_jsonl__interval(ends[1], report, &interval), 0);
	text = read_all(ends[0]);
	close(ends[0]);
	close(ends[1]);
	/* one line, and it is whole */
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	root = cJSON_Parse(text);
	assert_non_null(root);
	return root;
}

static const cJSON *get(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	if (!item)
		fail_msg("there is no %s", key);
	return item;
}

static void a_json_line_has_the_differences(void **state)
{
	struct report *report = sample_report();
	cJSON *root = line_of(report);

	(void)state;
	assert_true(get(root, "time")->valuedouble == 1.5);
	assert_true(get(root, "interval_seconds")->valuedouble == 0.1);
	assert_true(get(root, "cpu_percent")->valuedouble == 98.765);
	assert_true(get(root, "memory_mb")->valuedouble == 3);
	assert_true(get(root, "cpu_ns")->valuedouble == 100 * MS);
	assert_true(get(root, "user_ns")->valuedouble == 75 * MS);
	assert_true(get(root, "kernel_ns")->valuedouble == 25 * MS);
	assert_true(get(root, "read_bytes")->valuedouble == 1048576);
	assert_true(get(get(root, "time_split"), "wall_ms")->valuedouble == 100);
	assert_true(get(get(root, "time_split"), "throttled_ms")->valuedouble == 0.000001);
	assert_true(get(get(get(root, "time_split"), "blocked"), "disk_ms")->valuedouble == 30);
	assert_int_equal(cJSON_GetArraySize(get(get(root, "time_split"), "blocked")),
			 PPBPF_REASON_NR);
	assert_int_equal(cJSON_GetArraySize(get(root, "processes")), 3);
	cJSON_Delete(root);
	report__free(report);
}

static void a_process_is_there_when_it_did_something(void **state)
{
	struct report *report = sample_report();
	const cJSON *row;
	cJSON *root;

	(void)state;
	tasks__mark(report->tasks);
	root = line_of(report);
	assert_int_equal(cJSON_GetArraySize(get(root, "processes")), 0);
	cJSON_Delete(root);

	sample_figures(report, 4242)[PPBPF_CPU_NS] += 5 * MS;
	sample_figures(report, 4242)[PPBPF_READ_BYTES] += 4096;
	root = line_of(report);
	assert_int_equal(cJSON_GetArraySize(get(root, "processes")), 1);
	row = get(root, "processes")->child;
	assert_int_equal(get(row, "pid")->valueint, 4242);
	assert_int_equal(get(row, "host_pid")->valueint, HOST + 4242);
	assert_string_equal(get(row, "comm")->valuestring, "build.sh");
	assert_true(get(row, "cpu_percent")->valuedouble == 5);
	assert_true(get(row, "cpu_ns")->valuedouble == 5 * MS);
	assert_true(get(row, "read_bytes")->valuedouble == 4096);
	assert_null(cJSON_GetObjectItem(row, "write_bytes"));
	assert_true(cJSON_IsFalse(get(row, "ended")));
	cJSON_Delete(root);
	report__free(report);
}

static void lines_have_the_same_fields_and_say_what_is_null(void **state)
{
	struct report *report = sample_report(), *machine = sample_machine_report();
	cJSON *one, *other;
	const cJSON *item;

	(void)state;
	machine->tracked[1] = false;
	metric_set__clear_subject(&machine->wanted, SUBJECT_NETWORK);
	one = line_of(report);
	other = line_of(machine);
	assert_int_equal(cJSON_GetArraySize(one), cJSON_GetArraySize(other));
	cJSON_ArrayForEach(item, one)
		get(other, item->string);
	assert_true(cJSON_IsNull(get(other, "memory_mb")));
	assert_true(cJSON_IsNull(get(other, "tcp_sent_bytes")));
	assert_true(cJSON_IsNull(get(get(other, "time_split"), "task_ms")));
	cJSON_ArrayForEach(item, other)
		if (cJSON_IsNull(item))
			get(get(other, "unavailable"), item->string);
	get(get(other, "unavailable"), "time_split.blocked");
	cJSON_Delete(one);
	cJSON_Delete(other);
	report__free(report);
	report__free(machine);
}

struct table {
	char *lines[4];
	char *cells[2][128];	/* of the header, of a row */
	size_t columns[2];
};

static void split_cells(struct table *table, int row)
{
	char *rest = table->lines[row], *cell;

	while ((cell = strsep(&rest, ",")))
		table->cells[row][table->columns[row]++] = cell;
}

/* A header and one row. */
static struct table table_of(const struct report *report)
{
	struct report_interval interval = sample_interval();
	struct table table = { 0 };
	int ends[2], count = 0;
	char *text, *line;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(monitor_csv__header(ends[1]), 0);
	assert_int_equal(monitor_csv__interval(ends[1], report, &interval), 0);
	text = read_all(ends[0]);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(text[strlen(text) - 1], '\n');
	while ((line = strsep(&text, "\n")))
		table.lines[count++] = line;
	assert_int_equal(count, 3);
	assert_string_equal(table.lines[2], "");
	split_cells(&table, 0);
	split_cells(&table, 1);
	return table;
}

static const char *cell(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->columns[0]; i++)
		if (!strcmp(table->cells[0][i], name))
			return table->cells[1][i];
	fail_msg("there is no column %s", name);
	return NULL;
}

static void a_csv_row_has_the_headers_columns(void **state)
{
	struct report *report = sample_report();
	struct table table = table_of(report);

	(void)state;
	assert_int_equal(table.columns[0], table.columns[1]);
	assert_int_equal(table.columns[0], 4 + 4 + PPBPF_REASON_NR + PPBPF_SUMMED_NR);
	assert_string_equal(cell(&table, "time"), "1.500000");
	assert_string_equal(cell(&table, "cpu_percent"), "98.765");
	assert_string_equal(cell(&table, "memory_bytes"), "3145728");
	assert_string_equal(cell(&table, "on_cpu_ms"), "100.000000");
	assert_string_equal(cell(&table, "throttled_ms"), "0.000001");
	assert_string_equal(cell(&table, "blocked_disk_ms"), "30.000000");
	assert_string_equal(cell(&table, "user_ns"), "75000000");
	assert_string_equal(cell(&table, "write_bytes"), "2097152");
	report__free(report);
}

static void what_is_not_known_is_an_empty_cell(void **state)
{
	struct report *report = sample_machine_report();
	struct table table;
	char sent[32];

	(void)state;
	report->tracked[0] = false;
	report__missing(report, "network.tcp_sent", "needs Linux 6.3");
	table = table_of(report);
	assert_int_equal(table.columns[0], table.columns[1]);
	assert_string_equal(cell(&table, "cpu_percent"), "");
	assert_string_equal(cell(&table, "blocked_lock_ms"), "");
	assert_string_equal(cell(&table, "on_cpu_ms"), "");
	assert_string_equal(cell(&table, "tcp_sent_bytes"), "");
	snprintf(sent, sizeof(sent), "%" PRIu64, SAMPLE_VALUE(PPBPF_UDP_SENT_BYTES));
	assert_string_equal(cell(&table, "udp_sent_bytes"), sent);
	report__free(report);
}

static void a_reader_that_went_away_is_epipe(void **state)
{
	struct report_interval interval = sample_interval();
	struct report *report = sample_report();
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(monitor_jsonl__interval(ends[1], report, &interval), -EPIPE);
	assert_int_equal(monitor_csv__interval(ends[1], report, &interval), -EPIPE);
	close(ends[1]);
	report__free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_json_line_has_the_differences),
		cmocka_unit_test(a_process_is_there_when_it_did_something),
		cmocka_unit_test(lines_have_the_same_fields_and_say_what_is_null),
		cmocka_unit_test(a_csv_row_has_the_headers_columns),
		cmocka_unit_test(what_is_not_known_is_an_empty_cell),
		cmocka_unit_test(a_reader_that_went_away_is_epipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
