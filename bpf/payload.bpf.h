/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Where the bytes that a system call moves lie in the caller's memory, by its
 * registers: the tracepoints of the socket layer do not say.
 */
#ifndef PPBPF_PAYLOAD_BPF_H
#define PPBPF_PAYLOAD_BPF_H

#include "reason.bpf.h"
#include "traced.bpf.h"

#define PF_IO_WORKER	0x00000010
#define PF_USER_WORKER	0x00004000	/* 6.4 */

/* At most `max`, in a way that the verifier can follow, whatever the compiler knows. */
static __always_inline u32 at_most(u64 length, u32 max)
{
	u32 bounded = length > max ? max : length;

	barrier_var(bounded);
	return bounded > max ? max : bounded;
}

enum direction {
	RECEIVED,
	SENT,
};

struct payload {
	u64 base;	/* of the first buffer; 0: the bytes are in no user's memory */
	u64 length;	/* of what was moved, in all buffers */
	u64 first;	/* of that, in the first one */
	u64 buffers;	/* struct iovec; 0: there is one buffer only */
	u64 buffer_count;
};

#if defined(__TARGET_ARCH_x86)
#define SYSCALL_READ		0
#define SYSCALL_WRITE		1
#define SYSCALL_READV		19
#define SYSCALL_WRITEV		20
#define SYSCALL_SENDTO		44
#define SYSCALL_RECVFROM	45
#define SYSCALL_SENDMSG		46
#define SYSCALL_RECVMSG		47
#define SYSCALL_PREADV2		327
#define SYSCALL_PWRITEV2	328

static __always_inline u64 argument(struct pt_regs *regs, int which)
{
	return which == 0 ? regs->di : which == 1 ? regs->si : regs->dx;
}
#elif defined(__TARGET_ARCH_arm64)
#define SYSCALL_READ		63
#define SYSCALL_WRITE		64
#define SYSCALL_READV		65
#define SYSCALL_WRITEV		66
#define SYSCALL_SENDTO		206
#define SYSCALL_RECVFROM	207
#define SYSCALL_SENDMSG		211
#define SYSCALL_RECVMSG		212
#define SYSCALL_PREADV2		286
#define SYSCALL_PWRITEV2	287

static __always_inline u64 argument(struct pt_regs *regs, int which)
{
	return which == 0 ? regs->orig_x0 : regs->regs[which];
}
#endif
#define SYSCALL_IO_URING_ENTER	426

static __always_inline void payload_one(struct payload *payload, u64 base, u64 length)
{
	payload->base = base;
	payload->length = payload->first = length;
	payload->buffers = 0;
	payload->buffer_count = 1;
}

static __always_inline void payload_many(struct payload *payload, u64 buffers, u64 count,
					 u64 length)
{
	struct iovec iov = { 0 };

	bpf_probe_read_user(&iov, sizeof(iov), (void *)buffers);
	payload->base = (u64)iov.iov_base;
	payload->length = length;
	payload->first = iov.iov_len < length ? iov.iov_len : length;
	payload->buffers = payload->first < length ? buffers : 0;
	payload->buffer_count = count;
}

/* struct msghdr, as programs have it in their memory. */
struct message {
	u64 name;
	u64 name_length;
	u64 buffers;
	u64 buffer_count;
};

static __always_inline void payload_message(struct payload *payload, u64 message, u64 length)
{
	struct message header = { 0 };

	bpf_probe_read_user(&header, sizeof(header), (void *)message);
	payload_many(payload, header.buffers, header.buffer_count, length);
}

/* Of the current task's system call, which has moved `length` bytes. */
static __always_inline bool payload_find(struct payload *payload, struct task_struct *task,
					 u64 length)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	long number = syscall_number(task, regs);

	payload->base = 0;
	payload->length = length;
	if (task->flags & (PF_IO_WORKER | PF_USER_WORKER)) {
		met(PPBPF_REQUEST_MET_IO_URING);
		return false;
	}
	if (syscall_is_compat(task)) {
		met(PPBPF_REQUEST_MET_32BIT);
		return false;
	}
	switch (number) {
	case SYSCALL_READ:
	case SYSCALL_WRITE:
	case SYSCALL_RECVFROM:
	case SYSCALL_SENDTO:
		payload_one(payload, argument(regs, 1), length);
		return true;
	case SYSCALL_READV:
	case SYSCALL_WRITEV:
	case SYSCALL_PREADV2:
	case SYSCALL_PWRITEV2:
		payload_many(payload, argument(regs, 1), argument(regs, 2), length);
		return true;
	case SYSCALL_RECVMSG:
	case SYSCALL_SENDMSG:
		payload_message(payload, argument(regs, 1), length);
		return true;
	case SYSCALL_IO_URING_ENTER:
		met(PPBPF_REQUEST_MET_IO_URING);
		return false;
	default:
		return true;	/* sendfile, splice: bytes of a file */
	}
}

/* Its first bytes, zeros after them. Negative: they are not in memory. */
static __always_inline long payload_peek(const struct payload *payload, void *out, u32 size)
{
	return bpf_probe_read_user(out, at_most(payload->first, size), (void *)payload->base);
}

#endif /* PPBPF_PAYLOAD_BPF_H */
