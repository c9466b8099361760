/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Walks a user stack by unwind tables, a frame a turn of bpf_loop(): which
 * mapping the address lies in (the kernel's own tree of them), which row of the
 * file's table holds there, where the caller is. Where there is no table, by
 * frame pointers. docs/unwinding.md has the whole of it.
 */
#ifndef PPBPF_UNWIND_BPF_H
#define PPBPF_UNWIND_BPF_H

#include "python.bpf.h"
#include "stacks.bpf.h"
#include "vma.bpf.h"

#define VM_EXEC 0x4
#define WALK_TURNS (2 * PPBPF_FRAMES_MAX) /* Python's evaluations take turns, too */
#define FRAME_BYTES_MAX (1UL << 24)
#define PAGE_ROWS_LOG2 13		  /* a row a byte, at most, and one before */
#define SIGRETURN_CODE 0x0f0000000fc0c748 /* mov $15, %rax; syscall */
#define CODE_ADD_SP_RET 0xc300c48348	  /* add $N, %rsp; ret */
#define CODE_MOV_SP_FP 0xe58948		  /* mov %rsp, %rbp */
#define CODE_ENDBR64 0xfa1e0ff3
#define CODE_EXIT 0xe8ff3148		  /* xor %rdi, %rdi; call: Boost.Context's last frame */
/* CPython's -X perf: sub $8, %rsp; call *%rcx; add $8, %rsp; ret */
#define CODE_TRAMPOLINE 0x8348d1ff08ec8348
#define CODE_TRAMPOLINE_CALL 0xc308c48348d1ff /* 7 bytes */
#define UCONTEXT_RBP 120		  /* of struct ucontext: uc_mcontext.gregs[REG_RBP] */

const volatile u32 cfg_page_shift;
u32 next_module = PPBPF_MODULE_VDSO + 1;

/* The number-th row of all tables, as the 64 bits that it is; 0 is no row. */
static __always_inline u64 row_at(u32 number)
{
	u32 chunk = number >> PPBPF_CHUNK_SHIFT, at = number & (PPBPF_CHUNK_ROWS - 1);
	void *rows = bpf_map_lookup_elem(&unwind_chunks, &chunk);
	u64 *row = rows ? bpf_map_lookup_elem(rows, &at) : 0;

	return row ? *row : 0;
}

/* Two pages' first rows lie in each row of the index. */
static __always_inline u32 page_row(u32 index, u32 page)
{
	u64 pair = row_at(index + (page >> 1));

	return page & 1 ? pair >> 32 : (u32)pair;
}

/* The row that holds at a file's offset; 0: none. */
__noinline u64 row_find(u32 index, u32 page, u32 rows, u32 offset)
{
	u32 low = page_row(index, page), high = page_row(index, page + 1), middle;

	for (int i = 0; i < PAGE_ROWS_LOG2; i++) {
		if (low >= high)
			break;
		middle = low + (high - low) / 2;
		if ((u32)row_at(rows + middle) <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? row_at(rows + low - 1) : 0;
}

static __always_inline void module_key(struct ppbpf_module_key *key, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	key->inode = BPF_CORE_READ(inode, i_ino);
	key->device = BPF_CORE_READ(inode, i_sb, s_dev);
	key->size = BPF_CORE_READ(inode, i_size);
	key->mtime = inode_mtime(inode);
}

/*
 * A file whose table nobody has asked for yet: user space is told, and builds
 * it. Bounds of 0: the process's executable.
 */
static __noinline int module_ask(struct task_struct *task, struct file *file, u64 start, u64 end)
{
	struct ppbpf_module fresh = { .state = PPBPF_MODULE_PENDING };
	struct ppbpf_module_key key;
	struct ppbpf_module_event *event;
	const unsigned char *name;
	struct ppbpf_names names;

	if (!task)
		return 0;
	module_key(&key, file);
	fresh.id = __sync_fetch_and_add(&next_module, 1);
	if (bpf_map_update_elem(&modules, &key, &fresh, BPF_NOEXIST))
		return 0;
	/* in the ring, and not on the stack: there is not much of that */
	event = bpf_ringbuf_reserve(&stack_events, sizeof(*event), 0);
	if (!event) {
		bpf_map_delete_elem(&modules, &key);
		stack_count(PPBPF_STACK_LOST_MODULES);
		return 0;
	}
	names_read(&names, task);
	event->kind = PPBPF_STACK_EVENT_MODULE;
	event->id = fresh.id;
	event->pid = names.pid;
	event->proc_pid = names.proc_pid;
	event->start = start;
	event->end = end;
	event->key = key;
	event->name[0] = '\0';
	name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	bpf_probe_read_kernel_str(event->name, sizeof(event->name), name);
	bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
	return 0;
}

static __always_inline void module_find(struct task_struct *task, struct mapping *mapping,
					struct file *file)
{
	struct ppbpf_module_key key = { .inode = PPBPF_MODULE_VDSO };
	struct ppbpf_module *module;

	if (file)
		module_key(&key, file);
	module = bpf_map_lookup_elem(&modules, &key);
	if (!module && file) {
		module_ask(task, file, mapping->start, mapping->end);
		module = bpf_map_lookup_elem(&modules, &key);
	}
	if (!module) {
		mapping->end_reason = PPBPF_STACK_MODULES;
		return;
	}
	mapping->state = module->state;
	mapping->index = module->index;
	mapping->first_page = module->first_page;
	mapping->pages = module->pages;
	mapping->rows = module->rows;
	mapping->python = module->python;
	mapping->module = module->state == PPBPF_MODULE_NOT_ELF ? 0 : module->id;
	if (module->state == PPBPF_MODULE_PENDING)
		mapping->end_reason = PPBPF_STACK_PENDING;
	else if (module->state == PPBPF_MODULE_NO_TABLE)
		mapping->end_reason = PPBPF_STACK_NO_TABLE;
	else if (module->state == PPBPF_MODULE_READY)
		mapping->end_reason = PPBPF_STACK_NO_ROW;
}

/* What is mapped there. The mapping is zero but for its bounds. */
static __always_inline void mapping_fill(struct task_struct *task, struct mapping *mapping,
					 struct vm_area_struct *vma, struct mm_struct *mm)
{
	struct file *file = BPF_CORE_READ(vma, vm_file);

	mapping->end_reason = PPBPF_STACK_NO_FRAME;
	if (file) {
		mapping->to_offset =
			(BPF_CORE_READ(vma, vm_pgoff) << cfg_page_shift) - mapping->start;
		module_find(task, mapping, file);
	} else if (is_vdso(mm, mapping->start)) {
		mapping->to_offset = -mapping->start;
		module_find(task, mapping, 0);
	}
}

/* Asks the kernel; what it finds is kept for the rest of this walk. */
static __always_inline struct mapping *mapping_read(const struct walk_context *context, u64 address)
{
	struct scratch *scratch = context->scratch;
	struct walk *walk = &scratch->walk;
	struct mapping *mapping;
	struct vm_area_struct *vma;
	u64 start, end;

	vma = (void *)mm_find_vma((struct mm_struct *)walk->mm, address);
	if (!vma)
		return 0;
	start = BPF_CORE_READ(vma, vm_start);
	end = BPF_CORE_READ(vma, vm_end);
	if (address < start || address >= end || !(BPF_CORE_READ(vma, vm_flags) & VM_EXEC))
		return 0;
	mapping = &scratch->mappings[scratch->next_mapping++ % MAPPINGS_KEPT];
	__builtin_memset(mapping, 0, sizeof(*mapping));
	mapping->start = start;
	mapping->end = end;
	mapping_fill(context->task, mapping, vma, (struct mm_struct *)walk->mm);
	return mapping;
}

static __always_inline struct mapping *mapping_find(const struct walk_context *context, u64 address)
{
	struct scratch *scratch = context->scratch;

	for (u32 i = 0; i < MAPPINGS_KEPT; i++) {
		struct mapping *mapping = &scratch->mappings[i];

		if (address >= mapping->start && address < mapping->end)
			return mapping;
	}
	return mapping_read(context, address);
}

/* False: there is no room, and the walk ends. */
static __always_inline bool frame_add(struct scratch *scratch, u64 frame)
{
	struct walk *walk = &scratch->walk;
	u32 at = walk->count;

	if (at >= PPBPF_FRAMES_MAX) {
		walk->end = PPBPF_STACK_TOO_DEEP;
		return false;
	}
	scratch->event.frames[at] = frame;
	walk->hash = hash_add(walk->hash, frame);
	walk->count = at + 1;
	return true;
}

/* Where no file lies behind it, an address means another thing in each process. */
static __always_inline u64 frame_of(struct walk *walk, const struct mapping *mapping)
{
	u64 kind = walk->is_return, value = walk->ip;

	if (mapping->module) {
		value = (u64)mapping->module << PPBPF_FRAME_OFFSET_BITS |
			((walk->ip + mapping->to_offset) & ((1ULL << PPBPF_FRAME_OFFSET_BITS) - 1));
	} else {
		kind += PPBPF_FRAME_MEMORY;
		walk->hash = hash_add(walk->hash, walk->tgid);
	}
	return kind << PPBPF_FRAME_KIND_SHIFT | value;
}

/* Ends the walk, for this reason. */
static __always_inline long walk_end(struct walk *walk, u32 end)
{
	walk->end = end;
	return 1;
}

/* The caller has this frame: go on there, unless it is no one's. */
static __always_inline long walk_up(struct walk *walk, u64 ip, u64 sp)
{
	walk->ip = ip;
	walk->sp = sp;
	walk->is_return = true;
	walk->innermost = false;
	return ip ? 0 : walk_end(walk, PPBPF_STACK_COMPLETE);
}

/* A signal handler's return: the kernel has put the registers there. */
static __always_inline long step_signal(const struct walk_context *context)
{
	struct walk *walk = &context->scratch->walk;
	u64 regs[7]; /* rbp, rbx, rdx, rax, rcx, rsp, rip */

	if (read_user(context, regs, sizeof(regs), walk->sp + UCONTEXT_RBP))
		return walk_end(walk, PPBPF_STACK_UNREADABLE);
	walk_up(walk, regs[6], regs[5]);
	walk->fp = regs[0];
	walk->bx = regs[1];
	walk->is_return = false;
	return 0;
}

/* By the code that a frame stands at: how far above the stack pointer it ends; 0: not told. */
static __always_inline u64 above_by_code(const struct walk *walk, u64 code)
{
	if ((code & 0xff00ffffff) == CODE_ADD_SP_RET)
		return (code >> 24 & 0xff) + 8;
	if (!walk->innermost)
		return 0;
	/* push %rbp, ret, or a landing pad: a function that has not begun, or has ended */
	if ((code & 0xff) == 0x55 || (code & 0xff) == 0xc3 || (u32)code == CODE_ENDBR64 ||
	    code == CODE_TRAMPOLINE)
		return 8;
	if ((code & 0xffffff) == CODE_MOV_SP_FP || code << 8 == CODE_TRAMPOLINE_CALL << 8)
		return 16;
	return 0;
}

/*
 * Without a row. The innermost frame may stand where its function has not set
 * up the frame pointer yet; sigreturn stubs, CPython's trampolines and where
 * coroutines end are known by their bytes; everything else has to keep frame
 * pointers.
 */
static __always_inline long step_by_code(const struct walk_context *context,
					 const struct mapping *mapping)
{
	struct walk *walk = &context->scratch->walk;
	u64 code = 0, frame[2], above;

	if (walk->compat)
		return walk_end(walk, PPBPF_STACK_COMPAT);
#ifndef WALK_FOREIGN
	/* user space goes on from here, once it has the table */
	if (mapping->end_reason == PPBPF_STACK_PENDING)
		return walk_end(walk, PPBPF_STACK_PENDING);
#endif
	read_user(context, &code, sizeof(code), walk->ip);
	if (code == SIGRETURN_CODE)
		return step_signal(context);
	if (walk->is_return && (u32)code == CODE_EXIT)
		return walk_end(walk, PPBPF_STACK_COMPLETE);
	above = above_by_code(walk, code);
	if (above) {
		if (read_user(context, frame, sizeof(frame), walk->sp + above - 16))
			return walk_end(walk, PPBPF_STACK_UNREADABLE);
		if ((code & 0xffffff) == CODE_MOV_SP_FP)
			walk->fp = frame[0];
		return walk_up(walk, frame[1], walk->sp + above);
	}
	/* the ABI's mark of the outermost frame */
	if (!walk->fp && walk->is_return)
		return walk_end(walk, PPBPF_STACK_COMPLETE);
	if (walk->fp & 7 || walk->fp < walk->sp || walk->fp - walk->sp > FRAME_BYTES_MAX ||
	    read_user(context, frame, sizeof(frame), walk->fp))
		return walk_end(walk, mapping->end_reason);
	above = walk->fp;
	walk->fp = frame[0];
	walk->guessed = mapping->end_reason;
	return walk_up(walk, frame[1], above + 16);
}

/* The canonical frame address, or 0. */
static __always_inline u64 row_cfa(const struct walk_context *context, u64 row, u32 kind)
{
	const struct walk *walk = &context->scratch->walk;
	u64 offset = (row >> 32 & 0xffff) * 8, far = (row >> 60 << 19) + offset;
	u64 at = kind == PPBPF_UNWIND_SP_DEREF ? walk->sp : walk->fp;
	s64 cfa = (s16)(row >> 32);

	switch (kind) {
	case PPBPF_UNWIND_SP:
		return walk->sp + offset;
	case PPBPF_UNWIND_FP:
		return walk->fp + offset;
	case PPBPF_UNWIND_SP_FAR:
		return walk->sp + far;
	case PPBPF_UNWIND_FP_FAR:
		return walk->fp + far;
	case PPBPF_UNWIND_BX:
		return walk->bx + offset;
	case PPBPF_UNWIND_PLT:
		return walk->sp + ((walk->ip & 15) >= cfa ? 16 : 8);
	case PPBPF_UNWIND_R10:
		return walk->innermost ? walk->r10 + offset : 0;
	case PPBPF_UNWIND_RAX:
		return walk->innermost ? walk->ax + offset : 0;
	default: /* memory beside sp or fp */
		if (read_user(context, &at, sizeof(at), at + (cfa >> 4) * 8))
			return 0;
		return at + (cfa & 15) * 8;
	}
}

#define SAVED 8 /* words below the CFA that mostly hold all that is saved */

/* A register that was saved `slot` words from the CFA, which are at hand or are read. */
static __always_inline bool saved_read(const struct walk_context *context, const u64 *saved,
				       s64 slot, u64 cfa, u64 *value)
{
	u32 at = SAVED + slot;

	if (at < SAVED) {
		*value = saved[at & (SAVED - 1)];
		return true;
	}
	return !read_user(context, value, sizeof(*value), cfa + slot * 8);
}

static __always_inline long step_by_row(const struct walk_context *context, u64 row)
{
	struct walk *walk = &context->scratch->walk;
	u32 kind = row >> 56 & PPBPF_UNWIND_KIND_MASK;
	u64 cfa = row_cfa(context, row, kind), saved[SAVED];
	s64 fp = (signed char)(row >> 48), bx = -(s64)(row >> 60);

	if (!cfa || cfa < walk->sp)
		return walk_end(walk, PPBPF_STACK_UNREADABLE);
	/* what lies below the stack pointer need not be there */
	if (read_user(context, saved, sizeof(saved), cfa - sizeof(saved))) {
		__builtin_memset(saved, 0, sizeof(saved));
		if (read_user(context, &saved[SAVED - 1], 8, cfa - 8))
			return walk_end(walk, PPBPF_STACK_UNREADABLE);
		if (fp > -SAVED && fp < 0)
			read_user(context, &saved[(SAVED + fp) & (SAVED - 1)], 8, cfa + fp * 8);
	}
	if (bx && kind < PPBPF_UNWIND_SP_FAR)
		saved_read(context, saved, bx, cfa, &walk->bx);
	if (fp == PPBPF_FP_AT_FP) {
		if (read_user(context, &walk->fp, sizeof(walk->fp), walk->fp))
			return walk_end(walk, PPBPF_STACK_UNREADABLE);
	} else if (fp != PPBPF_FP_SAME && !saved_read(context, saved, fp, cfa, &walk->fp)) {
		return walk_end(walk, PPBPF_STACK_UNREADABLE);
	}
	return walk_up(walk, saved[SAVED - 1], cfa);
}

/*
 * Go keeps frame pointers from one stack to another, on which the runtime works
 * now and then; only the innermost function may have none yet, or need none.
 */
static __always_inline long step_go(const struct walk_context *context,
				    const struct mapping *mapping, u64 row)
{
	struct walk *walk = &context->scratch->walk;
	u64 size = (row >> 32 & 0xffff) * 8, at = walk->fp, frame[2], code = 0;

	if (walk->innermost) {
		if (!size)
			return step_by_code(context, mapping);
		at = walk->sp + size - sizeof(frame);
	} else {
		read_user(context, &code, sizeof(code), walk->ip);
		if (code == SIGRETURN_CODE)
			return step_signal(context);
		if (!at)
			return walk_end(walk, PPBPF_STACK_COMPLETE);
	}
	if (read_user(context, frame, sizeof(frame), at))
		return walk_end(walk, PPBPF_STACK_UNREADABLE);
	/* where the frame has just been made, the caller's is not saved there yet */
	if (!walk->innermost || (size > 8 && (u32)(walk->ip + mapping->to_offset) != (u32)row))
		walk->fp = frame[0];
	return walk_up(walk, frame[1], at + sizeof(frame));
}

static __always_inline u64 mapping_row(struct scratch *scratch, const struct mapping *mapping,
				       u64 address)
{
	u64 offset = address + mapping->to_offset, place, row;
	u32 page = (offset >> PPBPF_PAGE_SHIFT) - mapping->first_page;
	struct kept_row *kept;

	if (mapping->state != PPBPF_MODULE_READY || offset >> 32 || page >= mapping->pages)
		return 0;
	place = (u64)mapping->module << PPBPF_FRAME_OFFSET_BITS | offset;
	kept = &scratch->rows[place * HASH_FACTOR >> (64 - ROWS_KEPT_SHIFT)];
	if (kept->place == place)
		return kept->row;
	row = row_find(mapping->index, page, mapping->rows, offset);
	kept->place = place;
	kept->row = row;
	return row;
}

static long walk_step(u64 turn, struct walk_context *context)
{
	struct scratch *scratch = context->scratch;
	struct walk *walk;
	struct mapping *mapping;
	u64 address, row;

	if (!scratch)
		return 1;
	walk = &scratch->walk;
	address = walk->ip - walk->is_return;
	mapping = mapping_find(context, address);
	if (!mapping)
		return walk_end(walk, walk->guessed ? walk->guessed : PPBPF_STACK_NO_MAPPING);
	walk->guessed = 0;
	if (walk->py_state == PYTHON_INSIDE) {
		if (python_frame(context, mapping->python))
			return 0;
		walk->py_state = PYTHON_FRAMES;
		if (walk->count >= PPBPF_FRAMES_MAX)
			return 1;
	} else if (python_enter(context, mapping, address)) {
		walk->py_state = PYTHON_INSIDE;
		return 0;
	} else if (!frame_add(scratch, frame_of(walk, mapping))) {
		return 1;
	}
	row = mapping_row(scratch, mapping, address);
	switch (row >> 56 & PPBPF_UNWIND_KIND_MASK) {
	case PPBPF_UNWIND_NONE:
		return step_by_code(context, mapping);
	case PPBPF_UNWIND_SIGNAL:
		return step_signal(context);
	case PPBPF_UNWIND_STOP:
		return walk_end(walk, PPBPF_STACK_COMPLETE);
	case PPBPF_UNWIND_GO:
		return step_go(context, mapping, row);
	case PPBPF_UNWIND_RA_DI:
		if (!walk->innermost)
			return walk_end(walk, PPBPF_STACK_NO_ROW);
		return walk_up(walk, walk->di, walk->sp + (row >> 32 & 0xffff) * 8);
	default:
		return step_by_row(context, row);
	}
}

/* The last walk's mappings are this one's, too, if nothing has changed: else they go. */
static __always_inline void mappings_keep(struct scratch *scratch)
{
	u64 mm = scratch->walk.mm, version = mm_version((struct mm_struct *)mm);
	bool same = version && version == scratch->mappings_version && mm == scratch->mappings_of &&
		    scratch->walk.tgid == scratch->mappings_tgid;

	for (u32 i = 0; i < MAPPINGS_KEPT; i++)
		/* those that are not settled are asked for again */
		if (!same || (scratch->mappings[i].state != PPBPF_MODULE_READY &&
			      scratch->mappings[i].end_reason != PPBPF_STACK_NO_FRAME))
			scratch->mappings[i].end = 0;
	scratch->mappings_version = version;
	scratch->mappings_of = mm;
	scratch->mappings_tgid = scratch->walk.tgid;
}

/* From the registers in the scratch memory. */
static __always_inline void walk_user(struct walk_context *context, u32 use)
{
	struct scratch *scratch = context->scratch;

	scratch->walk.innermost = 1;
	scratch->walk.use = use;
	scratch->walk.end = PPBPF_STACK_TOO_DEEP; /* unless it ends before */
	mappings_keep(scratch);
	bpf_loop(WALK_TURNS, walk_step, context, 0);
}

#endif /* PPBPF_UNWIND_BPF_H */
