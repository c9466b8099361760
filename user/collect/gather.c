// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/gather.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/intern.h"
#include "collect/known_stacks.h"
#include "collect/modules.h"
#include "collect/rest.h"
#include "model/profile.h"
#include "symbol/python.h"

#define HELD_MAX (32u << 20) /* bytes of stacks that wait for a table */

/* A Python code object, with what its lines are found by. */
struct code {
	int index; /* in the profile */
	uint32_t version;
	uint32_t first_line;
	uint32_t lines;	      /* bytes of the line table */
	const uint8_t *table; /* interned: each process has a code object of its own */
};

struct pending {
	struct ppbpf_stack_key key;
	struct ppbpf_stack_count count;
};

/* A stack that has a file whose table is not built yet. */
struct held {
	struct ppbpf_rest_event *rest;	/* how to walk on from there; NULL: nothing is known */
	uint32_t missing;		/* the file's module */
	struct ppbpf_stack_event event; /* as much as there is */
};

struct gather {
	struct modules *modules;
	double period_ns;
	struct hash *processes; /* tgid, start_of() or LATEST -> index + 1 */
	struct hash *threads;	/* tgid and tid, start_of() -> index + 1 */
	struct known_stacks stacks;
	struct hash *codes; /* id -> struct code, owned */
	struct intern *tables;
	struct pending *pending;
	size_t pending_count, pending_room;
	struct hash *rests; /* stack's id -> struct ppbpf_rest_event, owned */
	struct held **held;
	size_t held_count, held_room;
	size_t held_bytes; /* with the rests */
	bool finishing;	   /* nothing more is held: what is missing is waited for */
	struct frame frames[PPBPF_FRAMES_MAX];
	uint64_t realigned[PPBPF_FRAMES_MAX];
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
	g->codes = hash__new();
	g->tables = intern__new();
	g->rests = hash__new();
	if (g->processes && g->threads && g->codes && g->tables && g->rests)
		return g;
	gather__free(g);
	return NULL;
}

static void held_free(struct held *held)
{
	free(held->rest);
	free(held);
}

