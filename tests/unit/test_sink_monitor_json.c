// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/err.h"
#include "model/reason.h"
#include "sink/monitor_json.h"
#include "sink_report.h"

static const struct envelope good = { .success = true, .duration = 2.25 };

static cJSON *written(const struct report *report, const struct envelope *envelope)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	cJSON *root;

	assert_int_equal(monitor_json__write(stream, report, envelope), 0);
	fclose(stream);
	root = cJSON_Parse(text);
	assert_non_null(root);
	free(text);
	return root;
}

/* "data.processes.1.comm" */
static const cJSON *at(const cJSON *root, const char *path)
{
	char copy[128], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *key = strtok_r(copy, ".", &save); key && root; key = strtok_r(NULL, ".", &save))
		root = cJSON_IsArray(root) ? cJSON_GetArrayItem(root, atoi(key)) :
					     cJSON_GetObjectItemCaseSensitive(root, key);
	if (!root)
		fail_msg("there is no %s", path);
	return root;
}

static double number(const cJSON *root, const char *path)
{
	const cJSON *item = at(root, path);

	if (!cJSON_IsNumber(item))
		fail_msg("%s is no number", path);
	return item->valuedouble;
}

static const char *string(const cJSON *root, const char *path)
{
	const cJSON *item = at(root, path);

	if (!cJSON_IsString(item))
		fail_msg("%s is no string", path);
	return item->valuestring;
}

static void assert_number(const cJSON *root, const char *path, double expected)
{
	if (number(root, path) != expected)
		fail_msg("%s is %.17g, not %.17g", path, number(root, path), expected);
}

static void assert_null_at(const cJSON *root, const char *path)
{
	if (!cJSON_IsNull(at(root, path)))
		fail_msg("%s is not null", path);
}

/* The rule a reader goes by: the path without positions, or what it is a part of. */
static bool is_explained(const cJSON *unavailable, const char *path)
{
	char part[160];
	char *dot;

	snprintf(part, sizeof(part), "%s", path);
	while (!cJSON_GetObjectItemCaseSensitive(unavailable, part)) {
		dot = strrchr(part, '.');
		if (!dot)
			return false;
		*dot = '\0';
	}
	return true;
}

/* What the contract defines as null: no reason is due. */
static bool is_none(const char *path)
{
	static const char *const paths[] = {
		"operation_result", "processes.start", "processes.end", "processes.exit_status",
		"processes.signal", "processes.left",
	};

	for (size_t i = 0; i < LENGTH(paths); i++)
		if (!strcmp(path, paths[i]))
			return true;
	return false;
}

/* Every null below @item has its reason; returns how many nulls there are. */
static int check_nulls(const cJSON *item, const char *path, const cJSON *unavailable)
{
	const cJSON *child, *other;
	char below[160];
	int nulls = 0;

	if (cJSON_IsNull(item)) {
		if (!is_explained(unavailable, path) && !is_none(path))
			fail_msg("%s is null without a reason", path);
		return 1;
	}
	cJSON_ArrayForEach(child, item)
	{
		snprintf(below, sizeof(below), "%s%s%s", path,
			 *path && child->string ? "." : "", child->string ? child->string : "");
		nulls += check_nulls(child, below, unavailable);
		for (other = child->next; child->string && other; other = other->next)
			if (!strcmp(child->string, other->string))
				fail_msg("%s is there twice", below);
	}
	return nulls;
}

static int check_all_nulls(const cJSON *root)
{
	const cJSON *unavailable = at(root, "metadata.unavailable");

	return check_nulls(at(root, "data"), "", unavailable) +
	       check_nulls(at(root, "metadata"), "", unavailable);
}

