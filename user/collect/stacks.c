// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/stacks.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cond.h"
#include "base/err.h"
#include "base/log.h"
#include "collect/blocked.h"
#include "collect/features.h"
#include "collect/gather.h"
#include "collect/iterate.h"
#include "collect/modules.h"
#include "collect/pidns.h"
#include "collect/stacks_load.h"
#include "model/profile.h"

#define POLL_MS 100
#define INBOX_MAX (64u << 20) /* events that nobody drains */
#define COUNTS_BATCH 512
#define SCAN_ROUNDS 64
#define FRESH_MAX 16
#define WORKER_NICE (-10)
/* For the tables of what runs, before the first sample: of targets it is worth more. */
#define READY_WAIT_MS 200
#define READY_WAIT_TARGET_MS 1000

/* A process that has called exec: looked at again while it maps its libraries. */
struct fresh {
	pid_t pid;
	unsigned int looks;
	uint64_t due_ns;
};

/* After so long: what the dynamic linker takes, and what main() opens first. */
static const uint64_t look_after_ns[] = { 1500000, 5000000, 25000000 };

#define LOOKS (sizeof(look_after_ns) / sizeof(look_after_ns[0]))

struct stacks {
	struct stacks_config config;
	struct stack_bpf *skel;
	struct ring_buffer *ring;
	struct modules *modules;
	struct gather *gather;
	struct bpf_link **samplers;
	size_t sampler_count;
	const char *event;
	struct fresh fresh[FRESH_MAX]; /* the worker's */
	size_t fresh_count;
	pthread_t worker;
	bool has_worker;
	int stop_fd;
	int event_fd;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t pass_cond;
	uint64_t passes;  /* of the worker over what it was asked for */
	struct buf inbox; /* events: size as u32, bytes; in multiples of 8 */
	struct buf notes; /* lines for people */
	uint64_t inbox_lost;
	int worker_error;
	uint64_t created_ns, ready_ns, started_ns, stopped_ns;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int find_pid_view(struct stacks *s)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	struct ppbpf_pid_view *view = &s->skel->bss->pid_view;
	int err = bpf_prog_test_run_opts(bpf_program__fd(s->skel->progs.stack_pid_view), &options);
	int above = proc_levels_above();

	if (err)
		return err;
	view->proc_level = above < 0 || above > (int)view->level ? -1 : (int)view->level - above;
	return 0;
}

/* It has called exec, or is a target from the start. */
static void on_target(struct stacks *s, const struct ppbpf_module_event *event)
{
	if (!event->proc_pid)
		return;
	modules__scan(s->modules, event->proc_pid, true);
	if (s->fresh_count == FRESH_MAX)
		return; /* what it maps is met, later, by its samples */
	s->fresh[s->fresh_count++] = (struct fresh){
		.pid = event->proc_pid,
		.due_ns = now_ns() + look_after_ns[0],
	};
}

static void look_again(struct stacks *s)
{
	uint64_t now = now_ns();
	size_t kept = 0;

	for (size_t i = 0; i < s->fresh_count; i++) {
		struct fresh fresh = s->fresh[i];

		if (now >= fresh.due_ns) {
			modules__scan(s->modules, fresh.pid, true);
			if (++fresh.looks == LOOKS)
				continue;
			fresh.due_ns = now + look_after_ns[fresh.looks];
		}
		s->fresh[kept++] = fresh;
	}
	s->fresh_count = kept;
}

/* Runs in the worker: modules at once, as they may go; the rest is kept for the drain. */
static int on_event(void *context, void *data, size_t size)
{
	const struct ppbpf_module_event *module = data;
	struct stacks *s = context;
	uint32_t kind, length = size;
	int err = 0;

	if (size < sizeof(kind))
		return 0;
	memcpy(&kind, data, sizeof(kind));
	if (kind == PPBPF_STACK_EVENT_MODULE) {
		if (size >= sizeof(*module) && module->id)
			err = modules__met(s->modules, module);
		else if (size >= sizeof(*module))
			on_target(s, module);
		if (err)
			s->worker_error = err;
		return 0;
	}
	pthread_mutex_lock(&s->lock);
	if (s->inbox.length + size > INBOX_MAX) {
		s->inbox_lost++;
	} else {
		buf__append(&s->inbox, &length, sizeof(length));
		buf__fill(&s->inbox, 0, 4);
		buf__append(&s->inbox, data, size);
		buf__fill(&s->inbox, 0, -size & 7);
	}
	pthread_mutex_unlock(&s->lock);
	return 0;
}