void gather__free(struct gather *g)
{
	struct hash_entry entry;
	size_t cursor = 0;

	if (!g)
		return;
	while (g->codes && hash__next(g->codes, &cursor, &entry))
		free(entry.value);
	cursor = 0;
	while (g->rests && hash__next(g->rests, &cursor, &entry))
		free(entry.value);
	for (size_t i = 0; i < g->held_count; i++)
		held_free(g->held[i]);
	free(g->held);
	hash__free(g->rests);
	hash__free(g->codes);
	intern__free(g->tables);
	hash__free(g->processes);
	hash__free(g->threads);
	known_stacks__free(&g->stacks);
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

/* Of those that a number has belonged to, one after the other. */
#define LATEST 0

/* The one whose leader began then: never LATEST. */
static uint64_t start_of(uint64_t leader_start_boot_ns)
{
	return 1ULL << 32 | (uint32_t)leader_start_boot_ns;
}

static uint64_t thread_number(uint32_t tgid, uint32_t tid)
{
	return (uint64_t)tgid << 32 | tid;
}

static int on_thread(struct gather *g, struct profile *profile,
		     const struct ppbpf_thread_event *event)
{
	char comm[PPBPF_COMM_LEN + 1] = { 0 }, leader[PPBPF_COMM_LEN + 1] = { 0 };
	uint64_t start = start_of(event->leader_start_boot_ns);
	int process, thread, err;

	memcpy(comm, event->comm, PPBPF_COMM_LEN);
	memcpy(leader, event->leader_comm, PPBPF_COMM_LEN);
	process = profile__process(profile, event->pid, event->leader_start_boot_ns, leader);
	err = remember(g->processes, event->tgid, LATEST, process);
	if (!err)
		err = remember(g->processes, event->tgid, start, process);
	if (err)
		return err;
	thread = profile__thread(profile, process,
				 event->tid == event->tgid ? event->pid : event->tid, comm);
	return remember(g->threads, thread_number(event->tgid, event->tid), start, thread);
}

/* Where its event was lost: by its number alone. */
static int process_of(struct gather *g, struct profile *profile, uint32_t tgid, uint64_t start)
{
	int index = recall(g->processes, tgid, start), err;

	if (index >= 0)
		return index;
	index = profile__process(profile, tgid, 0, NULL);
	err = remember(g->processes, tgid, start, index);
	return err ? err : index;
}

static int known_thread(const struct gather *g, const struct ppbpf_stack_key *key)
{
	return recall(g->threads, thread_number(key->tgid, key->tid), start_of(key->leader_start));
}

static int thread_of(struct gather *g, struct profile *profile, const struct ppbpf_stack_key *key)
{
	uint64_t start = start_of(key->leader_start);
	int index = known_thread(g, key), process, err;

	if (index >= 0)
		return index;
	process = process_of(g, profile, key->tgid, start);
	if (process < 0)
		return process;
	index = profile__thread(profile, process,
				key->tid == key->tgid ? profile__process_at(profile, process)->pid
						      : (pid_t)key->tid, NULL);
	err = remember(g->threads, thread_number(key->tgid, key->tid), start, index);
	return err ? err : index;
}

static int put_text(struct buf *out, const struct ppbpf_py_text *text, const uint8_t *bytes,
		    const char *otherwise)
{
	size_t size = text->bytes < PPBPF_PY_NAME ? text->bytes : PPBPF_PY_NAME;
	int err = text->width ? python_text(out, bytes, size, text->width)
			      : buf__puts(out, otherwise);

	return err ? err : buf__putc(out, '\0');
}

static int on_code(struct gather *g, struct profile *profile, const struct ppbpf_code_event *event)
{
	struct profile_code given = { .first_line = event->first_line };
	struct buf name = BUF_INIT, file = BUF_INIT;
	struct code *code = malloc(sizeof(*code));
	int table = intern__add(g->tables, event->line_bytes, event->lines, NULL), err;

	if (!code || table < 0) {
		free(code);
		return -ENOMEM;
	}
	err = put_text(&name, &event->name, event->name_bytes, "?");
	if (!err)
		err = put_text(&file, &event->file, event->file_bytes, "?");
	given.name = name.data;
	given.file = file.data;
	code->index = err ? err : profile__code(profile, &given);
	buf__free(&name);
	buf__free(&file);
	code->version = modules__python_version(g->modules, event->python);
	code->first_line = event->first_line;
	code->lines = event->lines;
	code->table = intern__get(g->tables, table, NULL);
	err = code->index < 0 ? code->index : 0;
	if (!err)
		free(hash__remove(g->codes, event->id, 0));
	if (!err)
		err = hash__set(g->codes, event->id, 0, code);
	if (err)
		free(code);
	return err;
}

/* False: the code object is not known. */
static bool python_frame(struct gather *g, uint64_t value, struct frame *frame)
{
	const struct code *code =
		hash__get(g->codes, value >> PPBPF_FRAME_CODE_SHIFT & PPBPF_FRAME_CODE_MASK, 0);

	if (!code)
		return false;
	frame->kind = FRAME_PYTHON;
	frame->where = code->index;
	/* before its first instruction: the function begins */
	frame->address = (int32_t)value < 0
				 ? code->first_line
				 : python_line(code->version, code->first_line, code->table,
					       code->lines, (uint32_t)value);
	return true;
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
	case PPBPF_FRAME_PYTHON:
		if (python_frame(g, value, frame))
			return 0;
		break;
	default:
		frame->address = value;
	}
	process = process_of(g, profile, tgid, LATEST);
	frame->where = process < 0 ? 0 : process;
	return process < 0 ? process : 0;
}

static unsigned int kind_of(uint64_t packed)
{
	return packed >> PPBPF_FRAME_KIND_SHIFT;
}

static bool is_evaluation(struct gather *g, uint64_t packed)
{
	uint64_t offset = packed & ((1ULL << PPBPF_FRAME_OFFSET_BITS) - 1);
	uint64_t value = packed & ((1ULL << PPBPF_FRAME_KIND_SHIFT) - 1);

	return kind_of(packed) <= PPBPF_FRAME_NATIVE_RETURN &&
	       modules__is_evaluation(g->modules, value >> PPBPF_FRAME_OFFSET_BITS,
				      offset - kind_of(packed));
}

/* How many frames the evaluation that begins here has; 0: it is none. */
static size_t evaluation_length(const uint64_t *frames, size_t count)
{
	size_t length = 0;

	while (length < count && kind_of(frames[length]) == PPBPF_FRAME_PYTHON)
		if (frames[length++] & PPBPF_FRAME_ENTRY)
			break;
	return length;
}