static void the_envelope_is_the_contracts(void **state)
{
	static const char *const keys[] = {
		"schema", "operation", "success", "data", "duration", "metadata", "error",
	};
	struct report *report = sample_report();
	cJSON *root = written(report, &good);
	const cJSON *item = root->child;

	(void)state;
	for (size_t i = 0; i < LENGTH(keys); i++, item = item->next)
		assert_string_equal(item->string, keys[i]);
	assert_null(item);
	assert_string_equal(string(root, "schema"), "ppbpf/1");
	assert_string_equal(string(root, "operation"), "monitor_resource_usage");
	assert_true(cJSON_IsTrue(at(root, "success")));
	assert_number(root, "duration", 2.25);
	assert_null_at(root, "error");
	assert_number(root, "data.operation_result", 3);
	cJSON_Delete(root);
	report__free(report);
}

static void resource_usage_has_the_series_and_the_totals(void **state)
{
	struct report *report = sample_report();
	cJSON *root = written(report, &good);
	const cJSON *usage = at(root, "data.resource_usage");

	(void)state;
	assert_number(usage, "duration_seconds", 2);
	assert_number(usage, "samples_collected", 20);
	/* 0, 10, ... 190 with 198 in place of 70 */
	assert_number(usage, "cpu_usage.avg_percent", 101.4);
	assert_number(usage, "cpu_usage.peak_percent", 198);
	assert_number(usage, "cpu_usage.min_percent", 0);
	assert_int_equal(cJSON_GetArraySize(at(usage, "cpu_usage.samples")), 20);
	assert_number(usage, "cpu_usage.samples.7", 198);
	assert_number(usage, "sample_times.7", 0.8);
	assert_int_equal(cJSON_GetArraySize(at(usage, "sample_times")), 20);
	/* cc1's own peak is larger than any sample */
	assert_number(usage, "memory_usage.peak_mb", 300);
	assert_number(usage, "memory_usage.peak_bytes", 300 * 1048576.0);
	assert_number(usage, "memory_usage.min_mb", 1 / 256.0);
	assert_number(usage, "memory_usage.avg_bytes", 43008);
	assert_number(usage, "memory_usage.samples.19", 20 / 256.0);
	assert_number(usage, "disk_io.read_mb", 6);
	assert_number(usage, "disk_io.write_mb", 12);
	assert_number(usage, "disk_io.total_mb", 18);
	assert_number(usage, "disk_io.written_bytes", 12 * 1048576.0);
	assert_number(usage, "network_io.sent_mb", 1000 / 1048576.0);
	assert_number(usage, "network_io.recv_bytes", 2000);
	assert_number(usage, "network_io.total_bytes", 3000);
	cJSON_Delete(root);
	report__free(report);
}

static double sum_of_parts(const cJSON *split)
{
	double sum = number(split, "on_cpu_ms") + number(split, "run_queue_ms") +
		     number(split, "throttled_ms") + number(split, "stolen_ms");

	for (int i = 0; i < PPBPF_REASON_NR; i++)
		sum += number(at(split, "blocked"), reasons[i].json);
	return sum;
}

static void the_split_is_in_milliseconds_and_sums_up(void **state)
{
	struct report *report = sample_report();
	cJSON *root = written(report, &good);
	const cJSON *split = at(root, "data.time_split");

	(void)state;
	assert_number(split, "wall_ms", 2000);
	assert_number(split, "task_ms", 900);
	assert_number(split, "on_cpu_ms", 600);
	/* 12 to 4 ticks a process */
	assert_number(split, "on_cpu_user_ms", 450);
	assert_number(split, "on_cpu_kernel_ms", 150);
	assert_number(split, "run_queue_ms", 60);
	assert_number(split, "throttled_ms", 6);
	assert_number(split, "blocked.disk_ms", 180);
	assert_number(split, "blocked.child_ms", 54);
	assert_number(split, "blocked.lock_ms", 0);
	assert_int_equal(cJSON_GetArraySize(at(split, "blocked")), PPBPF_REASON_NR);
	assert_true(fabs(sum_of_parts(split) - 900) < 1e-9);
	cJSON_Delete(root);
	report__free(report);
}

