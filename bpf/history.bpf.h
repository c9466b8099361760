/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Who had the CPU while a followed task waited for it. Each CPU keeps a history
 * of who had it, for how long; a wait that has ended is laid over it backwards.
 */
#ifndef PPBPF_HISTORY_BPF_H
#define PPBPF_HISTORY_BPF_H

#include "maps.bpf.h"

#define HISTORY 256	/* windows kept a CPU; a power of 2 */
#define WINDOW_NS 100000ULL
#define WINDOW_SHARES 3

/*
 * Who had the CPU for how long. A slice longer than WINDOW_NS is a window of
 * its own; shorter ones share one, so that neighbours that switch every few
 * microseconds do not flush the history. Windows follow each other without gap.
 */
struct share {
	u32 tgid;	/* 0: idle */
	u32 ns;		/* where several share a window; the only one has it whole */
	u64 comm[PPBPF_COMM_WORDS];
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
	struct window open;	/* the latest window, until it is long enough to be kept */
	struct window windows[HISTORY];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct history);
} histories SEC(".maps");

/* The latest blames, by CPU: most waits blame whom the one before blamed. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct ppbpf_blame_cache);
} blame_caches SEC(".maps");

/* Those that made room there for others. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);	/* allocated at once: there is no waiting for memory here */
	__type(key, struct ppbpf_blame_key);
	__type(value, u64);
} blames SEC(".maps");

/* Those that found no room there either, by name: tgid is 0. */
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

static __always_inline void share_set(struct share *share, struct task_struct *task, u32 ns)
{
	share->tgid = task->tgid;
	share->ns = ns;
	__builtin_memcpy(share->comm, task->comm, sizeof(share->comm));
}

/* Keeps the open window and begins the next one with who leaves now. */
static __always_inline void history_turn(struct history *history, struct task_struct *leaver,
					 u64 now)
{
	struct window *open = &history->open;

	if (open->shares)
		history->windows[history->head++ & (HISTORY - 1)] = *open;
	open->start = open->end;
	open->shares = 1;
	share_set(&open->share[0], leaver, now - open->end);
}

/*
 * Somebody leaves the CPU that he had since the end of the latest window.
 * `stolen` is the CPU's total of time that ran no task.
 */
static __always_inline void history_push(struct task_struct *leaver, u64 now, u64 stolen)
{
	struct history *history = history_here();
	struct window *open;
	u32 tgid = leaver->tgid, ns;

	if (!history)
		return;
	open = &history->open;
	ns = now - open->end;
	if (!open->start || now - open->start >= WINDOW_NS) {
		history_turn(history, leaver, now);
	} else if (open->share[0].tgid == tgid) {
		open->share[0].ns += ns;
	} else if (open->shares > 1 && open->share[1].tgid == tgid) {
		open->share[1].ns += ns;
	} else if (open->shares > 2 && open->share[2].tgid == tgid) {
		open->share[2].ns += ns;
	} else if (open->shares == 1) {
		share_set(&open->share[1], leaver, ns);
		open->shares = 2;
	} else if (open->shares == 2) {
		share_set(&open->share[2], leaver, ns);
		open->shares = 3;
	} else {
		history_turn(history, leaver, now);
	}
	open->end = now;
	open->stolen = stolen;
}

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

/* Moves a slot's nanoseconds to the map of all. Not static: see history_push(). */
__noinline int blame_move(u64 tgid, u64 comm_low, u64 comm_high, u64 ns)
{
	u64 comm[PPBPF_COMM_WORDS] = { comm_low, comm_high };
	struct ppbpf_blame_key key = { .tgid = tgid };

	__builtin_memcpy(key.comm, comm, sizeof(key.comm));
	if (blame_key(&blames, &key, ns))
		return 0;
	key.tgid = 0;
	if (!blame_key(&blames_by_name, &key, ns))
		count(PPBPF_LOST_BLAME, 1);
	return 0;
}

