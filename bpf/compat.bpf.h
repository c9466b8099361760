/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Every difference between kernels, each with the version that made it. The
 * programs call these functions and name no version themselves.
 */
#ifndef PPBPF_COMPAT_BPF_H
#define PPBPF_COMPAT_BPF_H

#include "maps.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* 6.18: throttled tasks are dequeued one by one, and say so. */
struct task_struct___throttled {
	bool throttled;
};

/* before 6.2: plain counters instead of per-CPU ones */
struct mm_rss_stat___old {
	struct {
		long counter;
	} count[4];
};
struct mm_struct___old {
	struct mm_rss_stat___old rss_stat;
};

/* before 5.14 */
struct task_struct___state {
	long state;
};

/* before 5.17 */
struct request___rq_disk {
	struct gendisk *rq_disk;
};

/* before 6.11 and 6.7 */
struct timespec64___mtime {
	s64 tv_sec;
};
struct inode___mtime {
	struct timespec64___mtime __i_mtime;
};
struct inode___old_mtime {
	struct timespec64___mtime i_mtime;
};

/* since 6.4: counts changes of the mappings; a seqcount since 6.13 */
struct seqcount___mm {
	unsigned int sequence;
};
struct mm_struct___seqcount {
	struct seqcount___mm mm_lock_seq;
};
struct mm_struct___lock_seq {
	int mm_lock_seq;
};

/* before 6.1: mappings in a red-black tree */
struct rb_node___vma {
	struct rb_node___vma *rb_left;
	struct rb_node___vma *rb_right;
};
struct rb_root___vma {
	struct rb_node___vma *rb_node;
};
struct mm_struct___rb {
	struct rb_root___vma mm_rb;
};
struct vm_area_struct___rb {
	struct rb_node___vma vm_rb;
	unsigned long vm_start;
	unsigned long vm_end;
};

#pragma clang attribute pop

/* Arguments of sched_switch: prev_state since 5.18. Set from BTF before load. */
const volatile bool cfg_switch_has_state __weak;

/* Whether the kernel has bpf_rdonly_cast(): since 6.2. Set from BTF before load. */
const volatile bool cfg_has_cast __weak;

/*
 * What a number points to, as an object that is read without a helper's call.
 * Named through a flag: before 6.4 the address of a kernel function is no value.
 */
extern void *bpf_rdonly_cast(const void *object, u32 btf_id) __ksym __weak;

/* The type of a file's inode, by the file table's entry for it; 0: no file. */
static __always_inline u16 file_mode(struct file **entry)
{
	struct list_head *pointer;
	struct file *file = 0;

	if (cfg_has_cast) {
		/* a pointer behind a pointer: any object that begins with one will do */
		pointer = bpf_rdonly_cast(entry, bpf_core_type_id_kernel(struct list_head));
		file = bpf_rdonly_cast(pointer->next, bpf_core_type_id_kernel(struct file));
		return file->f_inode->i_mode;
	}
	if (bpf_probe_read_kernel(&file, sizeof(file), entry) || !file)
		return 0;
	return BPF_CORE_READ(file, f_inode, i_mode);
}

/* A TCP socket as one: its counters can then be read without a helper. */
static __always_inline struct tcp_sock *tcp_sock_of(struct sock *sk)
{
	if (cfg_has_cast)
		return bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct tcp_sock));
	return bpf_skc_to_tcp_sock(sk);
}

/* Whether something lies between the socket's user and TCP, as TLS in the kernel does. */
static __always_inline bool has_upper_protocol(struct sock *sk)
{
	struct inet_connection_sock *connection = (void *)sk;

	if (cfg_has_cast) {
		connection = bpf_rdonly_cast(sk,
					     bpf_core_type_id_kernel(struct inet_connection_sock));
		return connection->icsk_ulp_ops;
	}
	return BPF_CORE_READ(connection, icsk_ulp_ops);
}

/* TCP's number of the next byte that is to be sent, or to be read. */
static __always_inline u32 tcp_sequence(struct sock *sk, bool sent)
{
	struct tcp_sock *tcp = (void *)sk;

	if (cfg_has_cast) {
		tcp = bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct tcp_sock));
		return sent ? tcp->write_seq : tcp->copied_seq;
	}
	return sent ? BPF_CORE_READ(tcp, write_seq) : BPF_CORE_READ(tcp, copied_seq);
}

static __always_inline u32 task_state_bits(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return task->__state;
	return ((struct task_struct___state *)task)->state;
}

/* A field of an account that a kernel may be built without: CONFIG_SCHED_INFO... */
#define SCHED_INFO(field_)							\
	static __always_inline u64 sched_##field_(struct task_struct *task)	\
	{									\
		return bpf_core_field_exists(task->sched_info.field_) ?		\
			       task->sched_info.field_ : 0;			\
	}

SCHED_INFO(pcount)
SCHED_INFO(run_delay)
SCHED_INFO(last_arrival)
SCHED_INFO(last_queued)

/*
 * Since when it waits for a CPU; 0: it does not. Since 6.12 a task that goes to
 * sleep may stay on its run queue for a while. If it is moved to another CPU
 * meanwhile, the kernel takes that for the beginning of a wait.
 */
static __always_inline u64 waits_since(struct task_struct *task)
{
	u64 queued = sched_last_queued(task);

	if (!queued || !task->on_rq)
		return 0;
	if (bpf_core_field_exists(task->se.sched_delayed) && task->se.sched_delayed)
		return 0;
	return queued;
}

static __always_inline bool have_sched_info(void)
{
	struct task_struct *task = 0;

	return bpf_core_field_exists(task->sched_info.run_delay);
}

/* ...and CONFIG_TASK_IO_ACCOUNTING. */
#define TASK_IO(field_)								\
	static __always_inline u64 io_##field_(struct task_struct *task)	\
	{									\
		return bpf_core_field_exists(task->ioac.field_) ?		\
			       task->ioac.field_ : 0;				\
	}

TASK_IO(read_bytes)
TASK_IO(write_bytes)
TASK_IO(cancelled_write_bytes)

/*
 * Whether a quota's throttling took this task off its CPU. Up to 6.17 a whole
 * group run queue was taken away at once and tasks do not know: there the
 * group's own clock of throttled time decides alone.
 */
static __always_inline bool task_is_throttled(struct task_struct *task)
{
	struct task_struct___throttled *t = (void *)task;

	if (bpf_core_field_exists(t->throttled))
		return BPF_CORE_READ(t, throttled);
	return true;
}

/* Since 6.6; before, throttling cannot be told from other waits. */
static __always_inline bool have_throttled_time(void)
{
	struct cfs_rq *cfs_rq = 0;

	return bpf_core_field_exists(cfs_rq->throttled_clock_self_time);
}

static __always_inline struct gendisk *request_disk(struct request *rq)
{
	struct request___rq_disk *old = (void *)rq;

	if (bpf_core_field_exists(old->rq_disk))
		return BPF_CORE_READ(old, rq_disk);
	return rq->q->disk;
}

/* Since 6.7; before, a program cannot meet the threads of a process. */
struct bpf_iter_task {
	u64 opaque[3];
};

#define BPF_TASK_ITER_PROC_THREADS 2

extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task,
			     unsigned int flags) __ksym __weak;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym __weak;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym __weak;

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;

static __always_inline bool have_thread_iterator(void)
{
	return bpf_iter_task_new && bpf_task_from_pid;
}

#endif /* PPBPF_COMPAT_BPF_H */
