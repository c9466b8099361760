// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/reason.h"

#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

/* Those with the precedence of 4 are told apart by the system call, and exclude each other. */
const struct reason reasons[PPBPF_REASON_NR] = {
	[PPBPF_REASON_STOPPED] = {
		"stopped", "stopped_ms",
		"a signal, a debugger or the freezer stopped it: by the task's state", 1 },
	[PPBPF_REASON_MEMORY] = {
		"memory", "memory_ms",
		"a page fault, whether it needed the disk or not, or a call that changes its address "
		"space (mmap, munmap, madvise, brk)", 2 },
	[PPBPF_REASON_DISK] = {
		"disk", "disk_ms",
		"storage: the kernel counts it as waiting for I/O, it reads or writes a file or a "
		"block device, or it syncs one", 3 },
	[PPBPF_REASON_LOCK] = {
		"lock", "lock_ms",
		"another thread: a futex, a semaphore, a file lock", 4 },
	[PPBPF_REASON_NETWORK] = {
		"network", "network_ms",
		"a socket, Unix sockets included: accept, connect, send, receive, or reading and "
		"writing one", 4 },
	[PPBPF_REASON_POLL] = {
		"poll", "poll_ms",
		"any of several files to become ready: epoll, poll, select, io_uring", 4 },
	[PPBPF_REASON_SLEEP] = {
		"sleep", "sleep_ms",
		"time to pass, or a signal: nanosleep, pause, sigsuspend", 4 },
	[PPBPF_REASON_IPC] = {
		"ipc", "ipc_ms",
		"another process: reading or writing a pipe, message queues", 4 },
	[PPBPF_REASON_CHILD] = {
		"child", "child_ms",
		"a child to end, or to leave vfork", 4 },
	[PPBPF_REASON_OTHER] = {
		"other", "other_ms",
		"none of these: terminals, timerfd and eventfd, other system calls, kernel threads", 5 },
};

#define ABSENT (-1)

/* What an architecture without the older calls lacks. */
#ifndef SYS_epoll_wait
#define SYS_epoll_wait ABSENT
#endif
#ifndef SYS_pause
#define SYS_pause ABSENT
#endif
#ifndef SYS_poll
#define SYS_poll ABSENT
#endif
#ifndef SYS_select
#define SYS_select ABSENT
#endif
#ifndef SYS_vfork
#define SYS_vfork ABSENT
#endif

struct syscall_reason {
	short native;
	short compat;	/* i386 */
	ppbpf_u8 reason;
};

