// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * The one program on sched_switch. For every task: run queue delay, from the
 * scheduler's own account. For followed tasks: where the time since their last
 * switch went, and who had the CPU while they waited for it. It reads no clock
 * but the run queue's and does nothing at wakeups: all is known when a task
 * leaves its CPU.
 */
#include "maps.bpf.h"
#include "compat.bpf.h"
#include "filter.bpf.h"
#include "reason.bpf.h"
#include "record.bpf.h"
#include "split.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define HISTORY 256	/* windows kept a CPU; a power of 2 */
#define WINDOW_NS 100000ULL
#define WINDOW_SHARES 3
#define CLOCK_SAMPLE_NS 100000000ULL

/*
 * Who had the CPU for how long. A slice longer than WINDOW_NS is a window of
 * its own; shorter ones share one, so that neighbours that switch every few
 * microseconds do not flush the history. Windows follow each other without gap.
 */
struct share {
	u32 tgid;	/* 0: idle */
	u32 ns;		/* where several share a window; the only one has it whole */
	char comm[PPBPF_COMM_LEN];
};

struct window {
	u64 start;	/* sched_clock; 0: not known */
	u64 end;
	u64 stolen;	/* the CPU's total of time that ran no task, at the end */
	u32 shares;
	u32 pad;
	struct share share[WINDOW_SHARES];
};

struct history {
	u32 head;
	u32 pad;
	struct window windows[HISTORY];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct history);
} histories SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);	/* allocated at once: there is no waiting for memory here */
	__type(key, struct ppbpf_blame_key);
	__type(value, u64);
} blames SEC(".maps");

/* Those that found no room there, by name: tgid is 0. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct ppbpf_blame_key);
	__type(value, u64);
} blames_by_name SEC(".maps");

static __always_inline struct history *history_here(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&histories, &zero);
}

/* Who leaves the CPU: a task's name as two words, which a function can be handed. */
struct leaver {
	u64 comm[PPBPF_COMM_LEN / sizeof(u64)];
	u32 tgid;
};

static __always_inline void share_set(struct share *share, const struct leaver *leaver, u32 ns)
{
	share->tgid = leaver->tgid;
	share->ns = ns;
	__builtin_memcpy(share->comm, leaver->comm, PPBPF_COMM_LEN);
}

/* Whether the slice found room in the latest window. */
static __always_inline bool window_extend(struct window *window, const struct leaver *leaver,
					  u64 now)
{
	u32 ns = now - window->end;

	if (!window->start || now - window->start >= WINDOW_NS)
		return false;
	for (u32 i = 0; i < WINDOW_SHARES; i++) {
		if (i == window->shares) {
			share_set(&window->share[i], leaver, ns);
			window->shares++;
			return true;
		}
		if (window->share[i].tgid == leaver->tgid) {
			window->share[i].ns += ns;
			return true;
		}
	}
	return false;
}

/*
 * Somebody leaves the CPU that he had since the end of the latest window. Not
 * static: the verifier walks such a function once, not on every path to it.
 */
__noinline int history_push(u64 tgid, u64 comm_low, u64 comm_high, u64 now, u64 stolen)
{
	struct leaver leaver = { .comm = { comm_low, comm_high }, .tgid = tgid };
	struct history *history = history_here();
	struct window *window;
	u64 start;

	if (!history)
		return 0;
	window = &history->windows[(history->head - 1) & (HISTORY - 1)];
	start = window->end;
	if (!window_extend(window, &leaver, now)) {
		window = &history->windows[history->head++ & (HISTORY - 1)];
		window->start = start;
		window->shares = 1;
		share_set(&window->share[0], &leaver, now - start);
	}
	window->end = now;
	window->stolen = stolen;
	return 0;
}

