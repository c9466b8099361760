/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * CPython's frames, from the thread's state on. Where the walk meets the
 * evaluation loop, the frames that this call of it runs take its place: one up
 * to 3.10; from 3.11 on as many as there are up to where it was entered.
 */
#ifndef PPBPF_PYTHON_BPF_H
#define PPBPF_PYTHON_BPF_H

#include "stacks.bpf.h"

#define PTHREAD_SPECIFIC 0x310 /* glibc's struct pthread: specific_1stblock */
#define PTHREAD_SPECIFIC_KEYS 32
#define PYTHON_FRAME_BYTES 128
#define PYTHON_CODE_BYTES 160
#define PYTHON_THREADS_MAX 1024 /* that are looked through for the thread's own */
#define FRAME_OWNED_BY_CSTACK 3

enum python_state {
	PYTHON_NOT_TRIED,
	PYTHON_FRAMES, /* walk.py_frame is the next one, if it is not 0 */
	PYTHON_INSIDE, /* and the frames of an evaluation are being added */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PPBPF_PYTHONS_MAX);
	__type(key, u32);
	__type(value, struct ppbpf_python);
} pythons SEC(".maps");

struct code_key {
	u64 code;
	u32 tgid;
	u32 pad;
};

/* What lies at an address may be another function by now: looked at again once an epoch. */
struct code_value {
	u32 id;
	u32 epoch;
	u64 check;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct code_key);
	__type(value, struct code_value);
} python_codes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_NR);
	__type(key, u32);
	__type(value, struct ppbpf_code_event);
} code_scratches SEC(".maps");

u32 next_code = 1;

static __always_inline const struct ppbpf_python *python_of(u32 number)
{
	u32 key = number - 1;

	return bpf_map_lookup_elem(&pythons, &key);
}

static __always_inline u64 user_u64(const struct walk_context *context, u64 address)
{
	u64 value = 0;

	read_user(context, &value, sizeof(value), address);
	return value;
}

struct thread_walk {
	const struct walk_context *context;
	u64 interp;
	u64 thread;
	u64 self;
	u32 python;
};

/* One thread of one interpreter after the other, until ours is found. */
static long thread_step(u64 turn, struct thread_walk *walk)
{
	const struct ppbpf_python *python = python_of(walk->python);

	if (!python)
		return 1;
	if (!walk->thread) {
		walk->interp = user_u64(walk->context, walk->interp + python->interp_next);
		if (!walk->interp)
			return 1;
		walk->thread = user_u64(walk->context, walk->interp + python->interp_threads);
		return 0;
	}
	if (user_u64(walk->context, walk->thread + python->thread_id) == walk->self)
		return 1;
	walk->thread = user_u64(walk->context, walk->thread + python->thread_next);
	return 0;
}

/*
 * This thread's state: where pthread_getspecific() would look, else the
 * interpreter's own list. A thread's id is pthread_self(), its TLS base.
 */
static __always_inline u64 python_thread(const struct walk_context *context, u32 number,
					 const struct ppbpf_python *python, u64 runtime)
{
	u64 self = context->scratch->walk.tls, thread;
	struct thread_walk walk = { .context = context, .self = self, .python = number };
	u32 key = ~0u;

	read_user(context, &key, sizeof(key), runtime + python->tss_key);
	if (key < PTHREAD_SPECIFIC_KEYS) {
		thread = user_u64(context, self + PTHREAD_SPECIFIC + 16 * (u64)key + 8);
		if (thread && user_u64(context, thread + python->thread_id) == self)
			return thread;
	}
	walk.interp = user_u64(context, runtime + python->interpreters);
	if (!walk.interp)
		return 0;
	walk.thread = user_u64(context, walk.interp + python->interp_threads);
	bpf_loop(PYTHON_THREADS_MAX, thread_step, &walk, 0);
	return walk.thread;
}

static __always_inline bool is_code(const struct walk_context *context,
				    const struct ppbpf_python *python, u64 object)
{
	return object && user_u64(context, object + python->object_type) ==
				 context->scratch->walk.py_code_type;
}