/* Everything that runs. What targets meet meanwhile comes first. */
static void scan_machine(struct stacks *s)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	if (!proc)
		log_debug("/proc cannot be read for mapped files: %s", strerror(errno));
	while (proc && err != -ENOMEM && (entry = readdir(proc))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		err = modules__scan(s->modules, atoi(entry->d_name), false);
		ring_buffer__consume(s->ring);
	}
	if (proc)
		closedir(proc);
}

/*
 * What a target maps; of a command, what is known ahead, and what we map
 * ourselves, which is most of the rest.
 */
static void scan_targets(struct stacks *s)
{
	const struct stacks_config *config = &s->config;

	if (config->executable)
		modules__foresee(s->modules, config->executable);
	for (size_t i = 0; i < config->pid_count; i++)
		modules__scan(s->modules, config->pids[i], true);
	modules__scan(s->modules, getpid(), true);
}

/* All that was asked for until now is being built. */
static void tell_pass(struct stacks *s)
{
	pthread_mutex_lock(&s->lock);
	s->passes++;
	pthread_mutex_unlock(&s->lock);
	pthread_cond_signal(&s->pass_cond);
}

static void *work(void *context)
{
	struct stacks *s = context;
	int poll_ms;
	uint64_t ended = 0, one = 1;
	bool had;

	/* a table that comes late costs stacks; building one takes milliseconds */
	setpriority(PRIO_PROCESS, gettid(), WORKER_NICE);
	if (modules__add_vdso(s->modules))
		log_debug("the vdso has no table");
	if (s->config.mode == PPBPF_TARGET_MACHINE)
		scan_machine(s);
	else
		scan_targets(s);
	while (!ended) {
		pthread_mutex_lock(&s->lock);
		poll_ms = s->started_ns ? POLL_MS : 1;
		pthread_mutex_unlock(&s->lock);
		ring_buffer__poll(s->ring, s->fresh_count ? 1 : poll_ms);
		/* nobody is woken for a few: those are fetched, too */
		ring_buffer__consume(s->ring);
		look_again(s);
		tell_pass(s);
		if (read(s->stop_fd, &ended, sizeof(ended)) < 0)
			ended = 0;
		pthread_mutex_lock(&s->lock);
		had = s->inbox.length > INBOX_MAX / 16;
		pthread_mutex_unlock(&s->lock);
		if (had && write(s->event_fd, &one, sizeof(one)) < 0)
			log_debug("nobody could be woken to drain stacks");
	}
	ring_buffer__consume(s->ring);
	return NULL;
}

static int prepare(struct stacks *s, struct err *e)
{
	struct modules_maps maps = {
		.chunks_fd = bpf_map__fd(s->skel->maps.unwind_chunks),
		.modules_fd = bpf_map__fd(s->skel->maps.modules),
		.pythons_fd = bpf_map__fd(s->skel->maps.pythons),
		.next_id = &s->skel->data->next_module,
	};
	int err = find_pid_view(s);

	if (err)
		return err__set(e, ERR_UNSUPPORTED_KERNEL, err,
				"BPF programs cannot be run from here: %s", strerror(-err));
	s->modules = modules__new(&maps);
	s->gather = gather__new(s->modules, 1e9 / s->config.frequency);
	s->ring = ring_buffer__new(bpf_map__fd(s->skel->maps.stack_events), on_event, s, NULL);
	s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!s->modules || !s->gather || !s->ring || s->stop_fd < 0 || s->event_fd < 0)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	err = pthread_create(&s->worker, NULL, work, s);
	if (err)
		return err__set(e, ERR_INTERNAL, -err, "no thread can be started: %s",
				strerror(err));
	s->has_worker = true;
	return 0;
}

