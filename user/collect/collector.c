// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/collector.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/text.h"
#include "collect/blames.h"
#include "collect/collector_load.h"
#include "collect/features.h"
#include "collect/iterate.h"
#include "collect/pidns.h"
#include "collect/readings.h"
#include "collect/skeleton.h"
#include "model/report.h"
#include "model/tasks.h"

#define CLOCKS_APART 20000000ULL	/* the run queues' clocks, and our estimate of them, at most */
#define SEED_ROUNDS 8
#define SCAN_ONE_BY_ONE 4		/* up to so many followed processes are asked singly */

struct collector {
	struct core_bpf *skel;
	struct ring_buffer *ring;
	struct blames *blames;		/* NULL until somebody asks */
	struct bpf_link *seed;
	struct bpf_link *snapshot;
	struct bpf_link *exits[COLLECTOR_PROGRAMS];
	struct tasks *tasks;		/* being fed, during a drain */
	struct report *report;		/* for what a person should be told */
	int feed_error;
	int statistics_fd;
	bool following;
	bool children;
	bool left;			/* somebody was moved out of the cgroup */
	bool rescan;			/* tasks can come to be followed without a fork */
	bool iter_by_process;
	uint32_t changes_seen;		/* followed forks, at the last scan of all tasks */
	uint64_t looked_ns;		/* when the last snapshot looked at all tasks; 0: it did not */
	uint64_t snapshots;
	uint64_t snapshot_ns;
	char buffer[ITERATE_BUFFER];
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int on_oom(struct collector *c, const struct ppbpf_oom_event *event)
{
	char comm[PPBPF_COMM_LEN];

	text_copy(comm, sizeof(comm), event->comm);
	return report__warn(c->report, "the kernel killed %s [%u] for want of memory", comm,
			    event->pid);
}

static int on_leave(struct collector *c, const struct ppbpf_exit_event *event)
{
	c->left = true;
	return tasks__leave(c->tasks, event);
}

static int on_event(void *context, void *data, size_t size)
{
	struct collector *c = context;
	uint32_t kind;
	int err = 0;

	if (size < sizeof(kind))
		return 0;
	memcpy(&kind, data, sizeof(kind));
	if (kind == PPBPF_EVENT_EXIT && size >= sizeof(struct ppbpf_exit_event))
		err = tasks__exit(c->tasks, data);
	else if (kind == PPBPF_EVENT_LEAVE && size >= sizeof(struct ppbpf_exit_event))
		err = on_leave(c, data);
	else if (kind == PPBPF_EVENT_EXEC && size >= sizeof(struct ppbpf_exec_event))
		err = tasks__exec(c->tasks, data);
	else if (kind == PPBPF_EVENT_OOM && size >= sizeof(struct ppbpf_oom_event))
		err = on_oom(c, data);
	if (err && !c->feed_error)
		c->feed_error = err;
	return 0;
}

/*
 * Where we stand among the pid namespaces, before any program asks. Whoever is
 * outside of ours is not passed by the task iterator, and not told of either.
 */
static int find_pid_view(struct collector *c, const struct collector_config *config)
{
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, options);
	struct ppbpf_pid_view *view = &c->skel->bss->pid_view;
	int above = proc_levels_above(), err;

	err = bpf_prog_test_run_opts(bpf_program__fd(c->skel->progs.pid_view_find), &options);
	if (err)
		return err;
	view->proc_level = above < 0 ? -1 : (int)view->level - above;
	if (view->level && config->mode == PPBPF_TARGET_MACHINE)
		return report__warn(c->report, "only processes of this pid namespace are listed; "
				    "figures of the machine are of all of it");
	return 0;
}

static int attach(struct collector *c, const struct collector_config *config,
		  struct features *features, struct err *e)
{
	struct core_bpf *skel = c->skel;
	int err = find_pid_view(c, config);

	if (err)
		return err__set(e, ERR_INTERNAL, err, "ppbpf's own pid cannot be found: %s",
				strerror(-err));

