/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Why a task that leaves its CPU is blocked. First its state, then a page
 * fault, then disk accounting, then the system call it is in, then the file
 * which that call waits for.
 */
#ifndef PPBPF_REASON_BPF_H
#define PPBPF_REASON_BPF_H

#include "compat.bpf.h"

/* Reason by system call number, 64-bit and 32-bit; from user/model/reason.c. */
const volatile u8 cfg_syscall_reason[PPBPF_SYSCALLS] __weak;
const volatile u8 cfg_compat_reason[PPBPF_SYSCALLS] __weak;

#define S_IFMT		0170000
#define S_IFIFO		0010000
#define S_IFSOCK	0140000
#define S_IFREG		0100000
#define S_IFBLK		0060000

#if defined(__TARGET_ARCH_x86)

#define TS_COMPAT	0x0002
#define SYSCALL_SPLICE	275

/* System call number, or -1 in a fault or an interrupt. */
static __always_inline long syscall_number(struct task_struct *task, struct pt_regs *regs)
{
	return (long)regs->orig_ax;
}

static __always_inline bool syscall_is_compat(struct task_struct *task)
{
	return task->thread_info.status & TS_COMPAT;
}

static __always_inline unsigned long syscall_first_argument(struct task_struct *task,
							    struct pt_regs *regs, bool compat)
{
	return compat ? regs->bx : regs->di;
}

#elif defined(__TARGET_ARCH_arm64)

#define TIF_32BIT	22
#define SYSCALL_SPLICE	76

static __always_inline long syscall_number(struct task_struct *task, struct pt_regs *regs)
{
	return regs->syscallno;
}

static __always_inline bool syscall_is_compat(struct task_struct *task)
{
	return task->thread_info.flags & (1UL << TIF_32BIT);
}

static __always_inline unsigned long syscall_first_argument(struct task_struct *task,
							    struct pt_regs *regs, bool compat)
{
	return regs->orig_x0;
}

#endif

static __always_inline u32 reason_by_file(struct task_struct *task, unsigned long fd)
{
	struct fdtable *table = task->files->fdt;

	if (fd >= table->max_fds)
		return PPBPF_REASON_OTHER;
	switch (file_mode(table->fd + fd) & S_IFMT) {
	case S_IFSOCK:
		return PPBPF_REASON_NETWORK;
	case S_IFIFO:
		return PPBPF_REASON_IPC;
	case S_IFREG:
	case S_IFBLK:
		return PPBPF_REASON_DISK;
	default:
		return PPBPF_REASON_OTHER;
	}
}

/* `state` is the task's state bits, not 0. May be PPBPF_REASON_AGAIN: as the last time. */
static __always_inline u32 wait_reason(struct task_struct *task, u32 state)
{
	struct pt_regs *regs;
	bool compat;
	long number;
	u32 reason;

	if (state & TASK_STOPPED)
		return PPBPF_REASON_STOPPED;
	if (task->flags & PF_KTHREAD)
		return PPBPF_REASON_OTHER;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	number = syscall_number(task, regs);
	if (number < 0)
		return PPBPF_REASON_MEMORY;
	if (BPF_CORE_READ_BITFIELD(task, in_iowait))
		return PPBPF_REASON_DISK;
	if (number >= PPBPF_SYSCALLS)
		return PPBPF_REASON_OTHER;
	compat = syscall_is_compat(task);
	reason = compat ? cfg_compat_reason[number] : cfg_syscall_reason[number];
	if (reason == PPBPF_REASON_BY_FILE)
		reason = reason_by_file(task, syscall_first_argument(task, regs, compat));
	return reason < PPBPF_REASON_NR || reason == PPBPF_REASON_AGAIN ? reason :
									  PPBPF_REASON_OTHER;
}

#endif /* PPBPF_REASON_BPF_H */