/* Every file that code is mapped from stays open until it is named. */
static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int stacks__new(struct stacks **out, const struct stacks_config *config,
		const struct features *features, struct err *e)
{
	struct stacks *s = calloc(1, sizeof(*s));
	int err;

	*out = NULL;
	if (!s)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	s->config = *config;
	s->stop_fd = s->event_fd = -1;
	s->created_ns = now_ns();
	s->event = "cpu-clock";
	pthread_mutex_init(&s->lock, NULL);
	cond_init_monotonic(&s->pass_cond);
	allow_many_files();
	err = stacks_load(&s->skel, &s->config, features, e);
	if (!err)
		err = prepare(s, e);
	if (err) {
		stacks__free(s);
		return err;
	}
	*out = s;
	return 0;
}

static void end_worker(struct stacks *s)
{
	uint64_t one = 1;

	if (!s->has_worker)
		return;
	if (write(s->stop_fd, &one, sizeof(one)) < 0)
		log_debug("the thread that builds tables was not told to end");
	pthread_join(s->worker, NULL);
	s->has_worker = false;
}

void stacks__free(struct stacks *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->sampler_count; i++)
		bpf_link__destroy(s->samplers[i]);
	free(s->samplers);
	end_worker(s);
	ring_buffer__free(s->ring);
	gather__free(s->gather);
	modules__free(s->modules);
	stack_bpf__destroy(s->skel);
	buf__free(&s->inbox);
	buf__free(&s->notes);
	if (s->stop_fd >= 0)
		close(s->stop_fd);
	if (s->event_fd >= 0)
		close(s->event_fd);
	pthread_cond_destroy(&s->pass_cond);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static int seed(struct stacks *s)
{
	uint8_t one = 1;
	int err = 0;

	for (size_t i = 0; i < s->config.pid_count; i++) {
		uint32_t pid = s->config.pids[i];

		if (bpf_map_update_elem(bpf_map__fd(s->skel->maps.targets), &pid, &one, BPF_ANY))
			return -errno;
	}
	for (int round = 0; round < SCAN_ROUNDS && !err; round++) {
		err = iterate_silently(s->skel->progs.stack_scan);
		if (!s->skel->bss->targets_added)
			break;
	}
	return err;
}