static __always_inline void cpu_time_add(struct task_struct *prev, struct task_struct *next,
					 const struct rq *rq)
{
	u32 zero = 0;
	struct cpu_time *time = bpf_map_lookup_elem(&cpu_times, &zero);

	if (!time)
		return;
	/* some kernels let a switch pass untraced: what it began is nobody's */
	if (time->curr == (u64)prev && prev->pid)
		time->total += prev->se.sum_exec_runtime - time->exec;
	time->exec = next->se.sum_exec_runtime;
	time->curr = (u64)next;
	time->rq = (u64)rq;
}

struct cpu_time_walk {
	u64 now;
	u64 sum;
};

#define CPU_TIME_TRIES 4

static long cpu_time_read(u32 cpu, struct cpu_time_walk *walk)
{
	u32 zero = 0;
	volatile struct cpu_time *time = bpf_map_lookup_percpu_elem(&cpu_times, &zero, cpu);
	struct task_struct *curr;
	u64 total, slice, clock;
	struct rq *rq;

	if (!time || !time->rq)
		return 0;
	/* the other CPU may switch meanwhile: then the parts belong to two tasks */
	for (int i = 0; i < CPU_TIME_TRIES; i++) {
		total = time->total;
		slice = 0;
		rq = (struct rq *)time->rq;
		curr = (struct task_struct *)time->curr;
		if (BPF_CORE_READ(curr, pid)) {
			clock = BPF_CORE_READ(rq, clock);
			slice = BPF_CORE_READ(curr, se.sum_exec_runtime) - time->exec;
			slice += clock_age(clock, walk->now);
		}
		if (total == time->total && curr == (struct task_struct *)time->curr &&
		    curr == BPF_CORE_READ(rq, curr))
			break;
		slice = 0;
	}
	walk->sum += total + slice;
	return 0;
}

/* Run by user space: the sum over all CPUs, slices in progress included. */
SEC("syscall")
int cpu_time_sum(struct ppbpf_cpu_time *out)
{
	struct cpu_time_walk walk = { .now = sched_clock_estimate() };

	bpf_loop(cfg_cpus, cpu_time_read, &walk, 0);
	out->on_cpu_ns = walk.sum;
	return 0;
}

/* A wait laid over the history, latest window first. */
struct blame_walk {
	struct history *history;
	u64 from;	/* the wait; `to` moves towards `from` */
	u64 to;
	u64 stolen;	/* of it, time that ran no task */
	u32 waiter;	/* tgid */
};

static __always_inline bool blame_key(void *map, struct ppbpf_blame_key *key, u64 ns)
{
	u64 *total = bpf_map_lookup_elem(map, key);

	if (!total && !bpf_map_update_elem(map, key, &ns, BPF_NOEXIST))
		return true;
	if (!total)	/* another CPU may have been first */
		total = bpf_map_lookup_elem(map, key);
	if (total)
		__sync_fetch_and_add(total, ns);
	return total;
}

static __always_inline void blame_add(struct share *share, u64 ns)
{
	struct ppbpf_blame_key key = { .tgid = share->tgid };

	if (!share->tgid || !ns)
		return;
	__builtin_memcpy(key.comm, share->comm, sizeof(key.comm));
	if (blame_key(&blames, &key, ns))
		return;
	key.tgid = 0;
	if (!blame_key(&blames_by_name, &key, ns))
		count(PPBPF_LOST_BLAME, 1);
}

/* `part` of `whole`, of n; in units of 1024 ns where the product could overflow. */
static __always_inline u64 proportion(u64 n, u64 part, u64 whole)
{
	if (n >> 31 || part >> 31)
		return whole >> 10 ? (n >> 10) * (part >> 10) / (whole >> 10) << 10 : 0;
	return whole ? n * part / whole : 0;
}