static void nanoseconds_are_not_lost(void **state)
{
	struct report *report = sample_report();
	cJSON *root;

	(void)state;
	report->wall_ns = 86400000000001;
	root = written(report, &good);
	assert_number(root, "data.time_split.wall_ms", 86400000.000001);
	cJSON_Delete(root);
	report__free(report);
}

static void who_ran_meanwhile_comes_in_order(void **state)
{
	struct report *report = sample_report();
	cJSON *root = written(report, &good);

	(void)state;
	assert_int_equal(cJSON_GetArraySize(at(root, "data.interference")), 2);
	assert_string_equal(string(root, "data.interference.0.comm"), "cc1");
	assert_number(root, "data.interference.0.pid", 4310);
	assert_number(root, "data.interference.0.host_pid", HOST + 4310);
	assert_number(root, "data.interference.0.cpu_ms", 210);
	assert_true(cJSON_IsTrue(at(root, "data.interference.0.followed")));
	assert_true(cJSON_IsFalse(at(root, "data.interference.1.followed")));
	cJSON_Delete(root);
	report__free(report);
}

static void a_process_has_its_life_and_its_totals(void **state)
{
	struct report *report = sample_report();
	cJSON *root = written(report, &good);
	const cJSON *row = at(root, "data.processes.1");

	(void)state;
	assert_int_equal(cJSON_GetArraySize(at(root, "data.processes")), 3);
	assert_number(row, "pid", 4310);
	assert_number(row, "host_pid", HOST + 4310);
	assert_number(row, "ppid", 4242);
	assert_string_equal(string(row, "comm"), "cc1");
	assert_string_equal(string(row, "command"), "cc1 parse.c");
	assert_number(row, "start", 0.5);
	assert_number(row, "end", 1.5);
	assert_number(row, "exit_status", 3);
	assert_null_at(row, "signal");
	assert_number(row, "time_split.wall_ms", 1000);
	assert_number(row, "time_split.task_ms", 300);
	assert_number(row, "time_split.blocked.disk_ms", 60);
	assert_number(row, "cpu_ns", 200 * MS);
	assert_number(row, "cpu_percent", 20);
	assert_number(row, "user_ns", 150 * MS);
	assert_number(row, "kernel_ns", 50 * MS);
	assert_number(row, "memory_peak_mb", 200);
	assert_number(row, "memory_peak_bytes", 200 * 1048576.0);
	assert_number(row, "read_bytes", 2 * 1048576.0);
	assert_number(row, "write_bytes", 4 * 1048576.0);
	assert_number(row, "sent_bytes",
		      2 * (PPBPF_TCP_SENT_BYTES + 1 + PPBPF_UDP_SENT_BYTES + 1));
	assert_number(row, "recv_bytes",
		      2 * (PPBPF_TCP_RECEIVED_BYTES + 1 + PPBPF_UDP_RECEIVED_BYTES + 1));
	assert_number(row, "run_queue.p50_ms", 0.000768);
	cJSON_Delete(root);
	report__free(report);
}

static void every_metric_of_the_table_has_its_key(void **state)
{
	static const struct {
		enum metric_scope scope;
		const char *path;
	} places[] = {
		{ METRIC_PROCESS, "data.processes.0" }, { METRIC_MACHINE, "data.machine" },
		{ METRIC_PERF, "data.perf" }, { METRIC_NAMED, "data.memory" },
		{ METRIC_CGROUP, "data.memory" }, { METRIC_SPLIT, "data.time_split" },
		{ METRIC_INTERFACE, "data.network.interfaces.0" },
	};
	struct report *report = sample_report();
	cJSON *root = written(report, &good);
	int found = 0;

	(void)state;
	for (size_t i = 0; i < metrics_count; i++)
		for (size_t p = 0; p < LENGTH(places); p++)
			if (places[p].scope == metrics[i].scope) {
				at(at(root, places[p].path), metrics[i].json);
				found++;
			}
	assert_true(found > 50);
	cJSON_Delete(root);
	report__free(report);
}

