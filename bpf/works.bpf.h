/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The incoming requests that threads and processes are at: in whose work a request to
 * somebody else is made, and whose request has a thread for itself.
 */
#ifndef PPBPF_WORKS_BPF_H
#define PPBPF_WORKS_BPF_H

#include "traced.bpf.h"

/*
 * `alone`: the request that is active on the thread, and that has been the only
 * one since it began; 0: none, or several.
 */
struct work {
	u64 alone;
	s64 active;
	u64 hands_over;	/* a process: others reply than those who read the request */
};

/* By thread; and by process, with the upper half set. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct work);
} works SEC(".maps");

#define WORK_OF_PROCESS (1ULL << 32)

static __always_inline void work_begin_one(u64 key, u64 id)
{
	struct work *work = bpf_map_lookup_elem(&works, &key), fresh = { .alone = id, .active = 1 };

	if (!work) {
		if (!bpf_map_update_elem(&works, &key, &fresh, BPF_NOEXIST))
			return;
		/* another CPU was first */
		work = bpf_map_lookup_elem(&works, &key);
	}
	if (!work) {
		met(PPBPF_REQUEST_LOST_WORKS);
		return;
	}
	if (__sync_fetch_and_add(&work->active, 1) > 0) {
		work->alone = 0;
		return;
	}
	/* one that begins meanwhile counts itself first, and clears after this */
	__sync_lock_test_and_set(&work->alone, id);
	if (work->active != 1)
		work->alone = 0;
}

/* Whether it was the only one since it began. */
static __always_inline bool work_end_one(u64 key, u64 id)
{
	struct work *work = bpf_map_lookup_elem(&works, &key);
	bool alone;

	if (!work)
		return false;
	alone = work->alone == id;
	if (alone)
		work->alone = 0;
	/* it was forgotten that this one had begun */
	if (__sync_fetch_and_add(&work->active, -1) <= 0)
		__sync_fetch_and_add(&work->active, 1);
	return alone;
}

static __always_inline bool work_is_alone(u64 key, u64 id)
{
	struct work *work = bpf_map_lookup_elem(&works, &key);

	return work && work->alone == id;
}

static __always_inline void work_handed_over(u32 tgid)
{
	u64 key = tgid | WORK_OF_PROCESS;
	struct work *work = bpf_map_lookup_elem(&works, &key);

	if (work)
		work->hands_over = 1;
}

/*
 * A request to somebody else: in whose work is it made? 0: that cannot be told.
 * Where requests are handed from thread to thread, threads tell nothing.
 */
static __always_inline void work_current(struct ppbpf_exchange *exchange)
{
	u64 key = exchange->tgid | WORK_OF_PROCESS, thread = exchange->thread, alone;
	struct work *work = bpf_map_lookup_elem(&works, &key);

	exchange->within = 0;
	if (!work)
		return;
	alone = work->alone;
	if (work->hands_over) {
		exchange->within = alone;
		return;
	}
	work = bpf_map_lookup_elem(&works, &thread);
	if (!work)
		return;
	exchange->within = work->alone;
	if (work->alone && work->alone != alone)
		exchange->flags |= PPBPF_EXCHANGE_BY_THREAD;
}

#endif /* PPBPF_WORKS_BPF_H */