	bpf_program__set_autoattach(skel->progs.task_seed, false);
	bpf_program__set_autoattach(skel->progs.task_snapshot, false);
	err = core_bpf__attach(skel);
	if (err)
		return err__set(e, ERR_UNSUPPORTED_KERNEL, err, "a tracepoint refused its program: %s",
				strerror(-err));
	collector_attach_exits(skel, features, c->exits);
	c->seed = bpf_program__attach_iter(skel->progs.task_seed, NULL);
	c->snapshot = bpf_program__attach_iter(skel->progs.task_snapshot, NULL);
	c->ring = ring_buffer__new(bpf_map__fd(skel->maps.events), on_event, c, NULL);
	if (!c->seed || !c->snapshot || !c->ring)
		return err__set(e, ERR_INTERNAL, -errno, "the task iterator cannot be read: %s",
				strerror(errno));
	return 0;
}

static void enable_statistics(struct collector *c)
{
	static const char *const paths[] = { "self.bpf_ns", "self.bpf_runs", "self.programs" };

	c->statistics_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	for (size_t i = 0; i < 3 && c->statistics_fd < 0; i++)
		report__missing(c->report, paths[i], "--self needs CAP_SYS_ADMIN, or "
				"kernel.bpf_stats_enabled set to 1 beforehand");
}

int collector__new(struct collector **out, const struct collector_config *config,
		   struct features *features, struct report *report, struct err *e)
{
	struct collector *c = calloc(1, sizeof(*c));
	int err;

	*out = NULL;
	if (!c)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	c->report = report;
	c->statistics_fd = -1;
	c->following = config->mode != PPBPF_TARGET_MACHINE;
	c->children = config->children;
	c->rescan = config->mode == PPBPF_TARGET_CGROUP;
	c->iter_by_process = features->iter_by_process;
	c->changes_seen = UINT32_MAX;	/* the first snapshot looks at all */
	if (config->statistics)
		enable_statistics(c);
	err = collector_load(&c->skel, config, features, e);
	if (!err)
		err = attach(c, config, features, e);
	if (err) {
		collector__free(c);
		return err;
	}
	/* the kernel's types are parsed and forgotten: some 10 MB */
	malloc_trim(0);
	*out = c;
	return 0;
}

void collector__free(struct collector *c)
{
	if (!c)
		return;
	ring_buffer__free(c->ring);
	blames__free(c->blames);
	collector_detach_exits(c->exits);
	bpf_link__destroy(c->snapshot);
	bpf_link__destroy(c->seed);
	core_bpf__destroy(c->skel);
	if (c->statistics_fd >= 0)
		close(c->statistics_fd);
	free(c);
}

struct family {
	struct hash *parents;	/* pid -> ppid + 1, as they are seen here */
	struct hash *chosen;	/* pid -> itself */
	size_t grown;
};

static int on_relative(const struct ppbpf_task_record *record, void *context)
{
	struct family *family = context;

	if (record->task.flags & PPBPF_TASK_EXITING)
		return 0;
	/* those that a name or a cgroup has matched have descendants, too */
	if (record->task.flags & PPBPF_TASK_FOLLOWED &&
	    hash__set(family->chosen, record->task.names.pid, 0, family))
		return -ENOMEM;
	return hash__set(family->parents, record->task.names.pid, 0,
			 (void *)(uintptr_t)(record->task.names.ppid + 1));
}

static int on_nothing(const struct ppbpf_task_record *record, void *context)
{
	(void)record;
	(void)context;
	return 0;
}

static int choose(struct collector *c, struct family *family, uint32_t pid)
{
	uint8_t one = 1;

	if (hash__get(family->chosen, pid, 0))
		return 0;
	if (bpf_map_update_elem(bpf_map__fd(c->skel->maps.targets), &pid, &one, BPF_ANY))
		return -errno;
	family->grown++;
	return hash__set(family->chosen, pid, 0, family);
}

/* Adds every process whose parent is chosen, until none is left. */
static int choose_descendants(struct collector *c, struct family *family)
{
	struct hash_entry entry;
	size_t before, cursor;
	int err;

	hash__free(family->parents);
	family->parents = hash__new();
	if (!family->parents)
		return -ENOMEM;
	c->skel->bss->snapshot.everyone = true;
	c->skel->bss->snapshot.all = true;
	c->skel->bss->snapshot.since = 0;
	err = iterate_records(c->snapshot, c->buffer, on_relative, family);
	c->skel->bss->snapshot.everyone = false;
	if (err)
		return err;
	do {
		before = family->grown;
		cursor = 0;
		while (!err && hash__next(family->parents, &cursor, &entry))
			if (hash__get(family->chosen, (uintptr_t)entry.value - 1, 0))
				err = choose(c, family, entry.a);
	} while (!err && family->grown != before);
	return err;
}