/* Not static either. */
__noinline int blame_add(u64 tgid, u64 comm_low, u64 comm_high, u64 ns)
{
	struct ppbpf_blame_cache *cache;
	struct ppbpf_blame_slot *slot;
	u32 zero = 0;

	cache = bpf_map_lookup_elem(&blame_caches, &zero);
	if (!cache || !ns)
		return 0;
	if (!tgid) { /* nobody had the CPU: it was still waking up */
		count(PPBPF_COUNT_WAIT_UNKNOWN_NS, ns);
		return 0;
	}
	slot = &cache->slots[tgid % PPBPF_BLAME_SLOTS];
	if (slot->tgid == tgid && slot->comm[0] == comm_low && slot->comm[1] == comm_high) {
		slot->ns += ns;
		return 0;
	}
	cache->seq++;
	barrier();
	if (slot->tgid)
		blame_move(slot->tgid, slot->comm[0], slot->comm[1], slot->ns);
	slot->tgid = tgid;
	slot->comm[0] = comm_low;
	slot->comm[1] = comm_high;
	slot->ns = ns;
	barrier();
	cache->seq++;
	return 0;
}

/* `part` of `whole`, of n; in units of 1024 ns where the product could overflow. */
static __always_inline u64 proportion(u64 n, u64 part, u64 whole)
{
	/* nearly always one of these: spares a division */
	if (!n || part == whole)
		return n;
	if (n == whole)
		return part;
	if (n >> 31 || part >> 31)
		return whole >> 10 ? (n >> 10) * (part >> 10) / (whole >> 10) << 10 : 0;
	return whole ? n * part / whole : 0;
}

/* A wait laid over the history, latest window first. */
struct blame_walk {
	u64 from;	/* the wait; `to` moves towards `from` */
	u64 to;
	u64 stolen;	/* of it, time that ran no task */
	u32 waiter;	/* tgid */
	u32 windows;	/* looked at */
};

/* One window more; not 0: that was the last. */
__noinline int blame_window(struct blame_walk *walk)
{
	struct history *history = history_here();
	u64 start, whole, others, part, stolen, ns;
	struct window *window, *before;
	u32 at;

	if (!history || !walk)
		return 1;
	at = history->head - walk->windows;
	window = walk->windows ? &history->windows[at & (HISTORY - 1)] : &history->open;
	before = &history->windows[(at - 1) & (HISTORY - 1)];
	walk->windows++;
	start = window->start;
	if (walk->windows == HISTORY || !start || walk->to <= walk->from)
		return 1;
	if (start >= walk->to)
		return 0;
	whole = window->end - start;
	others = whole;
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
		struct share *share = &window->share[i];

		if (share->tgid == walk->waiter && others != whole)
			continue;
		ns = window->shares == 1 ? part : proportion(share->ns, part, others);
		blame_add(share->tgid, share->comm[0], share->comm[1],
			  ns - proportion(stolen, ns, part));
	}
	walk->to = start;
	return walk->to <= walk->from;
}

static long blame_next(u32 index, struct blame_walk *walk)
{
	return blame_window(walk) ? 1 : 0;	/* as the verifier wants it */
}

/* Blames the waited nanoseconds that ended at `arrival`; returns the stolen ones. */
__noinline u64 blame_wait(u64 arrival, u64 waited, u64 waiter)
{
	struct blame_walk walk = { .from = arrival - waited, .to = arrival, .waiter = waiter };

	/* most waits lie in the latest window: a loop by helper costs as much again */
	if (!blame_window(&walk))
		bpf_loop(HISTORY, blame_next, &walk, 0);
	count(PPBPF_COUNT_WAIT_NS, waited);
	if (walk.to > walk.from)
		count(PPBPF_COUNT_WAIT_UNKNOWN_NS, walk.to - walk.from);
	return walk.stolen;
}

#endif /* PPBPF_HISTORY_BPF_H */