static void a_signal_and_a_process_that_goes_on(void **state)
{
	struct report *report = sample_report();
	cJSON *root = written(report, &good);

	(void)state;
	assert_null_at(root, "data.processes.2.exit_status");
	assert_number(root, "data.processes.2.signal", 9);
	/* a byte that is not UTF-8 does not make the document invalid */
	assert_string_equal(string(root, "data.processes.2.comm"), "l\033[31md\n\xef\xbf\xbd");
	assert_null_at(root, "data.processes.0.start");
	assert_null_at(root, "data.processes.0.end");
	assert_null_at(root, "data.processes.0.exit_status");
	assert_null_at(root, "data.processes.0.signal");
	assert_string_equal(string(root, "data.processes.0.command"), "build.sh");
	assert_number(root, "data.processes.0.time_split.wall_ms", 2000);
	assert_number(root, "data.processes.0.rss_anon_bytes", 3 * 1048576.0);
	assert_number(root, "data.processes.0.threads", 2);
	cJSON_Delete(root);
	report__free(report);
}

static void subjects_hold_the_rest(void **state)
{
	struct report *report = sample_report();
	cJSON *root = written(report, &good);
	const cJSON *data = at(root, "data");

	(void)state;
	assert_number(data, "scheduler.migrations", 6 * (PPBPF_MIGRATIONS + 1));
	assert_number(data, "scheduler.run_queue_latency.p50_ms", 0.000768);
	assert_number(data, "scheduler.run_queue_latency.max_ms", 0.001024);
	assert_int_equal(cJSON_GetArraySize(at(data, "scheduler.run_queue_latency.slots")), 2);
	assert_number(data, "scheduler.run_queue_latency.slots.1.below_ns", 1024);
	assert_number(data, "scheduler.run_queue_latency.slots.1.count", 8);
	assert_number(data, "scheduler.waits.explained_ms", 50);
	assert_number(data, "scheduler.waits.unknown_ms", 10);
	assert_number(data, "memory.resident_bytes", 4 * 1048576.0);
	assert_number(data, "memory.rss_file_bytes", 1048576);
	assert_number(data, "memory.memory_peak_bytes", 300 * 1048576.0);
	assert_number(data, "memory.growth_bytes", 19 * 4096);
	assert_number(data, "memory.minor_faults", 6 * (PPBPF_MINOR_FAULTS + 1));
	assert_string_equal(string(data, "block_devices.0.name"), "vda");
	assert_number(data, "block_devices.0.major", 254);
	assert_number(data, "block_devices.0.read.operations", 4);
	assert_number(data, "block_devices.0.read.service_p50_ms", 0.000768);
	assert_number(data, "block_devices.0.write.operations", 0);
	assert_null_at(data, "block_devices.0.write.queue_p99_ms");
	assert_null_at(data, "block_devices.0.read.queue_slots.27.below_ns");
	assert_number(data, "network.udp_sent_bytes", 6 * (PPBPF_UDP_SENT_BYTES + 1));
	assert_number(data, "network.tcp_retransmits", 1000 + MACHINE_TCP_RETRANSMITS);
	assert_string_equal(string(data, "network.interfaces.0.name"), "eth0");
	assert_number(data, "network.interfaces.0.send_errors", 100 + INTERFACE_SEND_ERRORS);
	assert_number(data, "machine.cpus", 1000);
	assert_null_at(data, "machine.psi_io_full_us");
	assert_null_at(data, "perf.ipc");
	cJSON_Delete(root);
	report__free(report);
}