/*
 * A thread that was about to enter or to leave an evaluation has one more of
 * the loop on its stack than Python frames for it: the innermost. The walk, which
 * comes from there, has given each the frames of the next one, and the outermost
 * has none. Puts that right; true: `out`, of the same count, has the result.
 */
static bool realign(struct gather *g, const uint64_t *frames, size_t count, uint64_t *out)
{
	const uint64_t *held = NULL;
	size_t held_length = 0, length, bare = count, at = 0, to = 0;

	for (size_t i = count; i-- > 0 && kind_of(frames[i]) != PPBPF_FRAME_PYTHON;)
		if (is_evaluation(g, frames[i])) {
			if (bare != count)
				return false;
			bare = i;
		}
	if (bare == count)
		return false;
	while (at < count) {
		length = at == bare ? 1 : evaluation_length(frames + at, count - at);
		if (!length) {
			out[to++] = frames[at++];
			continue;
		}
		if (held)
			memcpy(out + to, held, held_length * sizeof(*out));
		else
			out[to] = frames[bare];
		to += held ? held_length : 1;
		held = frames + at;
		held_length = length;
		at += length;
	}
	return to == count;
}

static int add_stack(struct gather *g, struct profile *profile,
		     const struct ppbpf_stack_event *event)
{
	const uint64_t *frames = event->frames;
	int err = 0, index;

	if (realign(g, frames, event->count, g->realigned))
		frames = g->realigned;
	for (size_t i = 0; i < event->count && !err; i++)
		err = frame_of(g, profile, frames[i], event->tgid, &g->frames[i]);
	if (err)
		return err;
	index = profile__stack(profile, g->frames, event->count, ends[event->end].end,
			       ends[event->end].why);
	return index < 0 ? index : known_stacks__add(&g->stacks, event->id, index);
}

/* The outermost of a stack's files that are not read yet; 0: there is none. */
static uint32_t missing_of(struct gather *g, const struct ppbpf_stack_event *event)
{
	for (uint32_t i = event->count; i-- > 0;) {
		uint64_t frame = event->frames[i] & ((1ULL << PPBPF_FRAME_KIND_SHIFT) - 1);
		uint32_t module = frame >> PPBPF_FRAME_OFFSET_BITS;

		if (kind_of(event->frames[i]) <= PPBPF_FRAME_NATIVE_RETURN &&
		    !modules__settled(g->modules, module, g->finishing))
			return module;
	}
	return 0;
}

static size_t rest_size(const struct ppbpf_rest_event *rest)
{
	return rest ? offsetof(struct ppbpf_rest_event, stack) + rest->stack_bytes : 0;
}

/* Takes `rest` over. */
static int hold(struct gather *g, const struct ppbpf_stack_event *event,
		struct ppbpf_rest_event *rest, uint32_t missing)
{
	struct held *held, **larger;
	size_t room = g->held_room ? g->held_room * 2 : 64;

	if (g->held_count == g->held_room) {
		larger = realloc(g->held, room * sizeof(*larger));
		if (larger) {
			g->held = larger;
			g->held_room = room;
		}
	}
	/* with room for the frames that follow */
	held = g->held_count < g->held_room ? malloc(sizeof(*held)) : NULL;
	if (!held) {
		free(rest);
		return -ENOMEM;
	}
	held->rest = rest;
	held->missing = missing;
	memcpy(&held->event, event,
	       PPBPF_STACK_HEADER_SIZE + event->count * sizeof(event->frames[0]));
	g->held[g->held_count++] = held;
	g->held_bytes += sizeof(*held);
	return 0;
}

static int on_rest(struct gather *g, const struct ppbpf_rest_event *event)
{
	size_t size = rest_size(event);
	struct ppbpf_rest_event *rest;
	int err;

	/* then the stack ends where it ended */
	if (g->held_bytes + size > HELD_MAX)
		return 0;
	rest = malloc(size);
	if (!rest)
		return -ENOMEM;
	memcpy(rest, event, size);
	err = hash__set(g->rests, event->id, 0, rest);
	if (err)
		free(rest);
	else
		g->held_bytes += size;
	return err;
}