int collector__seed(struct collector *c, const pid_t *pids, size_t count, struct err *e)
{
	struct family family = { .chosen = hash__new() };
	uint32_t marked = 0;
	int err = family.chosen ? 0 : -ENOMEM;

	/* a switch of our own samples the clocks that the scan compares */
	nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
	for (size_t i = 0; i < count && !err; i++)
		err = choose(c, &family, pids[i]);
	/* one more round after one that found somebody: he may have forked meanwhile */
	for (int round = 0; round < SEED_ROUNDS && !err; round++) {
		/* a cgroup's members are who is in it, wherever their parents are */
		if (c->following && c->children && !c->rescan)
			err = choose_descendants(c, &family);
		c->skel->bss->snapshot.seeded = 0;
		if (!err)
			err = iterate_records(c->seed, c->buffer, on_nothing, NULL);
		marked += c->skel->bss->snapshot.seeded;
		if (!c->skel->bss->snapshot.seeded)
			break;	/* a machine-wide run marks nobody */
	}
	hash__free(family.parents);
	hash__free(family.chosen);
	if (err)
		return err__set(e, ERR_INTERNAL, err, "scanning the tasks failed: %s",
				strerror(-err));
	return marked;
}

int collector__follow_children(struct collector *c, bool follow)
{
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, options);

	c->skel->bss->runner = 0;
	return follow ? bpf_prog_test_run_opts(bpf_program__fd(c->skel->progs.runner_set),
					       &options) : 0;
}

static int on_task(const struct ppbpf_task_record *record, void *context)
{
	return tasks__snapshot_record(context, record);
}

/* The threads of one process, by an iterator made for it. */
static int scan_process(struct collector *c, struct tasks *tasks, uint32_t pid)
{
	union bpf_iter_link_info info = { .task.pid = pid };
	DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &info,
			    .link_info_len = sizeof(info));
	struct bpf_link *link;
	int err;

	link = bpf_program__attach_iter(c->skel->progs.task_snapshot, &options);
	if (!link)
		return -errno;
	err = iterate_records(link, c->buffer, on_task, tasks);
	bpf_link__destroy(link);
	return err;
}

/*
 * A few followed processes are asked one by one: much cheaper than to pass by
 * every task. A fork among them since the last look calls for a look at all.
 */
static int scan(struct collector *c, struct tasks *tasks, enum snapshot_kind kind)
{
	uint32_t changes = c->skel->bss->snapshot.changes;
	int err = 0;

	if (kind == SNAPSHOT_LAST || !c->following || !c->iter_by_process ||
	    changes != c->changes_seen ||
	    tasks__totals(tasks)->processes_alive > SCAN_ONE_BY_ONE) {
		c->changes_seen = changes;
		c->looked_ns = now_ns(CLOCK_MONOTONIC);
		return iterate_records(c->snapshot, c->buffer, on_task, tasks);
	}
	c->looked_ns = 0;
	for (struct process *p = tasks__first(tasks); p && !err; p = p->next)
		if (!p->ended && !p->left) {
			err = scan_process(c, tasks, p->pid);
			if (err == -ESRCH)
				err = 0;	/* gone: its exit event is on its way */
		}
	return err;
}

/*
 * What the iterator passes by: with a look at all tasks before, whoever was
 * blocked then and has not been on a CPU since.
 */
static void request(struct collector *c, enum snapshot_kind kind)
{
	struct ppbpf_snapshot_request *snapshot = &c->skel->bss->snapshot;
	uint64_t offset = c->skel->bss->clock_pair.offset;

	snapshot->all = kind != SNAPSHOT_CHANGED || snapshot->changes != c->changes_seen;
	snapshot->detail = kind == SNAPSHOT_LAST;
	snapshot->since = 0;
	if (!snapshot->all && c->looked_ns && c->skel->bss->clock_pair.sampled &&
	    c->looked_ns > offset + CLOCKS_APART)
		snapshot->since = c->looked_ns - offset - CLOCKS_APART;
	snapshot->turn = !snapshot->turn;
	memset(c->skel->bss->snapshot_running[snapshot->turn], 0,
	       sizeof(c->skel->bss->snapshot_running[0]));
}