static void metadata_says_how_it_was_measured(void **state)
{
	struct report *report = sample_report();
	cJSON *root;
	const cJSON *metadata;
	struct utsname system;

	(void)state;
	report__warn(report, "mind the gap");
	root = written(report, &good);
	metadata = at(root, "metadata");
	assert_number(metadata, "sampling_interval_ms", 100);
	assert_number(metadata, "sample_stride", 1);
	assert_true(cJSON_IsTrue(at(metadata, "tracked_resources.network")));
	assert_string_equal(string(metadata, "target"), "./build.sh");
	uname(&system);
	assert_string_equal(string(metadata, "host"), system.nodename);
	assert_string_equal(string(metadata, "kernel"), system.release);
	assert_string_equal(string(metadata, "ppbpf_version"), PPBPF_VERSION);
	assert_string_equal(string(metadata, "warnings.0"), "mind the gap");
	assert_number(metadata, "self.cpu_seconds", 0.75);
	assert_number(metadata, "self.resident_bytes", 14 * 1048576.0);
	assert_number(metadata, "self.attach_ms", 42.5);
	assert_null_at(metadata, "self.bpf_ns");
	assert_number(metadata, "dropped.events_exec", 2);
	assert_number(metadata, "dropped.program_runs", 0);
	assert_number(metadata, "dropped.processes_folded", 0);
	assert_string_equal(string(at(metadata, "unavailable"), "perf"),
			    "this machine has no PMU");
	cJSON_Delete(root);
	report__free(report);
}

static void bpf_time_is_shown_when_the_kernel_kept_it(void **state)
{
	struct report *report = sample_report();
	cJSON *root;

	(void)state;
	report->self.bpf_known = true;
	report->self.bpf_ns = 1234;
	report->self.program_count = 1;
	report->self.programs = calloc(1, sizeof(*report->self.programs));
	report->self.programs[0] = (struct report_program){ "sched_switch_xy", 1234, 7 };
	root = written(report, &good);
	assert_number(root, "metadata.self.bpf_ns", 1234);
	assert_string_equal(string(root, "metadata.self.programs.0.name"), "sched_switch_xy");
	assert_number(root, "metadata.self.programs.0.runs", 7);
	cJSON_Delete(root);
	report__free(report);
}

static void no_null_is_without_its_reason(void **state)
{
	struct report *report = sample_report();
	struct report *machine = sample_machine_report();
	cJSON *root = written(report, &good);

	(void)state;
	assert_true(check_all_nulls(root) >= 20);
	cJSON_Delete(root);
	root = written(machine, &good);
	assert_true(check_all_nulls(root) >= 50);
	cJSON_Delete(root);
	report__free(report);
	report__free(machine);
}

static void nobody_is_followed_on_the_whole_machine(void **state)
{
	struct report *report = sample_machine_report();
	cJSON *root = written(report, &good);
	const cJSON *split = at(root, "data.time_split"), *why = at(root, "metadata.unavailable");

	(void)state;
	assert_null_at(root, "data.operation_result");
	assert_null_at(root, "data.interference");
	/* 2 s of one thread, and one each of two */
	assert_number(split, "task_ms", 4000);
	assert_number(split, "on_cpu_ms", 600);
	assert_number(split, "run_queue_ms", 60);
	assert_null_at(split, "throttled_ms");
	assert_null_at(split, "stolen_ms");
	for (int i = 0; i < PPBPF_REASON_NR; i++)
		assert_null_at(at(split, "blocked"), reasons[i].json);
	assert_string_equal(cJSON_GetObjectItem(why, "time_split.blocked")->valuestring,
			    "reasons are kept for targets: name one with --pid, --comm, --cgroup "
			    "or -- COMMAND");
	assert_number(root, "data.processes.1.time_split.task_ms", 1000);
	assert_null_at(root, "data.processes.1.time_split.blocked.lock_ms");
	/* of the machine, not of its largest process */
	assert_number(root, "data.resource_usage.memory_usage.peak_bytes", 20 * 4096);
	cJSON_Delete(root);
	report__free(report);
}

