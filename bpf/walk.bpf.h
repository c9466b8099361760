/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A task's whole stack: the kernel's part, then the user's, then what it is called. */
#ifndef PPBPF_WALK_BPF_H
#define PPBPF_WALK_BPF_H

#include "unwind.bpf.h"

#define USER_CS 0x33 /* 64-bit code */
#define XEN_USER_CS 0xe033 /* the same in a paravirtual guest of Xen */
#define COMPAT_VDSO_MAX 0x2000
#define PF_IO_WORKER 0x00000010
#define PF_USER_WORKER 0x00004000

/* Cleared, and the task's own. NULL: in use, and counted. */
static __always_inline struct scratch *scratch_take(enum scratch_use use, struct task_struct *task)
{
	u32 key = use;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &key);

	if (!scratch || scratch->busy) {
		stack_count(PPBPF_STACK_LOST_BUSY);
		return 0;
	}
	scratch->busy = 1;
	__builtin_memset(&scratch->walk, 0, sizeof(scratch->walk));
	scratch->walk.tgid = task->tgid;
	scratch->walk.mm = (u64)task->mm;
	scratch->walk.tls = task_tls(task);
	return scratch;
}

static long hash_kernel_frame(u64 index, struct walk_context *context)
{
	struct scratch *scratch = context->scratch;

	if (!scratch || index >= PPBPF_KERNEL_FRAMES_MAX)
		return 1;
	scratch->walk.hash = hash_add(scratch->walk.hash, scratch->event.frames[index]);
	return 0;
}

/* So many kernel addresses are there: frames as they are. */
static __always_inline void walk_kernel_frames(struct scratch *scratch, long bytes)
{
	struct walk_context context = { .scratch = scratch };

	if (bytes <= 0 || bytes > PPBPF_KERNEL_FRAMES_MAX * (long)sizeof(u64))
		return;
	scratch->walk.count = (u64)bytes / sizeof(u64);
	bpf_loop(scratch->walk.count, hash_kernel_frame, &context, 0);
}

/* The kernel's part of the current task's stack. */
static __always_inline void walk_kernel(void *ctx, struct scratch *scratch, u64 skip)
{
	walk_kernel_frames(scratch, bpf_get_stack(ctx, scratch->event.frames,
						  PPBPF_KERNEL_FRAMES_MAX * sizeof(u64), skip));
}

static __always_inline void walk_regs(struct walk *walk, struct pt_regs *regs)
{
	walk->ip = regs->ip;
	walk->sp = regs->sp;
	walk->fp = regs->bp;
	walk->bx = regs->bx;
	walk->r10 = regs->r10;
	walk->ax = regs->ax;
	walk->di = regs->di;
}

/* The kernel's code in a 32-bit process is none that we have a table, or names, of. */
static __always_inline bool is_in_vdso(const struct walk *walk)
{
	struct mm_struct *mm = (struct mm_struct *)walk->mm;
	u64 vdso = (u64)BPF_CORE_READ(mm, context.vdso);

	return walk->ip - vdso < COMPAT_VDSO_MAX;
}

/* No user memory (at exec or exit, a kernel thread): the kernel's stack is all there is. */
static __always_inline bool has_user_stack(struct walk *walk, struct task_struct *task, u16 cs)
{
	if (!walk->mm || task->flags & (PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER) ||
	    BPF_CORE_READ_BITFIELD_PROBED(task, in_execve))
		return false;
	if (cs == USER_CS || cs == XEN_USER_CS)
		return true;
	walk->end = PPBPF_STACK_COMPAT;
	walk->compat = 1;
	return !is_in_vdso(walk);
}

/*
 * The registers of user mode, which interrupts, too, leave where system calls
 * do. False: there is no user stack to walk.
 */
static __always_inline bool walk_begin(struct scratch *scratch, struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

	walk_regs(&scratch->walk, regs);
	return has_user_stack(&scratch->walk, task, regs->cs);
}

static __always_inline u64 walk_id(const struct walk *walk)
{
	return hash_add(walk->hash, walk->end) | 1; /* never 0 */
}

/* Makes the walk an event; returns the stack's id. */
static __always_inline u64 walk_finish(struct scratch *scratch)
{
	struct ppbpf_stack_event *event = &scratch->event;
	struct walk *walk = &scratch->walk;

	event->kind = PPBPF_STACK_EVENT_STACK;
	event->tgid = walk->tgid;
	event->end = walk->end;
	event->count = walk->count;
	event->id = walk_id(walk);
	return event->id;
}

#endif /* PPBPF_WALK_BPF_H */
