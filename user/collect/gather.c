// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/gather.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "collect/modules.h"
#include "model/profile.h"

struct pending {
	struct ppbpf_stack_key key;
	struct ppbpf_stack_count count;
};

struct gather {
	struct modules *modules;
	double period_ns;
	struct hash *processes; /* tgid -> index + 1 */
	struct hash *threads;	/* tgid, tid -> index + 1 */
	struct hash *stacks;	/* id -> index + 1 */
	struct pending *pending;
	size_t pending_count, pending_room;
	struct frame frames[PPBPF_FRAMES_MAX];
};

/* Why a walk ended, as the line on quality says it. */
static const struct {
	enum stack_end end;
	const char *why;
} ends[PPBPF_STACK_END_NR] = {
	[PPBPF_STACK_COMPLETE] = { STACK_COMPLETE, NULL },
	[PPBPF_STACK_TOO_DEEP] = { STACK_TRUNCATED, "frame limit" },
	[PPBPF_STACK_PENDING] = { STACK_FAILED, "unwind table not built yet" },
	[PPBPF_STACK_NO_TABLE] = { STACK_FAILED, "no unwind table" },
	[PPBPF_STACK_NO_ROW] = { STACK_FAILED, "not in the unwind table" },
	[PPBPF_STACK_NO_FRAME] = { STACK_FAILED, "no frame pointer" },
	[PPBPF_STACK_NO_MAPPING] = { STACK_FAILED, "address outside of code" },
	[PPBPF_STACK_UNREADABLE] = { STACK_FAILED, "stack memory not present" },
	[PPBPF_STACK_COMPAT] = { STACK_FAILED, "32-bit process" },
	[PPBPF_STACK_MODULES] = { STACK_FAILED, "too many files" },
	[PPBPF_STACK_BEFORE] = { STACK_FAILED, "waiting since before the start" },
};

struct gather *gather__new(struct modules *modules, double period_ns)
{
	struct gather *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->modules = modules;
	g->period_ns = period_ns;
	g->processes = hash__new();
	g->threads = hash__new();
	g->stacks = hash__new();
	if (g->processes && g->threads && g->stacks)
		return g;
	gather__free(g);
	return NULL;
}

void gather__free(struct gather *g)
{
	if (!g)
		return;
	hash__free(g->processes);
	hash__free(g->threads);
	hash__free(g->stacks);
	free(g->pending);
	free(g);
}

static int remember(struct hash *hash, uint64_t a, uint64_t b, int index)
{
	if (index < 0)
		return index;
	return hash__set(hash, a, b, (void *)((uintptr_t)index + 1));
}

static int recall(const struct hash *hash, uint64_t a, uint64_t b)
{
	return (int)(uintptr_t)hash__get(hash, a, b) - 1;
}

static int on_thread(struct gather *g, struct profile *profile,
		     const struct ppbpf_thread_event *event)
{
	char comm[PPBPF_COMM_LEN + 1] = { 0 }, leader[PPBPF_COMM_LEN + 1] = { 0 };
	int process, err;

	memcpy(comm, event->comm, PPBPF_COMM_LEN);
	memcpy(leader, event->leader_comm, PPBPF_COMM_LEN);
	process = profile__process(profile, event->pid, event->leader_start_boot_ns, leader);
	err = remember(g->processes, event->tgid, 0, process);
	if (err)
		return err;
	if (event->tid == event->tgid)
		return remember(g->threads, event->tgid, event->tid,
				profile__thread(profile, process, event->pid, comm));
	return remember(g->threads, event->tgid, event->tid,
			profile__thread(profile, process, event->tid, comm));
}

/* Where its event was lost: by its number alone. */
static int process_of(struct gather *g, struct profile *profile, uint32_t tgid)
{
	int index = recall(g->processes, tgid, 0), err;

	if (index >= 0)
		return index;
	index = profile__process(profile, tgid, 0, NULL);
	err = remember(g->processes, tgid, 0, index);
	return err ? err : index;
}

static int thread_of(struct gather *g, struct profile *profile, uint32_t tgid, uint32_t tid)
{
	int index, process, err;

	tid = tid ? tid : tgid;
	index = recall(g->threads, tgid, tid);
	if (index >= 0)
		return index;
	process = process_of(g, profile, tgid);
	if (process < 0)
		return process;
	index = profile__thread(
		profile, process,
		tid == tgid ? profile__process_at(profile, process)->pid : (pid_t)tid, NULL);
	err = remember(g->threads, tgid, tid, index);
	return err ? err : index;
}

static int frame_of(struct gather *g, struct profile *profile, uint64_t packed, uint32_t tgid,
		    struct frame *frame)
{
	uint64_t value = packed & ((1ULL << PPBPF_FRAME_KIND_SHIFT) - 1);
	uint64_t offset = value & ((1ULL << PPBPF_FRAME_OFFSET_BITS) - 1);
	int process = 0;