/* From 424 on, a call has one number on all architectures, whatever the headers know. */
static const struct syscall_reason syscall_reasons[] = {
	{ SYS_futex, 240, PPBPF_REASON_LOCK },
	{ ABSENT, 422, PPBPF_REASON_LOCK },		/* futex_time64 */
	{ 449, 449, PPBPF_REASON_LOCK },		/* futex_waitv */
	{ 455, 455, PPBPF_REASON_LOCK },		/* futex_wait */
	{ SYS_flock, 143, PPBPF_REASON_LOCK },
	{ SYS_fcntl, 55, PPBPF_REASON_LOCK },		/* F_SETLKW is its only wait */
	{ ABSENT, 221, PPBPF_REASON_LOCK },		/* fcntl64 */
	{ SYS_semop, ABSENT, PPBPF_REASON_LOCK },	/* i386: in ipc */
	{ SYS_semtimedop, ABSENT, PPBPF_REASON_LOCK },
	{ ABSENT, 420, PPBPF_REASON_LOCK },		/* semtimedop_time64 */

	{ SYS_epoll_wait, 256, PPBPF_REASON_POLL },
	{ SYS_epoll_pwait, 319, PPBPF_REASON_POLL },
	{ 441, 441, PPBPF_REASON_POLL },		/* epoll_pwait2 */
	{ SYS_poll, 168, PPBPF_REASON_POLL },
	{ SYS_ppoll, 309, PPBPF_REASON_POLL },
	{ ABSENT, 414, PPBPF_REASON_POLL },		/* ppoll_time64 */
	{ SYS_select, 82, PPBPF_REASON_POLL },
	{ ABSENT, 142, PPBPF_REASON_POLL },		/* _newselect */
	{ SYS_pselect6, 308, PPBPF_REASON_POLL },
	{ ABSENT, 413, PPBPF_REASON_POLL },		/* pselect6_time64 */
	{ 426, 426, PPBPF_REASON_POLL },		/* io_uring_enter */

	{ SYS_wait4, 114, PPBPF_REASON_CHILD },
	{ ABSENT, 7, PPBPF_REASON_CHILD },		/* waitpid */
	{ SYS_waitid, 284, PPBPF_REASON_CHILD },
	{ SYS_vfork, 190, PPBPF_REASON_CHILD },
	{ SYS_clone, 120, PPBPF_REASON_CHILD },		/* only CLONE_VFORK waits */
	{ 435, 435, PPBPF_REASON_CHILD },		/* clone3 */

	{ SYS_nanosleep, 162, PPBPF_REASON_SLEEP },
	{ SYS_clock_nanosleep, 267, PPBPF_REASON_SLEEP },
	{ ABSENT, 407, PPBPF_REASON_SLEEP },		/* clock_nanosleep_time64 */
	{ SYS_pause, 29, PPBPF_REASON_SLEEP },
	{ ABSENT, 72, PPBPF_REASON_SLEEP },		/* sigsuspend */
	{ SYS_rt_sigsuspend, 179, PPBPF_REASON_SLEEP },
	{ SYS_rt_sigtimedwait, 177, PPBPF_REASON_SLEEP },
	{ ABSENT, 421, PPBPF_REASON_SLEEP },		/* rt_sigtimedwait_time64 */
	{ SYS_restart_syscall, 0, PPBPF_REASON_AGAIN },

	{ SYS_accept, ABSENT, PPBPF_REASON_NETWORK },	/* i386: in socketcall */
	{ SYS_accept4, 364, PPBPF_REASON_NETWORK },
	{ SYS_connect, 362, PPBPF_REASON_NETWORK },
	{ SYS_recvfrom, 371, PPBPF_REASON_NETWORK },
	{ SYS_recvmsg, 372, PPBPF_REASON_NETWORK },
	{ SYS_recvmmsg, 337, PPBPF_REASON_NETWORK },
	{ ABSENT, 417, PPBPF_REASON_NETWORK },		/* recvmmsg_time64 */
	{ SYS_sendto, 369, PPBPF_REASON_NETWORK },
	{ SYS_sendmsg, 370, PPBPF_REASON_NETWORK },
	{ SYS_sendmmsg, 345, PPBPF_REASON_NETWORK },
	{ ABSENT, 102, PPBPF_REASON_NETWORK },		/* socketcall */

	{ SYS_msgrcv, 401, PPBPF_REASON_IPC },
	{ SYS_msgsnd, 400, PPBPF_REASON_IPC },
	{ SYS_mq_timedreceive, 280, PPBPF_REASON_IPC },
	{ ABSENT, 419, PPBPF_REASON_IPC },		/* mq_timedreceive_time64 */
	{ SYS_mq_timedsend, 279, PPBPF_REASON_IPC },
	{ ABSENT, 418, PPBPF_REASON_IPC },		/* mq_timedsend_time64 */
	{ ABSENT, 117, PPBPF_REASON_IPC },		/* ipc: semaphores, too */

	/* sendfile's first file is the one it writes to; the others' the one they read from. */
	{ SYS_read, 3, PPBPF_REASON_BY_FILE },
	{ SYS_write, 4, PPBPF_REASON_BY_FILE },
	{ SYS_readv, 145, PPBPF_REASON_BY_FILE },
	{ SYS_writev, 146, PPBPF_REASON_BY_FILE },
	{ SYS_pread64, 180, PPBPF_REASON_BY_FILE },
	{ SYS_pwrite64, 181, PPBPF_REASON_BY_FILE },
	{ SYS_preadv, 333, PPBPF_REASON_BY_FILE },
	{ SYS_pwritev, 334, PPBPF_REASON_BY_FILE },
	{ SYS_preadv2, 378, PPBPF_REASON_BY_FILE },
	{ SYS_pwritev2, 379, PPBPF_REASON_BY_FILE },
	{ SYS_sendfile, 187, PPBPF_REASON_BY_FILE },
	{ ABSENT, 239, PPBPF_REASON_BY_FILE },		/* sendfile64 */
	{ SYS_splice, 313, PPBPF_REASON_BY_FILE },
	{ SYS_tee, 315, PPBPF_REASON_BY_FILE },
	{ SYS_vmsplice, 316, PPBPF_REASON_BY_FILE },
	{ SYS_copy_file_range, 377, PPBPF_REASON_BY_FILE },

	{ SYS_fsync, 118, PPBPF_REASON_DISK },
	{ SYS_fdatasync, 148, PPBPF_REASON_DISK },
	{ SYS_sync, 36, PPBPF_REASON_DISK },
	{ SYS_syncfs, 344, PPBPF_REASON_DISK },
	{ SYS_sync_file_range, 314, PPBPF_REASON_DISK },
	{ SYS_msync, 144, PPBPF_REASON_DISK },
	{ SYS_io_getevents, 247, PPBPF_REASON_DISK },
	{ SYS_io_pgetevents, 385, PPBPF_REASON_DISK },
	{ ABSENT, 416, PPBPF_REASON_DISK },		/* io_pgetevents_time64 */
	{ SYS_fallocate, 324, PPBPF_REASON_DISK },
	{ SYS_truncate, 92, PPBPF_REASON_DISK },
	{ ABSENT, 193, PPBPF_REASON_DISK },		/* truncate64 */
	{ SYS_ftruncate, 93, PPBPF_REASON_DISK },
	{ ABSENT, 194, PPBPF_REASON_DISK },		/* ftruncate64 */

	{ SYS_mmap, 192, PPBPF_REASON_MEMORY },		/* i386: mmap2 */
	{ ABSENT, 90, PPBPF_REASON_MEMORY },		/* mmap */
	{ SYS_munmap, 91, PPBPF_REASON_MEMORY },
	{ SYS_mprotect, 125, PPBPF_REASON_MEMORY },
	{ SYS_mremap, 163, PPBPF_REASON_MEMORY },
	{ SYS_madvise, 219, PPBPF_REASON_MEMORY },
	{ 440, 440, PPBPF_REASON_MEMORY },		/* process_madvise */
	{ SYS_brk, 45, PPBPF_REASON_MEMORY },
	{ SYS_mlock, 150, PPBPF_REASON_MEMORY },
	{ SYS_mlock2, 376, PPBPF_REASON_MEMORY },
	{ SYS_munlock, 151, PPBPF_REASON_MEMORY },
	{ SYS_mlockall, 152, PPBPF_REASON_MEMORY },
	{ SYS_munlockall, 153, PPBPF_REASON_MEMORY },
	{ SYS_mbind, 274, PPBPF_REASON_MEMORY },
	{ SYS_migrate_pages, 294, PPBPF_REASON_MEMORY },
	{ SYS_move_pages, 317, PPBPF_REASON_MEMORY },
};

/* 32-bit programs of other architectures than x86 have other numbers: theirs stay OTHER. */
static int compat_number(const struct syscall_reason *row)
{
#ifdef __x86_64__
	return row->compat;
#else
	(void)row;
	return ABSENT;
#endif
}

void reason_fill_syscalls(ppbpf_u8 *native, ppbpf_u8 *compat)
{
	memset(native, PPBPF_REASON_OTHER, PPBPF_SYSCALLS);
	memset(compat, PPBPF_REASON_OTHER, PPBPF_SYSCALLS);
	for (size_t i = 0; i < sizeof(syscall_reasons) / sizeof(syscall_reasons[0]); i++) {
		const struct syscall_reason *row = &syscall_reasons[i];

		if (row->native != ABSENT)
			native[row->native] = row->reason;
		if (compat_number(row) != ABSENT)
			compat[compat_number(row)] = row->reason;
	}
}