static long blame_window(u32 index, struct blame_walk *walk)
{
	u32 at = walk->history->head - 1 - index;
	struct window *window = &walk->history->windows[at & (HISTORY - 1)];
	struct window *before = &walk->history->windows[(at - 1) & (HISTORY - 1)];
	u64 start = window->start, whole = window->end - start, others = whole, part, stolen, ns;

	if (index == HISTORY - 1 || !start || walk->to <= walk->from)
		return 1;
	if (start >= walk->to)
		return 0;
	/* the wait began in this window: whoever waits did not run after that */
	if (start < walk->from) {
		start = walk->from;
		for (u32 i = 0; i < WINDOW_SHARES && i < window->shares; i++)
			if (window->share[i].tgid == walk->waiter)
				others -= window->share[i].ns;
	}
	part = walk->to - start;
	stolen = window->stolen - before->stolen;
	stolen = stolen >= whole ? part : proportion(stolen, part, whole);
	walk->stolen += stolen;
	for (u32 i = 0; i < WINDOW_SHARES && i < window->shares; i++) {
		if (window->share[i].tgid == walk->waiter && others != whole)
			continue;
		ns = window->shares == 1 ? part : proportion(window->share[i].ns, part, others);
		blame_add(&window->share[i], ns - proportion(stolen, ns, part));
	}
	walk->to = start;
	return 0;
}

/* Blames the waited nanoseconds that ended at `arrival`; returns the stolen ones. */
__noinline u64 blame_wait(u64 arrival, u64 waited, u64 waiter)
{
	struct blame_walk walk = { .from = arrival - waited, .to = arrival, .waiter = waiter };
	struct history *history = history_here();

	if (!history)
		return 0;
	walk.history = history;
	bpf_loop(HISTORY, blame_window, &walk, 0);
	count(PPBPF_COUNT_WAIT_NS, waited);
	if (walk.to > walk.from)
		count(PPBPF_COUNT_WAIT_UNKNOWN_NS, walk.to - walk.from);
	return walk.stolen;
}

static __always_inline void remember_throttle(struct task_state *state, struct task_struct *prev)
{
	struct cfs_rq *cfs_rq = prev->se.cfs_rq;

	state->flags &= ~STATE_THROTTLED;
	state->cfs_rq = 0;
	if (!have_throttled_time() || !cfs_rq || !cfs_rq->runtime_enabled)
		return;
	state->cfs_rq = (u64)cfs_rq;
	state->throttled_time = cfs_rq->throttled_clock_self_time;
	if (task_is_throttled(prev))
		state->flags |= STATE_THROTTLED;
}

/* Adds what happened between the last switch-out and this one. */
static __always_inline void account(struct task_state *state, struct task_struct *prev, u64 now)
{
	struct interval interval;
	u64 waited, stolen = 0;

	interval_measure(&interval, state, prev, prev->se.sum_exec_runtime, now);
	state->flags &= ~STATE_SEEDED_ON_CPU;
	waited = interval.waited - interval.throttled;
	if (waited) {
		if (state->reason == PPBPF_REASON_RUN_QUEUE &&
		    state->out_cpu != bpf_get_smp_processor_id())
			count(PPBPF_COUNT_WAIT_REMOTE_NS, waited);
		else
			stolen = blame_wait(interval.arrival, waited, prev->tgid);
	}
	interval_add(&state->split, &interval, state->reason, stolen);
}

static __always_inline void followed_out(struct task_state *state, struct task_struct *prev,
					 bool preempt, u32 prev_state, u64 now)
{
	u32 reason = PPBPF_REASON_RUN_QUEUE;

	if (!preempt && prev_state && !(prev_state & TASK_DEAD)) {
		reason = wait_reason(prev, prev_state);
		if (reason == PPBPF_REASON_AGAIN)
			reason = state->last_wait;
		else if (reason != PPBPF_REASON_STOPPED)
			state->last_wait = reason;
	}
	state->seq++;
	barrier();
	account(state, prev, now);
	remember_throttle(state, prev);
	state->out = now;
	state->out_cpu = bpf_get_smp_processor_id();
	state->exec_runtime = prev->se.sum_exec_runtime;
	state->run_delay = prev->sched_info.run_delay;
	state->reason = reason;
	barrier();
	state->seq++;
}