static void what_was_not_asked_for_is_null_and_says_so(void **state)
{
	struct report *report = sample_report();
	cJSON *root;
	const cJSON *why;

	(void)state;
	memset(report->tracked, false, sizeof(report->tracked));
	metric_set__clear_subject(&report->wanted, SUBJECT_CPU);
	metric_set__clear_subject(&report->wanted, SUBJECT_MEMORY);
	metric_set__clear_subject(&report->wanted, SUBJECT_DISK);
	metric_set__clear_subject(&report->wanted, SUBJECT_NETWORK);
	series__free(&report->cpu);
	series__free(&report->memory);
	root = written(report, &good);
	why = at(root, "metadata.unavailable");
	assert_null_at(root, "data.resource_usage.cpu_usage.avg_percent");
	assert_int_equal(cJSON_GetArraySize(at(root, "data.resource_usage.cpu_usage.samples")), 0);
	assert_null_at(root, "data.resource_usage.memory_usage.peak_mb");
	assert_null_at(root, "data.resource_usage.disk_io.total_mb");
	assert_null_at(root, "data.resource_usage.network_io.sent_mb");
	assert_null_at(root, "data.processes.1.cpu_ns");
	assert_null_at(root, "data.processes.1.memory_peak_mb");
	assert_null_at(root, "data.processes.1.sent_bytes");
	assert_null_at(root, "data.block_devices");
	assert_null_at(root, "data.network.interfaces");
	assert_number(root, "data.time_split.on_cpu_ms", 600);
	assert_string_equal(cJSON_GetObjectItem(why, "resource_usage.cpu_usage")->valuestring,
			    "not asked for (--no-cpu)");
	assert_string_equal(cJSON_GetObjectItem(why, "block_devices")->valuestring,
			    "not asked for (--no-disk)");
	check_all_nulls(root);
	cJSON_Delete(root);
	report__free(report);
}

static void a_kernel_without_a_feature_gives_null_not_zero(void **state)
{
	struct report *report = sample_report();
	cJSON *root;

	(void)state;
	report->network_known = false;
	for (uint32_t i = PPBPF_TCP_SENT_BYTES; i <= PPBPF_UDP_RECEIVED_BYTES; i++)
		report__missing(report, metric_of(METRIC_PROCESS, i)->name, "needs Linux 6.3");
	report__missing(report, "split.throttled", "needs Linux 6.6");
	root = written(report, &good);
	assert_null_at(root, "data.processes.1.tcp_sent_bytes");
	assert_null_at(root, "data.processes.1.sent_bytes");
	assert_null_at(root, "data.network.udp_recv_bytes");
	assert_null_at(root, "data.resource_usage.network_io.total_mb");
	assert_null_at(root, "data.time_split.throttled_ms");
	assert_string_equal(cJSON_GetObjectItem(at(root, "metadata.unavailable"),
						"time_split.throttled_ms")->valuestring,
			    "needs Linux 6.6");
	check_all_nulls(root);
	cJSON_Delete(root);
	report__free(report);
}

static void a_kernel_thread_has_no_user_part(void **state)
{
	struct report *report = sample_machine_report();
	struct process *process = tasks__find_pid(report->tasks, 4310);
	cJSON *root;

	(void)state;
	process->kthread = true;
	root = written(report, &good);
	assert_number(root, "data.processes.1.user_ns", 0);
	assert_number(root, "data.processes.1.kernel_ns", 200 * MS);
	assert_number(root, "data.processes.1.time_split.on_cpu_user_ms", 0);
	assert_true(cJSON_IsTrue(at(root, "data.processes.1.kernel_thread")));
	cJSON_Delete(root);
	report__free(report);
}

