// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The process table: sums over threads, processes that end, leave and come back, small rows. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "model/tasks.h"

#define BEGIN_NS 1000000000000ULL
#define MS 1000000ULL

/* Thread `tid` of process `tgid`, born `start_ms` after the beginning, or so long before it. */
static struct ppbpf_task task_of(uint32_t tgid, uint32_t tid, int64_t start_ms)
{
	uint64_t start = BEGIN_NS + start_ms * (int64_t)MS;

	return (struct ppbpf_task){
		.tgid = tgid, .pid = tid, .ppid = 1, .task_id = ((uint64_t)tid << 32) + start,
		.flags = PPBPF_TASK_FOLLOWED, .start_boot_ns = start,
		.leader_start_boot_ns = start, .names = { .pid = tgid, .ppid = 1 }, .comm = "x",
	};
}

static void snapshot(struct tasks *tasks, int64_t at_ms, struct ppbpf_task *task, uint64_t cpu_ms,
		     bool full)
{
	struct ppbpf_task_record record = {
		.kind = PPBPF_RECORD_FOLLOWED, .size = PPBPF_RECORD_FOLLOWED_SIZE,
	};

	tasks__snapshot_begin(tasks, BEGIN_NS + at_ms * MS, full);
	if (task) {
		record.task = *task;
		record.task.values[PPBPF_CPU_NS] = cpu_ms * MS;
		record.split.life = record.split.on_cpu = cpu_ms * MS;
		assert_int_equal(tasks__snapshot_record(tasks, &record), 0);
	}
	tasks__snapshot_end(tasks);
}

static void see(struct tasks *tasks, int64_t at_ms, struct ppbpf_task *task, uint64_t cpu_ms)
{
	snapshot(tasks, at_ms, task, cpu_ms, true);
}

static void see_changes(struct tasks *tasks, int64_t at_ms, struct ppbpf_task *task,
			uint64_t cpu_ms)
{
	snapshot(tasks, at_ms, task, cpu_ms, false);
}

static struct ppbpf_exit_event event_of(const struct ppbpf_task *task, int64_t at_ms,
					uint64_t cpu_ms, uint32_t flags)
{
	struct ppbpf_exit_event event = {
		.end_boot_ns = BEGIN_NS + at_ms * MS, .task = *task,
	};

	event.task.flags |= flags;
	event.task.exit_code = 7 << 8;
	event.task.values[PPBPF_CPU_NS] = cpu_ms * MS;
	event.task.values[PPBPF_PEAK_RSS_BYTES] = 1 << 20;
	event.split.life = event.split.on_cpu = cpu_ms * MS;
	event.run_queue_hist[3] = 2;
	return event;
}

static void end(struct tasks *tasks, const struct ppbpf_task *task, int64_t at_ms, uint64_t cpu_ms,
		uint32_t flags)
{
	struct ppbpf_exit_event event = event_of(task, at_ms, cpu_ms, flags);

	assert_int_equal(tasks__exit(tasks, &event), 0);
}

static void leave(struct tasks *tasks, const struct ppbpf_task *task, int64_t at_ms,
		  uint64_t cpu_ms)
{
	struct ppbpf_exit_event event = event_of(task, at_ms, cpu_ms, 0);

	assert_int_equal(tasks__leave(tasks, &event), 0);
}

static void figures_survive_packing(void **state)
{
	static const uint64_t numbers[] = {
		0, 1, 127, 128, 300, UINT32_MAX, 1ULL << 63, UINT64_MAX,
	};
	struct process_figures figures = { 0 }, again;
	unsigned char packed[PROCESS_PACKED_MAX];
	uint64_t *wide = (uint64_t *)&figures;
	size_t count = offsetof(struct process_figures, run_queue_hist) / sizeof(*wide);

	(void)state;
	assert_int_equal(process__pack(&figures, packed), 1);
	process__unpack(packed, &again);
	assert_memory_equal(&figures, &again, sizeof(figures));
	for (size_t round = 0; round < 2000; round++) {
		srand(round);
		for (size_t i = 0; i < count; i++)
			wide[i] = rand() % 3 ? 0 : numbers[rand() % LENGTH(numbers)];
		for (size_t i = 0; i < PPBPF_RQ_SLOTS; i++)
			figures.run_queue_hist[i] = rand() % 3 ? 0 : (uint32_t)rand() * 2 + 1;
		memcpy(figures.previous, figures.values, sizeof(figures.previous));
		assert_in_range(process__pack(&figures, packed), 1, PROCESS_PACKED_MAX);
		process__unpack(packed, &again);
		assert_memory_equal(&figures, &again, sizeof(figures));
	}
	memset(&figures, 0xff, sizeof(figures));
	assert_in_range(process__pack(&figures, packed), 1, PROCESS_PACKED_MAX);
}