/* The last switch: all of a thread's CPU time is in, its exit code too. */
static __noinline int task_dead(struct task_struct *prev, struct task_state *state)
{
	struct signal_struct *signal;
	struct ppbpf_exit_event *event;

	if (!state || !prev || (following() && !(state->flags & PPBPF_TASK_FOLLOWED)))
		return 0;
	if (state->flags & STATE_EXIT_SENT || !is_seen(&state->names))
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		if (!(state->flags & STATE_EXIT_MISSED))
			count(PPBPF_LOST_EVENTS_EXIT, 1);
		state->flags |= STATE_EXIT_MISSED;
		return 0;
	}
	if (state->flags & STATE_EXIT_MISSED)
		count(PPBPF_LOST_EVENTS_EXIT, -1ULL);
	state->flags |= STATE_EXIT_SENT;
	__builtin_memset(event, 0, sizeof(*event));
	event->kind = PPBPF_EVENT_EXIT;
	event->end_boot_ns = bpf_ktime_get_boot_ns();
	record_task(&event->task, prev, state);
	event->task.values[PPBPF_THREADS] = state->threads;
	signal = prev->signal;
	event->task.flags |= PPBPF_TASK_EXITING;
	event->task.values[PPBPF_PEAK_RSS_BYTES] = state->peak_rss * cfg_page_size;
	if (state->peak_rss)
		event->task.flags |= PPBPF_TASK_PEAK_EXACT;
	if (signal->live.counter == 0)
		event->task.flags |= PPBPF_TASK_LAST;
	event->task.exit_code = signal->flags & 0x4 /* SIGNAL_GROUP_EXIT */ ?
				signal->group_exit_code : prev->exit_code;
	__builtin_memcpy(&event->split, &state->split, sizeof(event->split));
	__builtin_memcpy(event->run_queue_hist, state->run_queue_hist,
			 sizeof(event->run_queue_hist));
	event_submit(event);
	return 0;
}

static __always_inline void sample_clock(u64 now)
{
	if (now - clock_pair.sampled < CLOCK_SAMPLE_NS)
		return;
	clock_pair.offset = bpf_ktime_get_ns() - now;
	clock_pair.sampled = now;
}

SEC("tp_btf/sched_switch")
int sched_switch(u64 *ctx)
{
	bool preempt = ctx[0];
	struct task_struct *prev = (struct task_struct *)ctx[1];
	struct task_struct *next = (struct task_struct *)ctx[2];
	const struct rq *rq = task_rq(prev);
	struct task_state *state;
	u32 prev_state, slot;
	u64 now = rq->clock;
	u64 delay;

	sample_clock(now);
	if (!following())
		cpu_time_add(prev, next, rq);
	if (!prev->pid)
		goto idle;
	prev_state = cfg_switch_has_state ? (u32)ctx[3] : task_state_bits(prev);
	state = state_create(prev);
	if (!state)
		goto idle;
	delay = prev->sched_info.run_delay;
	if (state->flags & STATE_SEEN) {
		slot = log2_slot(delay - state->run_delay, PPBPF_RQ_SLOTS);
		if (slot < PPBPF_RQ_SLOTS)
			state->run_queue_hist[slot]++;
	}
	if (following() && state->flags & PPBPF_TASK_FOLLOWED) {
		followed_out(state, prev, preempt, prev_state, now);
	} else {
		state->run_delay = delay;
		state->flags |= STATE_SEEN;
	}
	if (prev_state & TASK_DEAD && !preempt)
		task_dead(prev, state);
idle:
	if (following()) {
		u64 comm[PPBPF_COMM_LEN / sizeof(u64)];

		__builtin_memcpy(comm, prev->comm, sizeof(comm));
		history_push(prev->tgid, comm[0], comm[1], now, now - rq->clock_task);
	}
	return 0;
}

/*
 * The second chance: a last switch that was not traced, or that found the ring
 * full. The totals are final by now; only the end's time comes late.
 */
SEC("tp_btf/sched_process_free")
int BPF_PROG(sched_process_free, struct task_struct *task)
{
	struct task_state *state = state_get(task);

	if (!state || state->flags & STATE_EXIT_SENT)
		return 0;
	count(PPBPF_COUNT_LATE_EXITS, 1);
	task_dead(task, state);
	return 0;
}
