/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A measurement made by hand, for the tests of the sinks: two seconds of
 * "./build.sh", which was there before (4242), and of two children that ended:
 * cc1 (4310, exit status 3) and a linker with a hostile name (4317, SIGKILL).
 */
#ifndef PPBPF_TESTS_SINK_REPORT_H
#define PPBPF_TESTS_SINK_REPORT_H

#include <stdlib.h>
#include <string.h>

#include "model/report.h"

#define BEGIN_NS 1000000000000ULL
#define MS 1000000ULL
#define HOST 100000 /* + a pid: the same process in the first pid namespace */
#define HOSTILE "l\033[31md\n\xff"

static inline struct ppbpf_task sample_task(uint32_t pid, const char *comm, uint64_t start_ms)
{
	struct ppbpf_task task = {
		.tgid = HOST + pid, .pid = HOST + pid, .ppid = HOST + 4242, .task_id = pid,
		.names = { .pid = pid, .ppid = 4242, .proc_pid = pid },
		.flags = PPBPF_TASK_FOLLOWED,
		.start_boot_ns = BEGIN_NS + start_ms * MS,
		.leader_start_boot_ns = BEGIN_NS + start_ms * MS,
	};

	memcpy(task.comm, comm, strlen(comm));
	return task;
}

/* Of a value that has no figure of its own below, for a process of factor 1. */
#define SAMPLE_VALUE(id) ((uint64_t)(id) + 1)

/* Each value is a multiple of the process's own factor, so that a mix-up shows. */
static inline void sample_values(struct ppbpf_task *task, uint64_t factor)
{
	for (uint64_t i = 0; i < PPBPF_SUMMED_NR; i++)
		task->values[i] = factor * SAMPLE_VALUE(i);
	task->values[PPBPF_CPU_NS] = factor * 100 * MS;
	task->values[PPBPF_UTIME_NS] = 12 * MS;
	task->values[PPBPF_STIME_NS] = 4 * MS;
	task->values[PPBPF_RUN_DELAY_NS] = factor * 10 * MS;
	task->values[PPBPF_READ_BYTES] = factor * 1048576;
	task->values[PPBPF_WRITE_BYTES] = factor * 2097152;
}

static inline void sample_split(struct ppbpf_split *split, uint64_t factor)
{
	split->on_cpu = factor * 100 * MS;
	split->run_queue = factor * 10 * MS;
	split->throttled = factor * MS;
	split->blocked[PPBPF_REASON_DISK] = factor * 30 * MS;
	split->blocked[PPBPF_REASON_CHILD] = factor * 9 * MS;
	split->life = factor * 150 * MS;
}

static inline void sample_exit(struct tasks *tasks, uint32_t pid, const char *comm,
			       const char *command, uint64_t factor, int exit_code)
{
	struct ppbpf_exec_event exec = {
		.kind = PPBPF_EVENT_EXEC, .tgid = HOST + pid, .ppid = HOST + 4242,
		.names = { .pid = pid, .ppid = 4242 }, .flags = PPBPF_TASK_FOLLOWED,
		.leader_start_boot_ns = BEGIN_NS + 500 * MS, .boot_ns = BEGIN_NS + 501 * MS,
		.args_len = strlen(command), .args_full = strlen(command),
	};
	struct ppbpf_exit_event event = {
		.kind = PPBPF_EVENT_EXIT, .end_boot_ns = BEGIN_NS + 1500 * MS,
		.task = sample_task(pid, comm, 500),
	};

	memcpy(exec.comm, comm, strlen(comm));
	memcpy(exec.args, command, strlen(command));
	tasks__exec(tasks, &exec);
	sample_values(&event.task, factor);
	sample_split(&event.split, factor);
	event.task.values[PPBPF_PEAK_RSS_BYTES] = factor * 100 * 1048576;
	event.task.flags |= PPBPF_TASK_LAST | PPBPF_TASK_EXITING | PPBPF_TASK_PEAK_EXACT;
	event.task.exit_code = exit_code;
	event.run_queue_hist[1] = 4; /* p50 768 ns */
	tasks__exit(tasks, &event);
}

/* To be changed by a test, whether they are packed or not. */
static inline uint64_t *sample_figures(struct report *report, uint32_t pid)
{
	struct process *process = tasks__find_pid(report->tasks, pid);

	if (!process->figures) {
		process->figures = malloc(sizeof(*process->figures));
		process__unpack(process->packed, process->figures);
	}
	return process->figures->values;
}