static void a_process_that_ended_is_packed_and_keeps_its_figures(void **state)
{
	struct tasks *tasks = tasks__new(BEGIN_NS);
	struct ppbpf_task first = task_of(10, 10, 1), second = task_of(10, 11, 1);
	const struct process_figures *figures;
	struct process_figures room;
	struct process *process;

	(void)state;
	see(tasks, 2, &first, 1);
	end(tasks, &first, 5, 4, PPBPF_TASK_LAST);
	process = tasks__find(tasks, 10);
	assert_non_null(process->figures);
	see(tasks, 10, NULL, 0);
	assert_null(process->figures);
	/* a thread that is told of only now adds to what is packed */
	end(tasks, &second, 12, 6, 0);
	assert_non_null(process->figures);
	see(tasks, 20, NULL, 0);
	assert_null(process->figures);
	figures = process__figures(process, &room);
	assert_int_equal(figures->values[PPBPF_CPU_NS], 10 * MS);
	assert_int_equal(figures->split.on_cpu, 10 * MS);
	assert_int_equal(figures->run_queue_hist[3], 4);
	assert_int_equal(figures->values[PPBPF_PEAK_RSS_BYTES], 1 << 20);
	assert_int_equal(tasks__totals(tasks)->values[PPBPF_CPU_NS], 10 * MS);
	assert_int_equal(process->exit_code, 7 << 8);
	tasks__free(tasks);
}

/* Ends are packed between snapshots, too: a storm of forks need not wait for one. */
static void many_that_ended_are_small(void **state)
{
	struct tasks *tasks = tasks__new(BEGIN_NS);
	size_t rows = 0, packed = 0;
	uint64_t sum = 0;

	(void)state;
	see(tasks, 0, NULL, 0);
	for (uint32_t i = 0; i < 5000; i++) {
		struct ppbpf_task task = task_of(100 + i % 1000, 100 + i % 1000, i);

		end(tasks, &task, i + 1, 1 + i % 3, PPBPF_TASK_LAST);
	}
	for (struct process *p = tasks__first(tasks); p; p = p->next) {
		rows++;
		packed += !p->figures;
		sum += process__value(p, PPBPF_CPU_NS);
	}
	assert_int_equal(rows, 5000);
	assert_in_range(packed, 3900, 5000);
	assert_int_equal(sum, tasks__totals(tasks)->values[PPBPF_CPU_NS]);
	assert_int_equal(tasks__totals(tasks)->processes_alive, 0);
	/* the latest of a pid that came again */
	assert_int_equal(tasks__find(tasks, 100)->start_boot_ns, BEGIN_NS + 4000 * MS);
	tasks__free(tasks);
}

/* What changed since the last mark is not packed before somebody has seen it. */
static void an_end_is_marked_before_it_is_packed(void **state)
{
	struct tasks *tasks = tasks__new(BEGIN_NS);
	struct ppbpf_task task = task_of(10, 10, 1);
	struct process *process;

	(void)state;
	see(tasks, 2, &task, 1);
	tasks__mark(tasks);
	end(tasks, &task, 5, 4, PPBPF_TASK_LAST);
	see(tasks, 10, NULL, 0);
	process = tasks__find(tasks, 10);
	assert_non_null(process->figures);
	assert_int_equal(process->figures->values[PPBPF_CPU_NS] -
			 process->figures->previous[PPBPF_CPU_NS], 3 * MS);
	tasks__mark(tasks);
	see(tasks, 20, NULL, 0);
	assert_null(process->figures);
	tasks__free(tasks);
}

static void who_leaves_and_comes_back_counts_twice(void **state)
{
	struct tasks *tasks = tasks__new(BEGIN_NS);
	struct ppbpf_task task = task_of(10, 10, -1000);
	struct process *process;

	(void)state;
	see(tasks, 0, &task, 50);	/* of before */
	leave(tasks, &task, 20, 60);
	process = tasks__find(tasks, 10);
	assert_true(process->left && !process->ended);
	assert_int_equal(process->end_boot_ns, BEGIN_NS + 20 * MS);
	assert_int_equal(tasks__totals(tasks)->processes_alive, 0);
	see(tasks, 100, NULL, 0);
	see(tasks, 200, NULL, 0);
	assert_false(process->exit_lost);
	see(tasks, 330, &task, 30);	/* followed again since 300 ms */
	assert_false(process->left);
	assert_int_equal(process->figures->values[PPBPF_CPU_NS], 40 * MS);
	assert_int_equal(process->figures->absent_ns, 280 * MS);
	assert_int_equal(tasks__totals(tasks)->processes_alive, 1);
	end(tasks, &task, 340, 40, PPBPF_TASK_LAST);
	assert_true(process->ended && !process->left);
	assert_int_equal(process->figures->split.life, 50 * MS);
	assert_int_equal(tasks__totals(tasks)->processes_alive, 0);
	assert_int_equal(tasks__totals(tasks)->processes, 1);
	tasks__free(tasks);
}