/* The thread's innermost frame. */
static __noinline int python_begin(const struct walk_context *context, u32 number, u64 runtime)
{
	struct scratch *scratch = context->scratch;
	const struct ppbpf_python *python = python_of(number);
	u64 at, cframe;

	if (!scratch || !python)
		return 0;
	scratch->walk.py_state = PYTHON_FRAMES;
	at = python_thread(context, number, python, runtime);
	if (!at) {
		stack_count(PPBPF_STACK_PYTHON_LOST);
		return 0;
	}
	scratch->walk.py_code_type = runtime + python->code_type;
	at = user_u64(context, at + python->thread_frame);
	if (python->has_cframe && at) {
		cframe = at;
		at = user_u64(context, cframe + python->cframe_frame);
		/* an evaluation that has just begun has not filled in its own yet */
		if (!is_code(context, python, user_u64(context, at + python->frame_code)))
			at = user_u64(context, user_u64(context, cframe + python->cframe_previous) +
						       python->cframe_frame);
	}
	scratch->walk.py_frame = at;
	return 0;
}

/* At most `max`, in a form that the verifier can see. */
static __always_inline u64 at_most(u64 size, u64 max)
{
	asm volatile("" : "+r"(size));
	if (size > max)
		size = max;
	asm volatile("" : "+r"(size));
	return size;
}

/* A text object's characters, as many as fit. */
static __always_inline void text_read(const struct walk_context *context,
				      struct ppbpf_py_text *text, void *to, u64 object,
				      const struct ppbpf_python *python)
{
	u64 size = user_u64(context, object + python->text_length), header;
	u32 state = 0, kind;

	text->bytes = text->width = 0;
	if (read_user(context, &state, sizeof(state), object + python->text_state))
		return;
	state >>= python->text_shift & 31;
	kind = state & 7;
	/* compact, as all names and paths are */
	if (!(state & 8) || (kind != 1 && kind != 2 && kind != 4))
		return;
	header = state & 16 ? python->text_ascii : python->text_wide;
	size = at_most(size * kind, PPBPF_PY_NAME);
	if (read_user(context, to, size, object + header))
		return;
	text->bytes = size;
	text->width = kind;
	text->ascii = state >> 4 & 1;
}

static __always_inline void lines_read(const struct walk_context *context,
				       struct ppbpf_code_event *code, u64 object,
				       const struct ppbpf_python *python)
{
	u64 size = user_u64(context, object + python->bytes_size);

	code->lines = 0;
	code->lines_full = size;
	size = at_most(size, PPBPF_PY_LINES);
	if (!read_user(context, code->line_bytes, size, object + python->bytes_data))
		code->lines = size;
}

/* Tells user space what a code object is. 0: it did not work, and is tried again. */
static __noinline u32 python_send(const struct walk_context *context, u32 number, u64 object)
{
	struct scratch *scratch = context->scratch;
	const struct ppbpf_python *python = python_of(number);
	struct ppbpf_code_event *code;
	u32 key;
	u64 size;

	if (!scratch || !python)
		return 0;
	key = scratch->walk.use;
	code = bpf_map_lookup_elem(&code_scratches, &key);
	if (!code)
		return 0;
	code->kind = PPBPF_STACK_EVENT_CODE;
	code->tgid = scratch->walk.tgid;
	code->python = number - 1;
	code->id = __sync_fetch_and_add(&next_code, 1) & PPBPF_FRAME_CODE_MASK;
	read_user(context, &code->first_line, sizeof(u32), object + python->code_first_line);
	text_read(context, &code->name, code->name_bytes,
		  user_u64(context, object + python->code_name), python);
	text_read(context, &code->file, code->file_bytes,
		  user_u64(context, object + python->code_file), python);
	lines_read(context, code, user_u64(context, object + python->code_lines), python);
	size = at_most(code->lines, PPBPF_PY_LINES) + PPBPF_CODE_HEADER_SIZE;
	if (!code->name.width || bpf_ringbuf_output(&stack_events, code, size, ring_flags())) {
		stack_count(PPBPF_STACK_LOST_CODES);
		return 0;
	}
	return code->id;
}

/* The number of a code object, which user space knows by then; 0: it does not. */
static __always_inline u32 python_code(const struct walk_context *context, u32 number,
				       const struct ppbpf_python *python, u64 object)
{
	struct scratch *scratch = context->scratch;
	struct code_key key = { .code = object, .tgid = scratch->walk.tgid };
	struct code_value *known = bpf_map_lookup_elem(&python_codes, &key);
	struct code_value fresh = { .epoch = counts_epoch };

	if (known && known->epoch == fresh.epoch)
		return known->id;
	fresh.check = hash_add(user_u64(context, object + python->code_name),
			       user_u64(context, object + python->code_lines));
	if (known && known->check == fresh.check) {
		known->epoch = fresh.epoch;
		return known->id;
	}
	if (!is_code(context, python, object)) {
		scratch->walk.py_frame = 0; /* memory that is something else by now */
		return 0;
	}
	fresh.id = python_send(context, number, object);
	if (fresh.id)
		bpf_map_update_elem(&python_codes, &key, &fresh, BPF_ANY);
	return fresh.id;
}