static int open_event(struct stacks *s, int cpu, bool hardware)
{
	struct perf_event_attr attr = {
		.type = hardware ? PERF_TYPE_HARDWARE : PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = hardware ? PERF_COUNT_HW_CPU_CYCLES : PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = s->config.frequency,
		.exclude_idle = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int sample_cpu(struct stacks *s, int cpu, bool hardware)
{
	int fd = open_event(s, cpu, hardware);
	struct bpf_link *link;

	if (fd < 0)
		return fd;
	link = bpf_program__attach_perf_event(s->skel->progs.stack_sample, fd);
	if (!link) {
		close(fd);
		return -errno;
	}
	s->samplers[s->sampler_count++] = link;
	return 0;
}

static int sample_all(struct stacks *s)
{
	int cpus = libbpf_num_possible_cpus(), fd, err, last = -ENODEV;
	bool hardware;

	if (cpus < 0)
		return cpus;
	s->samplers = calloc(cpus, sizeof(struct bpf_link *));
	if (!s->samplers)
		return -ENOMEM;
	fd = open_event(s, 0, true);
	hardware = fd >= 0;
	if (hardware)
		close(fd);
	s->event = hardware ? "cycles" : "cpu-clock";
	for (int cpu = 0; cpu < cpus; cpu++) {
		err = sample_cpu(s, cpu, hardware);
		/* a CPU that is possible need not be there */
		if (err && err != -ENODEV)
			last = err;
	}
	return s->sampler_count ? 0 : last;
}

/* Until the tables of all who are targets by now are built, but not for ever. */
static void wait_until_ready(struct stacks *s)
{
	bool machine = s->config.mode == PPBPF_TARGET_MACHINE;
	long most_ms = machine ? READY_WAIT_MS : READY_WAIT_TARGET_MS;
	struct timespec until;
	uint64_t pass;
	bool ready;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += most_ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&s->lock);
	/* the one under way may have begun before the last of them was found */
	pass = s->passes + 2;
	while (s->passes < pass && !pthread_cond_timedwait(&s->pass_cond, &s->lock, &until))
		;
	pthread_mutex_unlock(&s->lock);
	ready = modules__wait(s->modules, &until);
	pthread_mutex_lock(&s->lock);
	s->started_ns = now_ns();
	if (ready)
		s->ready_ns = s->started_ns;
	pthread_mutex_unlock(&s->lock);
}

/* Of threads that wait already, the switch was not seen. */
static void begin_waits(struct stacks *s)
{
	int err = blocked_take(&s->config, s->skel->obj, &s->skel->bss->pid_view, s->started_ns);

	if (!err)
		return;
	pthread_mutex_lock(&s->lock);
	buf__printf(&s->notes,
		    "waits that began before the measurement are not in it: the kernel "
		    "refused the program that reads their stacks: %s\n",
		    strerror(-err));
	pthread_mutex_unlock(&s->lock);
}

int stacks__start(struct stacks *s, struct err *e)
{
	int err;

	bpf_program__set_autoattach(s->skel->progs.stack_scan, false);
	bpf_program__set_autoattach(s->skel->progs.stack_waits, false);
	bpf_program__set_autoattach(s->skel->progs.stack_sample, false);
	err = stack_bpf__attach(s->skel);
	if (err)
		return err__set(e, ERR_UNSUPPORTED_KERNEL, err,
				"a tracepoint refused its program: %s", strerror(-err));
	if (s->config.mode != PPBPF_TARGET_MACHINE)
		err = seed(s);
	if (err)
		return err__set(e, ERR_INTERNAL, err, "the task iterator cannot be read: %s",
				strerror(-err));
	if (s->config.on_cpu)
		err = sample_all(s);
	if (err) {
		err__set(e,
			 err == -EACCES || err == -EPERM ? ERR_PERMISSION : ERR_UNSUPPORTED_KERNEL,
			 err, "no CPU can be sampled: perf_event_open: %s", strerror(-err));
		err__hint(e, "perf events need root or CAP_PERFMON, and a seccomp profile that "
			     "allows perf_event_open(2)");
		return err;
	}
	wait_until_ready(s);
	s->skel->bss->measuring = true;
	if (s->config.off_cpu && !s->config.starting)
		begin_waits(s);
	return 0;
}

int stacks__event_fd(const struct stacks *s)
{
	return s->event_fd;
}

/* Empties the map that is not written any more. */
static int drain_counts(struct stacks *s, struct profile *profile, const struct bpf_map *map)
{
	static __thread struct ppbpf_stack_key keys[COUNTS_BATCH];
	static __thread struct ppbpf_stack_count counts[COUNTS_BATCH];
	int fd = bpf_map__fd(map), err = 0, ended = 0;
	uint32_t cursor, n;
	void *from = NULL;

	while (!ended && !err) {
		n = COUNTS_BATCH;
		ended = bpf_map_lookup_and_delete_batch(fd, from, &cursor, keys, counts, &n, NULL);
		if (ended && errno != ENOENT)
			return -errno;
		for (uint32_t i = 0; i < n && !err; i++)
			err = gather__count(s->gather, profile, &keys[i], &counts[i]);
		from = &cursor;
	}
	return err;
}

/* Programs that are running now will have ended: they run under RCU. */
static void wait_for_programs(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		usleep(10000); /* not offered on CPUs without ticks */
}

static int flip_counts(struct stacks *s, struct profile *profile)
{
	uint32_t old = __atomic_fetch_add(&s->skel->bss->counts_epoch, 1, __ATOMIC_SEQ_CST);

	wait_for_programs();
	return drain_counts(s, profile,
			    old & 1 ? s->skel->maps.counts_odd : s->skel->maps.counts_even);
}

/* Nothing is counted any more: both maps are ours. */
static int drain_last_counts(struct stacks *s, struct profile *profile)
{
	int err;

	wait_for_programs();
	err = drain_counts(s, profile, s->skel->maps.counts_even);
	return err ? err : drain_counts(s, profile, s->skel->maps.counts_odd);
}

static int drain_events(struct stacks *s, struct profile *profile)
{
	struct buf inbox;
	uint32_t size;
	int err = 0;

	pthread_mutex_lock(&s->lock);
	inbox = s->inbox;
	s->inbox = (struct buf)BUF_INIT;
	pthread_mutex_unlock(&s->lock);
	for (size_t at = 0; at + 8 <= inbox.length && !err; at += 8 + ((size + 7) & ~7u)) {
		memcpy(&size, inbox.data + at, sizeof(size));
		err = gather__event(s->gather, profile, inbox.data + at + 8, size);
	}
	if (!err)
		err = inbox.error;
	buf__free(&inbox);
	return err;
}

static const char *const losses[PPBPF_STACK_COUNTER_NR] = {
	[PPBPF_STACK_LOST_STACKS] = "stack_events",
	[PPBPF_STACK_LOST_THREADS] = "stack_threads",
	[PPBPF_STACK_LOST_MODULES] = "stack_modules",
	[PPBPF_STACK_LOST_CODES] = "stack_python_codes",
	[PPBPF_STACK_LOST_COUNTS] = "stack_counts",
	[PPBPF_STACK_LOST_BUSY] = "stack_scratch_busy",
	[PPBPF_STACK_LOST_OFF_STATE] = "stack_wait_states",
	[PPBPF_STACK_LOST_TARGETS] = "stack_targets",
	[PPBPF_STACK_PYTHON_LOST] = "stack_python_frames",
};

static uint64_t counter_sum(const struct stacks *s, uint32_t id)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t sum = 0, *each;

	each = cpus > 0 ? calloc(cpus, sizeof(*each)) : NULL;
	if (each && !bpf_map_lookup_elem(bpf_map__fd(s->skel->maps.stack_counters), &id, each))
		for (int cpu = 0; cpu < cpus; cpu++)
			sum += each[cpu];
	free(each);
	return sum;
}