	*frame = (struct frame){ .kind = FRAME_UNKNOWN };
	switch (packed >> PPBPF_FRAME_KIND_SHIFT) {
	case PPBPF_FRAME_KERNEL:
		frame->kind = FRAME_KERNEL;
		frame->address = packed;
		return 0;
	case PPBPF_FRAME_NATIVE_RETURN:
		frame->flags = FRAME_RETURN;
		/* fall through */
	case PPBPF_FRAME_NATIVE:
		if (modules__locate(g->modules, profile, value >> PPBPF_FRAME_OFFSET_BITS, offset,
				    &frame->where, &frame->address)) {
			frame->kind = FRAME_NATIVE;
			return 0;
		}
		frame->address = offset;
		break;
	case PPBPF_FRAME_MEMORY_RETURN:
		frame->flags = FRAME_RETURN;
		/* fall through */
	case PPBPF_FRAME_MEMORY:
		frame->kind = FRAME_JIT;
		frame->address = value;
		break;
	default:
		frame->address = value;
	}
	process = process_of(g, profile, tgid);
	frame->where = process < 0 ? 0 : process;
	return process < 0 ? process : 0;
}

static int on_stack(struct gather *g, struct profile *profile,
		    const struct ppbpf_stack_event *event)
{
	int err = 0, index;

	if (hash__get(g->stacks, event->id, 0))
		return 0;
	for (size_t i = 0; i < event->count && !err; i++)
		err = frame_of(g, profile, event->frames[i], event->tgid, &g->frames[i]);
	if (err)
		return err;
	index = profile__stack(profile, g->frames, event->count, ends[event->end].end,
			       ends[event->end].why);
	return remember(g->stacks, event->id, 0, index);
}

int gather__event(struct gather *g, struct profile *profile, const void *data, size_t size)
{
	const struct ppbpf_stack_event *stack = data;
	uint32_t kind;

	if (size < sizeof(kind))
		return 0;
	memcpy(&kind, data, sizeof(kind));
	if (kind == PPBPF_STACK_EVENT_THREAD && size >= sizeof(struct ppbpf_thread_event))
		return on_thread(g, profile, data);
	if (kind == PPBPF_STACK_EVENT_STACK && size >= PPBPF_STACK_HEADER_SIZE &&
	    stack->count <= PPBPF_FRAMES_MAX && stack->end < PPBPF_STACK_END_NR &&
	    size >= PPBPF_STACK_HEADER_SIZE + stack->count * sizeof(stack->frames[0]))
		return on_stack(g, profile, stack);
	return 0;
}

static int add_sample(struct gather *g, struct profile *profile, const struct pending *counted,
		      int stack)
{
	struct profile_sample sample = { .stack = stack, .count = counted->count.count };
	int thread = thread_of(g, profile, counted->key.tgid, counted->key.tid);

	if (thread < 0)
		return thread;
	sample.thread = thread;
	if (counted->key.kind == PPBPF_STACK_ON_CPU) {
		sample.kind = SAMPLE_ON_CPU;
		sample.ns = (uint64_t)(sample.count * g->period_ns);
	} else {
		sample.kind = SAMPLE_OFF_CPU;
		sample.reason = counted->key.kind;
		sample.ns = counted->count.ns;
	}
	return profile__sample(profile, &sample);
}

int gather__count(struct gather *g, struct profile *profile, const struct ppbpf_stack_key *key,
		  const struct ppbpf_stack_count *count)
{
	struct pending counted = { .key = *key, .count = *count }, *larger;
	int stack = recall(g->stacks, key->stack, 0);
	size_t room;

	if (stack >= 0)
		return add_sample(g, profile, &counted, stack);
	if (g->pending_count == g->pending_room) {
		room = g->pending_room ? g->pending_room * 2 : 256;
		larger = realloc(g->pending, room * sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		g->pending = larger;
		g->pending_room = room;
	}
	g->pending[g->pending_count++] = counted;
	return 0;
}

/* Those whose stack has come meanwhile; with `all`, the others too, on an empty one. */
static int settle(struct gather *g, struct profile *profile, bool all)
{
	size_t kept = 0;
	int err = 0;

	for (size_t i = 0; i < g->pending_count && !err; i++) {
		int stack = recall(g->stacks, g->pending[i].key.stack, 0);

		if (stack < 0 && all)
			stack = profile__stack(profile, NULL, 0, STACK_FAILED, "stack lost");
		if (stack >= 0)
			err = add_sample(g, profile, &g->pending[i], stack);
		else if (all)
			err = stack;
		else
			g->pending[kept++] = g->pending[i];
	}
	g->pending_count = kept;
	return err;
}

int gather__settle(struct gather *g, struct profile *profile)
{
	return settle(g, profile, false);
}

int gather__finish(struct gather *g, struct profile *profile)
{
	return settle(g, profile, true);
}
