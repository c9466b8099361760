/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The socket that a system call has moved bytes of, where the kernel has no tracepoints in
 * its socket layer (before Linux 6.3): found by the descriptor, as the call returns. Another
 * thread may have closed that meanwhile; and every program's system calls take a longer way.
 */
#ifndef PPBPF_SYSCALL_BPF_H
#define PPBPF_SYSCALL_BPF_H

#include "exchange.bpf.h"

#define MSG_PEEK	2

#if defined(__TARGET_ARCH_x86)
#define SYSCALL_SENDFILE	40
#define SYSCALL_FLAGS(regs)	((regs)->r10)	/* the fourth argument */
#elif defined(__TARGET_ARCH_arm64)
#define SYSCALL_SENDFILE	71
#define SYSCALL_FLAGS(regs)	((regs)->regs[3])
#endif

struct transfer {
	struct sock *sk;
	u64 inode;	/* of the socket: addresses are used again */
	u32 dir;
};

static __always_inline bool transfer_socket(struct transfer *transfer, struct task_struct *task,
					    u64 fd)
{
	struct fdtable *table = task->files->fdt;
	struct socket *socket;
	struct file *file = 0;

	if (fd >= table->max_fds || bpf_probe_read_kernel(&file, sizeof(file), table->fd + fd) ||
	    !file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return false;
	socket = BPF_CORE_READ(file, private_data);
	transfer->inode = BPF_CORE_READ(file, f_inode, i_ino);
	transfer->sk = BPF_CORE_READ(socket, sk);
	return transfer->sk;
}

/* Which way the bytes went, and on which socket. */
static __always_inline bool transfer_find(struct transfer *transfer, struct task_struct *task,
					  struct pt_regs *regs)
{
	u64 fd = argument(regs, 0);

	transfer->dir = SENT;
	switch (syscall_number(task, regs)) {
	case SYSCALL_RECVFROM:
		if (SYSCALL_FLAGS(regs) & MSG_PEEK)
			return false;
		transfer->dir = RECEIVED;
		break;
	case SYSCALL_RECVMSG:
		if (argument(regs, 2) & MSG_PEEK)
			return false;
		transfer->dir = RECEIVED;
		break;
	case SYSCALL_READ:
	case SYSCALL_READV:
	case SYSCALL_PREADV2:
		transfer->dir = RECEIVED;
		break;
	case SYSCALL_WRITE:
	case SYSCALL_WRITEV:
	case SYSCALL_PWRITEV2:
	case SYSCALL_SENDTO:
	case SYSCALL_SENDMSG:
	case SYSCALL_SENDFILE:
		break;
	case SYSCALL_SPLICE:
		if (transfer_socket(transfer, task, argument(regs, 2)))
			return true;
		transfer->dir = RECEIVED;
		break;
	default:
		return false;
	}
	return transfer_socket(transfer, task, fd);
}

/* By the socket's address; what is left of another one at the same address is ended. */
static __always_inline struct connection *transfer_connection(const struct transfer *transfer)
{
	struct connection_key key = { .object = (u64)transfer->sk };
	struct connection *c = bpf_map_lookup_elem(&keyed_connections, &key);

	if (c && c->inode != transfer->inode) {
		exchange_send(c, PPBPF_EXCHANGE_CLOSED);
		bpf_map_delete_elem(&keyed_connections, &key);
	}
	c = connection_keyed(key.object, 0, transfer->sk);
	if (c)
		c->inode = transfer->inode;
	return c;
}

#endif /* PPBPF_SYSCALL_BPF_H */