/* Out and in again between two snapshots: the move is told after the record that follows it. */
static void a_short_absence_loses_nothing(void **state)
{
	struct tasks *tasks = tasks__new(BEGIN_NS);
	struct ppbpf_task task = task_of(10, 10, -1000);
	struct process *process;

	(void)state;
	see(tasks, 0, &task, 0);
	see(tasks, 100, &task, 90);
	see(tasks, 200, &task, 5);
	leave(tasks, &task, 150, 120);
	process = tasks__find(tasks, 10);
	see(tasks, 300, &task, 60);
	assert_false(process->left);
	assert_int_equal(process->figures->values[PPBPF_CPU_NS], 180 * MS);
	assert_int_equal(tasks__totals(tasks)->values[PPBPF_CPU_NS], 180 * MS);
	tasks__free(tasks);
}

/* Inside a pid namespace a process is found by either number. */
/* What it is blocked for grows without a word; the next word has it exactly. */
static void who_sleeps_on_need_not_be_told_of(void **state)
{
	struct tasks *tasks = tasks__new(BEGIN_NS);
	const struct ppbpf_split *split = &tasks__totals(tasks)->split;
	struct ppbpf_task sleeper = task_of(50, 50, 5), other = task_of(51, 51, 5);
	struct process *process;

	(void)state;
	sleeper.idle = 1 + PPBPF_REASON_SLEEP;
	see(tasks, 10, &sleeper, 3);
	see_changes(tasks, 30, &other, 4);
	see_changes(tasks, 60, NULL, 0);
	process = tasks__find(tasks, 50);
	assert_int_equal(process->figures->split.life, (3 + 50) * MS);
	assert_int_equal(process->figures->split.blocked[PPBPF_REASON_SLEEP], 50 * MS);
	assert_int_equal(tasks__find(tasks, 51)->figures->split.life, 4 * MS);
	assert_int_equal(split->life, (3 + 50 + 4) * MS);
	assert_int_equal(split->blocked[PPBPF_REASON_SLEEP], 50 * MS);
	sleeper.idle = 0;
	see_changes(tasks, 70, &sleeper, 9);
	see_changes(tasks, 90, NULL, 0);
	assert_int_equal(process->figures->split.life, 9 * MS);
	assert_int_equal(process->figures->split.blocked[PPBPF_REASON_SLEEP], 0);
	assert_int_equal(split->life, (9 + 4) * MS);
	tasks__free(tasks);
}

static void a_process_has_two_numbers(void **state)
{
	struct tasks *tasks = tasks__new(BEGIN_NS);
	struct ppbpf_task inner = task_of(4000, 4000, 1), outer = task_of(7, 7, 2);

	(void)state;
	inner.names = (struct ppbpf_names){ .pid = 7, .ppid = 1, .proc_pid = 4000 };
	outer.names = (struct ppbpf_names){ .pid = 90, .ppid = 7, .proc_pid = 7 };
	see(tasks, 2, &inner, 1);
	see(tasks, 3, &outer, 1);
	assert_int_equal(tasks__find_pid(tasks, 7)->tgid, 4000);
	assert_int_equal(tasks__find_pid(tasks, 90)->tgid, 7);
	assert_int_equal(tasks__find(tasks, 7)->pid, 90);
	assert_null(tasks__find_pid(tasks, 4000));
	tasks__free(tasks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_survive_packing),
		cmocka_unit_test(a_process_that_ended_is_packed_and_keeps_its_figures),
		cmocka_unit_test(many_that_ended_are_small),
		cmocka_unit_test(an_end_is_marked_before_it_is_packed),
		cmocka_unit_test(who_leaves_and_comes_back_counts_twice),
		cmocka_unit_test(a_short_absence_loses_nothing),
		cmocka_unit_test(a_process_has_two_numbers),
		cmocka_unit_test(who_sleeps_on_need_not_be_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