/* What a thread had before the measurement is not counted: so it comes in two snapshots. */
static inline void sample_live(struct tasks *tasks)
{
	struct ppbpf_task_record record = {
		.kind = PPBPF_RECORD_FOLLOWED, .size = PPBPF_RECORD_FOLLOWED_SIZE,
		.task = sample_task(4242, "build.sh", 0),
	};

	record.task.ppid = HOST + 1;
	record.task.names.ppid = 1;
	record.task.start_boot_ns = record.task.leader_start_boot_ns = BEGIN_NS - 5000 * MS;
	tasks__snapshot_begin(tasks, BEGIN_NS, true);
	tasks__snapshot_record(tasks, &record);
	tasks__snapshot_end(tasks);
	sample_values(&record.task, 1);
	sample_split(&record.split, 1);
	record.task.flags |= PPBPF_TASK_MEMORY;
	record.task.values[PPBPF_RSS_ANON_BYTES] = 3 * 1048576;
	record.task.values[PPBPF_RSS_FILE_BYTES] = 1048576;
	record.task.values[PPBPF_PEAK_RSS_BYTES] = 5 * 1048576;
	record.task.values[PPBPF_THREADS] = 2;
	tasks__snapshot_begin(tasks, BEGIN_NS + 2000 * MS, true);
	tasks__snapshot_record(tasks, &record);
	tasks__snapshot_end(tasks);
}

static inline void sample_subjects(struct report *report)
{
	struct report_disk *disk;
	struct report_interface *interface;

	report->blame_count = 2;
	report->blames = calloc(2, sizeof(*report->blames));
	report->blames[0] = (struct report_blame){ HOST + 4310, 4310, "cc1", 210 * MS, true };
	report->blames[1] = (struct report_blame){ HOST + 812, 812, "apt", 120 * MS, false };
	report->disk_count = 1;
	report->disks = disk = calloc(1, sizeof(*disk));
	disk->major = 254;
	strcpy(disk->name, "vda");
	disk->by_op[PPBPF_IO_READ].operations = 4;
	disk->by_op[PPBPF_IO_READ].bytes = 16384;
	disk->by_op[PPBPF_IO_READ].service_ns = 4 * 768;
	disk->by_op[PPBPF_IO_READ].service_hist[1] = 4;
	disk->by_op[PPBPF_IO_READ].queue_hist[PPBPF_IO_SLOTS - 1] = 4;
	report->interface_count = 1;
	report->interfaces = interface = calloc(1, sizeof(*interface));
	strcpy(interface->name, "eth0");
	for (int i = 0; i < INTERFACE_VALUE_NR; i++)
		interface->values[i] = 100 + i;
	for (int i = 0; i < MACHINE_PSI_CPU_SOME_US; i++)
		report->machine[i] = (struct value){ true, 1000 + i };
}

static inline struct report *sample_report(void)
{
	struct report *report = report__new();

	report->target = strdup("./build.sh");
	report->has_command = true;
	report->command_status = 3;
	report->interval_ns = 100 * MS;
	report->duration = 2;
	report->wall_ns = 2000 * MS;
	report->samples = 20;
	metric_set__default(&report->wanted);
	memset(report->tracked, true, sizeof(report->tracked));
	report->split_known = true;
	report->disk_known = report->network_known = true;
	report->disk_read_bytes = 6 * 1048576;
	report->disk_written_bytes = 12 * 1048576;
	report->net_sent_bytes = 1000;
	report->net_received_bytes = 2000;
	strcpy(report->host, "here");
	strcpy(report->kernel, "6.18.0");
	for (int i = 0; i < 20; i++) {
		series__add(&report->cpu, (i + 1) / 10.0, 0.1, i == 7 ? 198 : 10 * i);
		series__add(&report->memory, (i + 1) / 10.0, 0.1, (i + 1) * 4096.0);
	}
	report->tasks = tasks__new(BEGIN_NS);
	sample_live(report->tasks);
	sample_exit(report->tasks, 4310, "cc1", "cc1 parse.c", 2, 3 << 8);
	sample_exit(report->tasks, 4317, HOSTILE, HOSTILE " -o out", 3, 9);
	tasks__finish(report->tasks, BEGIN_NS + 2000 * MS);
	sample_subjects(report);
	report->counters[PPBPF_LOST_EVENTS_EXEC] = 2;
	report->counters[PPBPF_COUNT_WAIT_NS] = 60 * MS;
	report->counters[PPBPF_COUNT_WAIT_UNKNOWN_NS] = 10 * MS;
	report->self.user_seconds = 0.25;
	report->self.system_seconds = 0.5;
	report->self.resident_bytes = 14 * 1048576;
	report->self.attach_ms = 42.5;
	report__missing(report, "perf", "this machine has no PMU");
	report__missing(report, "machine.psi_cpu", "the kernel was built without PSI");
	report__missing(report, "machine.psi_memory", "the kernel was built without PSI");
	report__missing(report, "machine.psi_memory_full", "the kernel was built without PSI");
	report__missing(report, "machine.psi_io", "the kernel was built without PSI");
	report__missing(report, "machine.psi_io_full", "the kernel was built without PSI");
	return report;
}

/* The same as a look at the whole machine: nobody is followed. */
static inline struct report *sample_machine_report(void)
{
	struct report *report = sample_report();

	free(report->target);
	report->target = strdup("machine");
	report->machine_wide = true;
	report->has_command = false;
	report->command_status = -1;
	report->split_known = false;
	report->blame_count = 0;
	for (struct process *p = tasks__first(report->tasks); p; p = p->next)
		p->followed = false;
	return report;
}

#endif