/* Runs that the kernel skipped, as the program was running on that CPU already. */
static uint64_t skipped_runs(const struct stacks *s)
{
	const struct bpf_program *programs[] = { s->skel->progs.stack_sample,
						 s->skel->progs.stack_switch };
	uint64_t skipped = 0;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);
		int fd = bpf_program__fd(programs[i]);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size))
			skipped += info.recursion_misses;
	}
	return skipped;
}

static int report_losses(struct stacks *s, struct profile *profile)
{
	int err = 0;

	for (uint32_t id = 0; id < PPBPF_STACK_COUNTER_NR && !err; id++)
		if (losses[id])
			err = profile__lost(profile, losses[id], counter_sum(s, id));
	if (!err)
		err = profile__lost(profile, "stack_inbox", s->inbox_lost);
	if (!err)
		err = profile__lost(profile, "stack_program_runs", skipped_runs(s));
	return err;
}

int stacks__drain(struct stacks *s, struct profile *profile)
{
	uint64_t events;
	int err;

	if (read(s->event_fd, &events, sizeof(events)) < 0 && errno != EAGAIN)
		return -errno;
	/* counts first: what their stacks are was sent before they were made */
	err = s->stopped_ns ? drain_last_counts(s, profile) : flip_counts(s, profile);
	if (!err)
		err = drain_events(s, profile);
	if (!err)
		err = gather__settle(s->gather, profile);
	if (!err && s->stopped_ns)
		err = gather__finish(s->gather, profile);
	if (!err && s->stopped_ns)
		err = report_losses(s, profile);
	return err ? err : s->worker_error;
}

int stacks__stop(struct stacks *s, struct err *e)
{
	int err = 0;

	s->skel->bss->measuring = false;
	s->stopped_ns = now_ns();
	for (size_t i = 0; i < s->sampler_count; i++)
		bpf_link__destroy(s->samplers[i]);
	s->sampler_count = 0;
	if (s->config.off_cpu)
		err = iterate_silently(s->skel->progs.stack_waits);
	end_worker(s);
	if (err)
		return err__set(e, ERR_INTERNAL, err, "waits that go on cannot be read: %s",
				strerror(-err));
	return 0;
}

double stacks__seconds(const struct stacks *s)
{
	uint64_t until = s->stopped_ns ? s->stopped_ns : now_ns();

	return s->started_ns ? (until - s->started_ns) / 1e9 : 0;
}

const char *stacks__event(const struct stacks *s)
{
	return s->event;
}

int stacks__notes(struct stacks *s, struct buf *out)
{
	int err;

	pthread_mutex_lock(&s->lock);
	err = buf__puts(out, buf__str(&s->notes));
	pthread_mutex_unlock(&s->lock);
	return err ? err : modules__notes(s->modules, out);
}

void stacks__tables(struct stacks *s, struct stacks_tables *tables)
{
	modules__tables(s->modules, tables);
	pthread_mutex_lock(&s->lock);
	tables->ready_ns = s->ready_ns ? s->ready_ns - s->created_ns : 0;
	pthread_mutex_unlock(&s->lock);
}