int collector__snapshot(struct collector *c, struct tasks *tasks, enum snapshot_kind kind)
{
	bool full = kind != SNAPSHOT_CHANGED;
	uint64_t start = now_ns(CLOCK_MONOTONIC);
	int err;

	/* processes that moved into the cgroup: only their leaders were named */
	if (c->rescan && c->skel->bss->snapshot.changes != c->changes_seen)
		iterate_records(c->seed, c->buffer, on_nothing, NULL);
	request(c, kind);
	tasks__snapshot_begin(tasks, now_ns(CLOCK_BOOTTIME), full);
	err = scan(c, tasks, kind);
	tasks__snapshot_end(tasks);
	c->snapshots++;
	c->snapshot_ns += now_ns(CLOCK_MONOTONIC) - start;
	return err;
}

int collector__cpu_time(struct collector *c, uint64_t *ns)
{
	struct ppbpf_cpu_time time = { 0 };
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &time,
			    .ctx_size_in = sizeof(time));	/* written back to */
	int err = bpf_prog_test_run_opts(bpf_program__fd(c->skel->progs.cpu_time_sum), &options);

	*ns = time.on_cpu_ns;
	return err;
}

int collector__drain(struct collector *c, struct tasks *tasks)
{
	int err;

	c->tasks = tasks;
	err = ring_buffer__consume(c->ring);
	c->tasks = NULL;
	/* some kernels tell of a leader only: its threads are found by the scan */
	if (c->left)
		iterate_records(c->seed, c->buffer, on_nothing, NULL);
	c->left = false;
	if (err >= 0 && c->feed_error)
		err = c->feed_error;
	return err;
}

int collector__ring_fd(const struct collector *c)
{
	return ring_buffer__epoll_fd(c->ring);
}

int collector__map_fd(const struct collector *c, const char *name)
{
	return bpf_object__find_map_fd_by_name(c->skel->obj, name);
}

bool collector__following(const struct collector *c)
{
	return c->following;
}

static int on_name(const struct ppbpf_task_record *record, void *context)
{
	return hash__set(context, record->task.tgid, 0, (void *)(uintptr_t)record->task.names.pid);
}

/* Inside a pid namespace: the pids there of all that live, by those of the first one. */
static struct hash *names_here(struct collector *c)
{
	struct hash *names = c->skel->bss->pid_view.level ? hash__new() : NULL;

	if (!names)
		return NULL;
	c->skel->bss->snapshot.everyone = true;
	c->skel->bss->snapshot.all = true;
	c->skel->bss->snapshot.since = 0;
	iterate_records(c->snapshot, c->buffer, on_name, names);
	c->skel->bss->snapshot.everyone = false;
	return names;
}

static void name_blamed(struct collector *c, struct report *report)
{
	struct hash *names = names_here(c);

	for (size_t i = 0; i < report->blame_count; i++) {
		struct report_blame *blame = &report->blames[i];
		struct process *process = tasks__find(report->tasks, blame->tgid);

		if (process)
			blame->pid = process->pid;
		else
			blame->pid = names ? (uintptr_t)hash__get(names, blame->tgid, 0) :
					     blame->tgid;
	}
	hash__free(names);
}

void collector__blames(struct collector *c, struct report *report)
{
	if (!c->blames)
		c->blames = blames__new(c->skel);
	if (!c->blames)
		return;
	blames__read(c->blames, report);
	name_blamed(c, report);
}

void collector__report(struct collector *c, struct report *report)
{
	if (c->following)
		collector__blames(c, report);
	readings__disks(report, bpf_map__fd(c->skel->maps.disks));
	readings__counters(report, bpf_map__fd(c->skel->maps.counters));
	report->self.snapshots = c->snapshots;
	report->self.snapshot_ns = c->snapshot_ns;
	readings__programs(report, c->skel->obj, COLLECTOR_PROGRAMS);
}