/* A field of the frame at hand. */
static __always_inline u64 frame_u64(const struct scratch *scratch, u32 offset)
{
	return offset <= PYTHON_FRAME_BYTES - 8 ? *(u64 *)&scratch->py_bytes[offset] : 0;
}

/* Where in its code a frame stands, in bytes. */
static __always_inline u32 frame_position(const struct scratch *scratch,
					  const struct ppbpf_python *python, u64 code)
{
	u64 last = frame_u64(scratch, python->frame_last);

	if (python->frame_style != PPBPF_PYTHON_FRAMES)
		return last - code - python->code_bytes;
	return python->version >= 0x030a00 ? (u32)last * 2 : (u32)last;
}

/* Whether what comes next is no frame, but the mark that an evaluation began. */
static __always_inline bool ends_with_shim(const struct walk_context *context,
					   const struct ppbpf_python *python, u64 next)
{
	u8 owner = 0;

	if (python->frame_style != PPBPF_PYTHON_SHIM)
		return false;
	read_user(context, &owner, sizeof(owner), next + python->frame_owner);
	return owner == FRAME_OWNED_BY_CSTACK;
}

/*
 * Adds the frame that the walk has come to. 0: the evaluation ends with it, or
 * there is no more room.
 */
static __noinline int python_frame(const struct walk_context *context, u32 number)
{
	struct scratch *scratch = context->scratch;
	const struct ppbpf_python *python = python_of(number);
	u64 code, owner, frame;
	u32 id, at;
	bool more;

	if (!scratch || !python || !scratch->walk.py_frame)
		return 0;
	if (read_user(context, scratch->py_bytes, PYTHON_FRAME_BYTES, scratch->walk.py_frame)) {
		scratch->walk.py_frame = 0;
		return 0;
	}
	code = frame_u64(scratch, python->frame_code);
	owner = frame_u64(scratch, python->frame_owner) & 0xff;
	scratch->walk.py_frame = frame_u64(scratch, python->frame_back);
	if (python->frame_style == PPBPF_PYTHON_SHIM && owner == FRAME_OWNED_BY_CSTACK)
		return 0;
	id = python_code(context, number, python, code);
	if (!id && !scratch->walk.py_frame)
		return 0;
	at = scratch->walk.count;
	if (at >= PPBPF_FRAMES_MAX) {
		scratch->walk.end = PPBPF_STACK_TOO_DEEP;
		return 0;
	}
	more = python->frame_style == PPBPF_PYTHON_SHIM ||
	       (python->frame_style == PPBPF_PYTHON_ENTRY && !owner);
	frame = (u64)PPBPF_FRAME_PYTHON << PPBPF_FRAME_KIND_SHIFT |
		(u64)id << PPBPF_FRAME_CODE_SHIFT | frame_position(scratch, python, code);
	if (!more || ends_with_shim(context, python, scratch->walk.py_frame))
		frame |= PPBPF_FRAME_ENTRY;
	scratch->event.frames[at] = frame;
	scratch->walk.hash = hash_add(scratch->walk.hash, frame);
	scratch->walk.count = at + 1;
	return more;
}

/* Whether the address is in the evaluation loop, and there are frames to take its place. */
static __always_inline bool python_enter(const struct walk_context *context,
					 const struct mapping *mapping, u64 address)
{
	struct scratch *scratch = context->scratch;
	const struct ppbpf_python *python;
	u64 offset = address + mapping->to_offset;

	if (!mapping->python)
		return false;
	python = python_of(mapping->python);
	if (!python)
		return false;
	if ((offset < python->eval_start[0] || offset >= python->eval_end[0]) &&
	    (offset < python->eval_start[1] || offset >= python->eval_end[1]))
		return false;
	if (scratch->walk.py_state == PYTHON_NOT_TRIED)
		python_begin(context, mapping->python, python->runtime - mapping->to_offset);
	return scratch->walk.py_frame;
}

#endif /* PPBPF_PYTHON_BPF_H */