static void a_lost_exit_has_no_status(void **state)
{
	struct report *report = sample_report();
	struct process *process = tasks__find_pid(report->tasks, 4310);
	cJSON *root;

	(void)state;
	process->exit_lost = true;
	sample_figures(report, 4310)[PPBPF_PEAK_RSS_BYTES] = 0;
	root = written(report, &good);
	assert_null_at(root, "data.processes.1.exit_status");
	assert_null_at(root, "data.processes.1.memory_peak_mb");
	assert_null_at(root, "data.processes.1.memory_peak_bytes");
	assert_true(is_explained(at(root, "metadata.unavailable"), "processes.exit_status"));
	check_all_nulls(root);
	cJSON_Delete(root);
	report__free(report);
}

static void an_error_before_anything_was_had(void **state)
{
	struct err e = { 0 };
	struct envelope envelope = { .duration = 0.001, .error = &e };
	struct report *empty = report__new();
	const struct report *reports[] = { NULL, empty };

	(void)state;
	err__set(&e, ERR_PERMISSION, -EPERM, "no privilege for %s", "BPF");
	for (size_t i = 0; i < LENGTH(reports); i++) {
		cJSON *root = written(reports[i], &envelope);

		assert_true(cJSON_IsFalse(at(root, "success")));
		assert_null_at(root, "data");
		assert_string_equal(string(root, "error.code"), "RESOURCE_MONITOR_ERROR");
		assert_string_equal(string(root, "error.cause"), "permission");
		assert_string_equal(string(root, "error.message"), "no privilege for BPF");
		assert_null_at(root, "error.hint");
		assert_true(strlen(string(root, "metadata.host")) > 0);
		assert_true(strlen(string(root, "metadata.kernel")) > 0);
		assert_null_at(root, "metadata.self");
		assert_non_null(cJSON_GetObjectItem(at(root, "metadata.unavailable"), "data"));
		check_nulls(at(root, "metadata"), "", at(root, "metadata.unavailable"));
		cJSON_Delete(root);
	}
	report__free(empty);
}

static void an_error_keeps_what_was_had_until_then(void **state)
{
	struct err e = { 0 };
	struct envelope envelope = { .error = &e };
	struct report *report = sample_report();
	cJSON *root;

	(void)state;
	err__set(&e, ERR_INTERNAL, -EIO, "reading failed");
	err__hint(&e, "try again");
	root = written(report, &envelope);
	assert_number(root, "data.time_split.on_cpu_ms", 600);
	assert_string_equal(string(root, "error.hint"), "try again");
	cJSON_Delete(root);
	report__free(report);
}

static void a_stream_that_cannot_be_written_is_an_error(void **state)
{
	struct report *report = sample_report();
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_int_equal(monitor_json__write(full, report, &good), -ENOSPC);
	fclose(full);
	report__free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_envelope_is_the_contracts),
		cmocka_unit_test(resource_usage_has_the_series_and_the_totals),
		cmocka_unit_test(the_split_is_in_milliseconds_and_sums_up),
		cmocka_unit_test(nanoseconds_are_not_lost),
		cmocka_unit_test(who_ran_meanwhile_comes_in_order),
		cmocka_unit_test(a_process_has_its_life_and_its_totals),
		cmocka_unit_test(every_metric_of_the_table_has_its_key),
		cmocka_unit_test(a_signal_and_a_process_that_goes_on),
		cmocka_unit_test(subjects_hold_the_rest),
		cmocka_unit_test(metadata_says_how_it_was_measured),
		cmocka_unit_test(bpf_time_is_shown_when_the_kernel_kept_it),
		cmocka_unit_test(no_null_is_without_its_reason),
		cmocka_unit_test(nobody_is_followed_on_the_whole_machine),
		cmocka_unit_test(what_was_not_asked_for_is_null_and_says_so),
		cmocka_unit_test(a_kernel_without_a_feature_gives_null_not_zero),
		cmocka_unit_test(a_kernel_thread_has_no_user_part),
		cmocka_unit_test(a_lost_exit_has_no_status),
		cmocka_unit_test(an_error_before_anything_was_had),
		cmocka_unit_test(an_error_keeps_what_was_had_until_then),
		cmocka_unit_test(a_stream_that_cannot_be_written_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