static int on_stack(struct gather *g, struct profile *profile,
		    const struct ppbpf_stack_event *event)
{
	struct ppbpf_rest_event *rest;
	uint32_t missing;

	if (known_stacks__find(&g->stacks, event->id) >= 0)
		return 0;
	rest = event->end == PPBPF_STACK_PENDING ? hash__remove(g->rests, event->id, 0) : NULL;
	missing = missing_of(g, event);
	if (rest || (missing && g->held_bytes < HELD_MAX))
		return hold(g, event, rest, missing);
	return add_stack(g, profile, event);
}

/* 0: it is in the profile; -EAGAIN: not yet. */
static int release(struct gather *g, struct profile *profile, struct held *held)
{
	struct ppbpf_stack_event *event = &held->event;
	int end;

	do {
		if (held->missing && !modules__settled(g->modules, held->missing, g->finishing))
			return -EAGAIN;
		held->missing = 0;
		if (held->rest) {
			end = rest_walk(held->rest, g->modules, event->frames, &event->count,
					&held->missing);
		} else {
			held->missing = missing_of(g, event);
			end = held->missing ? -EAGAIN : (int)event->end;
		}
		/* it comes next, and is asked for so */
	} while (end == -EAGAIN);
	event->end = end;
	return add_stack(g, profile, event);
}

static int release_held(struct gather *g, struct profile *profile)
{
	size_t kept = 0;
	int err = 0;

	for (size_t i = 0; i < g->held_count; i++) {
		struct held *held = g->held[i];
		int got = err ? err : release(g, profile, held);

		if (got == -EAGAIN) {
			g->held[kept++] = held;
			continue;
		}
		err = got;
		g->held_bytes -= sizeof(*held) + rest_size(held->rest);
		held_free(held);
	}
	g->held_count = kept;
	return err;
}

int gather__event(struct gather *g, struct profile *profile, const void *data, size_t size)
{
	const struct ppbpf_stack_event *stack = data;
	const struct ppbpf_code_event *code = data;
	uint32_t kind;

	if (size < sizeof(kind))
		return 0;
	memcpy(&kind, data, sizeof(kind));
	if (kind == PPBPF_STACK_EVENT_THREAD && size >= sizeof(struct ppbpf_thread_event))
		return on_thread(g, profile, data);
	if (kind == PPBPF_STACK_EVENT_CODE && size >= PPBPF_CODE_HEADER_SIZE &&
	    code->lines <= PPBPF_PY_LINES && size >= PPBPF_CODE_HEADER_SIZE + code->lines)
		return on_code(g, profile, code);
	if (kind == PPBPF_STACK_EVENT_STACK && size >= PPBPF_STACK_HEADER_SIZE &&
	    stack->count <= PPBPF_FRAMES_MAX && stack->end < PPBPF_STACK_END_NR &&
	    size >= PPBPF_STACK_HEADER_SIZE + stack->count * sizeof(stack->frames[0]))
		return on_stack(g, profile, stack);
	if (kind == PPBPF_STACK_EVENT_REST && !rest_check(data, size))
		return on_rest(g, data);
	return 0;
}

static int add_sample(struct gather *g, struct profile *profile, const struct pending *counted,
		      int stack)
{
	struct profile_sample sample = { .stack = stack, .count = counted->count.count };
	int thread = thread_of(g, profile, &counted->key);

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
	int stack = known_stacks__find(&g->stacks, key->stack);
	size_t room;

	/* a count is at hand before the event that says whose it is */
	if (stack >= 0 && known_thread(g, key) >= 0)
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

/* Those whose stack and thread have come meanwhile; with `all`, the others, too. */
static int settle(struct gather *g, struct profile *profile, bool all)
{
	size_t kept = 0;
	int err = 0;

	for (size_t i = 0; i < g->pending_count && !err; i++) {
		const struct pending *pending = &g->pending[i];
		int stack = known_stacks__find(&g->stacks, pending->key.stack);

		if (!all && (stack < 0 || known_thread(g, &pending->key) < 0)) {
			g->pending[kept++] = *pending;
			continue;
		}
		if (stack < 0)
			stack = profile__stack(profile, NULL, 0, STACK_FAILED, "stack lost");
		err = stack < 0 ? stack : add_sample(g, profile, pending, stack);
	}
	g->pending_count = kept;
	return err;
}

int gather__settle(struct gather *g, struct profile *profile)
{
	int err = release_held(g, profile);

	return err ? err : settle(g, profile, false);
}

int gather__finish(struct gather *g, struct profile *profile)
{
	int err;

	g->finishing = true;
	err = release_held(g, profile);
	return err ? err : settle(g, profile, true);
}
