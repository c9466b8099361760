// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Calls of Python functions, by the interpreter's own probe at each return
 * (function__return): yields and exceptions pass it, too. The offsets are those
 * of CPython 3.11 on 64-bit machines.
 */
#include "probe.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define RUNTIME_TSTATE		576	/* _PyRuntime.gilstate.tstate_current */
#define TSTATE_CFRAME		56
#define CFRAME_FRAME		8
#define FRAME_GLOBALS		8
#define FRAME_CODE		32	/* the frame below follows it at 48 */
#define CODE_LINE		72	/* co_firstlineno */
#define CODE_FILE		112
#define CODE_NAME		128	/* co_qualname */
#define DICT_KEYS		32
#define KEYS_INDEX_LOG2		9	/* bytes of its index, then its kind */
#define KEYS_ENTRIES		32	/* the index, and the entries after it */
#define KEYS_GENERAL		0	/* entries have a hash in front */
#define TEXT_LENGTH		16
#define TEXT_STATE		32
#define TEXT_ASCII		48	/* where the characters are */
#define TEXT_COMPACT		72

#define DEPTH_MAX 4096		/* frames that are looked through for a recursion */
#define GLOBALS_SEEN 16		/* __name__ is among the first: a module begins with it */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct ppbpf_python_key);
	__type(value, struct ppbpf_python_calls);
} python_calls SEC(".maps");

/* What a new element is made from: too large for the stack. Never written. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct ppbpf_python_calls);
} python_none SEC(".maps");

static __always_inline u64 read_word(u64 address)
{
	u64 word = 0;

	bpf_probe_read_user(&word, sizeof(word), (void *)address);
	return word;
}

static __always_inline void read_text(struct ppbpf_python_text *out, u64 text)
{
	u32 state = 0, kind, size;
	u64 length = read_word(text + TEXT_LENGTH), from;

	if (!text || bpf_probe_read_user(&state, sizeof(state), (void *)(text + TEXT_STATE)))
		return;
	kind = state >> 2 & 7;
	if (!(state & 1 << 5) || (kind != 1 && kind != 2 && kind != 4))
		return;		/* not in one piece: no name is like that */
	from = text + (state & 1 << 6 ? TEXT_ASCII : TEXT_COMPACT);
	if (length > PPBPF_PYTHON_TEXT)
		length = PPBPF_PYTHON_TEXT;
	size = length * kind;
	if (size > PPBPF_PYTHON_TEXT)
		size = PPBPF_PYTHON_TEXT;
	if (bpf_probe_read_user(out->bytes, size, (void *)from))
		return;
	out->length = size / kind;
	out->kind = kind;
}

/* The value of globals["__name__"], or 0. */
static __always_inline u64 module_name(u64 globals)
{
	u64 keys = read_word(globals + DICT_KEYS), entry, key, word;
	u8 shape[2] = { 0 };
	u32 step;

	if (bpf_probe_read_user(shape, sizeof(shape), (void *)(keys + KEYS_INDEX_LOG2)))
		return 0;
	step = shape[1] == KEYS_GENERAL ? 24 : 16;
	entry = keys + KEYS_ENTRIES + (1ULL << (shape[0] & 31)) + step - 16;
	for (int i = 0; i < GLOBALS_SEEN; i++, entry += step) {
		key = read_word(entry);
		if (!key || read_word(key + TEXT_LENGTH) != 8)
			continue;
		word = read_word(key + TEXT_ASCII);
		if (!__builtin_memcmp(&word, "__name__", sizeof(word)))
			return read_word(entry + 8);
	}
	return 0;
}

/* Of a frame, from FRAME_CODE on. */
struct frame_part {
	u64 code;
	u64 object;
	u64 previous;
};

struct recursion {
	u64 frame;
	u64 code;
	bool found;
};

static long look_below(u64 index, struct recursion *walk)
{
	struct frame_part part;

	if (!walk->frame || bpf_probe_read_user(&part, sizeof(part),
						(void *)(walk->frame + FRAME_CODE)))
		return 1;
	walk->found = part.code == walk->code;
	walk->frame = part.previous;
	return walk->found;
}

static __always_inline struct ppbpf_python_calls *new_calls(const struct ppbpf_python_key *key,
							    u64 frame)
{
	struct ppbpf_python_calls *calls;
	u32 zero = 0;

	calls = bpf_map_lookup_elem(&python_none, &zero);
	if (!calls)
		return 0;
	bpf_map_update_elem(&python_calls, key, calls, BPF_NOEXIST);
	calls = bpf_map_lookup_elem(&python_calls, key);
	if (!calls) {
		call_count(PPBPF_CALL_LOST_CODES);
		return 0;
	}
	read_text(&calls->name, key->name);
	read_text(&calls->file, read_word(key->code + CODE_FILE));
	read_text(&calls->module, module_name(read_word(frame + FRAME_GLOBALS)));
	return calls;
}

/* The cookie leads from the probe to _PyRuntime, wherever the file was loaded to. */
SEC("uprobe")
int python_return(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 runtime, state, frame;
	struct ppbpf_python_calls *calls;
	struct ppbpf_python_key key = { 0 };
	struct recursion walk = { 0 };
	struct frame_part part = { 0 };

	if (!is_timed(task))
		return 0;
	runtime = instruction(ctx) + bpf_get_attach_cookie(ctx);
	state = read_word(runtime + RUNTIME_TSTATE);
	frame = read_word(read_word(state + TSTATE_CFRAME) + CFRAME_FRAME);
	bpf_probe_read_user(&part, sizeof(part), (void *)(frame + FRAME_CODE));
	key.code = part.code;
	key.name = read_word(key.code + CODE_NAME);
	key.tgid = task->tgid;
	key.line = read_word(key.code + CODE_LINE);
	if (!key.name) {
		call_count(PPBPF_CALL_LOST_CODES);
		return 0;
	}
	calls = bpf_map_lookup_elem(&python_calls, &key);
	if (!calls)
		calls = new_calls(&key, frame);
	if (!calls)
		return 0;
	walk.frame = part.previous;
	walk.code = key.code;
	bpf_loop(DEPTH_MAX, look_below, &walk, 0);
	__sync_fetch_and_add(&calls->calls, 1);
	if (!walk.found)
		__sync_fetch_and_add(&calls->primitive_calls, 1);
	return 0;
}
