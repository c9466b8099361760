/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What the BPF programs and user space share, and nothing else: fixed-width
 * types, every size asserted on both sides.
 *
 * Clocks. `sched_clock` is the run queue's clock (rq->clock): nanoseconds, the
 * time base of sched_info, free to read in sched_switch. `boot` is
 * CLOCK_BOOTTIME, the base of a task's start time.
 */
#ifndef PPBPF_ABI_H
#define PPBPF_ABI_H

#ifndef __bpf__
#include <stdint.h>
typedef uint8_t ppbpf_u8;
typedef uint16_t ppbpf_u16;
typedef uint32_t ppbpf_u32;
typedef uint64_t ppbpf_u64;
typedef int32_t ppbpf_s32;
typedef int16_t ppbpf_s16;
#else
typedef __u8 ppbpf_u8;
typedef __u16 ppbpf_u16;
typedef __u32 ppbpf_u32;
typedef __u64 ppbpf_u64;
typedef __s32 ppbpf_s32;
typedef __s16 ppbpf_s16;
#endif

#define PPBPF_COMM_LEN 16
#define PPBPF_ARGS_LEN 256
#define PPBPF_RQ_SLOTS 28
#define PPBPF_IO_SLOTS 28
#define PPBPF_SYSCALLS 512

/*
 * Why a followed task does not run. The order of precedence is that of
 * wait_reason() in bpf/reason.bpf.h; names and help are in user/model/reason.c.
 */
enum ppbpf_reason {
	PPBPF_REASON_DISK,
	PPBPF_REASON_LOCK,
	PPBPF_REASON_NETWORK,
	PPBPF_REASON_POLL,
	PPBPF_REASON_SLEEP,
	PPBPF_REASON_IPC,
	PPBPF_REASON_CHILD,
	PPBPF_REASON_MEMORY,
	PPBPF_REASON_STOPPED,
	PPBPF_REASON_OTHER,
	PPBPF_REASON_NR,
	/* not a blocked state: the task can run and waits for a CPU */
	PPBPF_REASON_RUN_QUEUE = PPBPF_REASON_NR,
	/* in the system call table only: the file behind the first argument decides */
	PPBPF_REASON_BY_FILE,
	/* there, too: the call goes on with the wait that a signal broke off */
	PPBPF_REASON_AGAIN,
};

/* Which tasks a run follows; fixed before load. */
enum ppbpf_target_mode {
	PPBPF_TARGET_MACHINE,	/* nobody is followed, everybody is counted */
	PPBPF_TARGET_PIDS,	/* marked by the scan, inherited at fork */
	PPBPF_TARGET_COMM,	/* the same, and matched by name at exec */
	PPBPF_TARGET_CGROUP,	/* the same, and matched by cgroup at fork, exec and attach */
};

#define PPBPF_TASK_FOLLOWED	(1u << 0)	/* waits are explained */
#define PPBPF_TASK_KTHREAD	(1u << 1)
#define PPBPF_TASK_EXITING	(1u << 2)	/* past exit_notify: a zombie, or about to be gone */
#define PPBPF_TASK_LAST		(1u << 4)	/* no thread of the process is alive any more */
#define PPBPF_TASK_MEMORY	(1u << 7)	/* the values of the process are in this record */
/* of records that are made from /proc: */
#define PPBPF_TASK_NO_IO	(1u << 8)	/* what it did to disks may not be read */
#define PPBPF_TASK_EXIT_UNKNOWN	(1u << 9)	/* with PPBPF_TASK_LAST: nobody told its exit_code */
#define PPBPF_TASK_PEAK_EXACT	(1u << 6)	/* PPBPF_PEAK_RSS_BYTES is the kernel's own high-water mark */

/*
 * A task's values. The summed ones are of a thread and never go down: a
 * process has the sum over its threads, ended ones included. The others are
 * of the process, in the records of its leader. user/model/metric.c says what
 * each one means; a new metric is an id here, a line in a .bpf.c, a row there.
 */
enum ppbpf_value {
	PPBPF_CPU_NS,		/* sum_exec_runtime and the slice in progress */
	PPBPF_UTIME_NS,		/* tick samples */
	PPBPF_STIME_NS,
	PPBPF_RUN_DELAY_NS,	/* sched_info.run_delay and the wait in progress */
	PPBPF_VOLUNTARY_SWITCHES,
	PPBPF_INVOLUNTARY_SWITCHES,
	PPBPF_MIGRATIONS,
	PPBPF_TIMESLICES,
	PPBPF_MINOR_FAULTS,
	PPBPF_MAJOR_FAULTS,
	PPBPF_READ_BYTES,
	PPBPF_WRITE_BYTES,
	PPBPF_CANCELLED_WRITE_BYTES,
	/* counted by our own programs, in task storage */
	PPBPF_COUNTED,
	PPBPF_TCP_SENT_BYTES = PPBPF_COUNTED,
	PPBPF_TCP_RECEIVED_BYTES,
	PPBPF_UDP_SENT_BYTES,
	PPBPF_UDP_RECEIVED_BYTES,
	PPBPF_CONNECTIONS_OPENED,
	PPBPF_CONNECTIONS_ACCEPTED,
	PPBPF_TCP_RETRANSMITS,
	/* of the process */
	PPBPF_SUMMED_NR,
	PPBPF_RSS_ANON_BYTES = PPBPF_SUMMED_NR,
	PPBPF_RSS_FILE_BYTES,
	PPBPF_RSS_SHMEM_BYTES,
	PPBPF_SWAP_BYTES,
	PPBPF_PEAK_RSS_BYTES,
	PPBPF_THREADS,
	PPBPF_VALUE_NR,
};

#define PPBPF_COUNTED_NR (PPBPF_SUMMED_NR - PPBPF_COUNTED)

/*
 * How a followed thread's life is split, in nanoseconds of sched_clock since it
 * was first followed. The parts sum to `life`.
 */
struct ppbpf_split {
	ppbpf_u64 life;
	ppbpf_u64 on_cpu;
	ppbpf_u64 run_queue;
	ppbpf_u64 throttled;
	ppbpf_u64 stolen;
	ppbpf_u64 blocked[PPBPF_REASON_NR];
};

/*
 * A process's numbers where ppbpf's user looks: in the pid namespace of ppbpf,
 * and in that of the /proc that is mounted there. 0: it has none.
 */
struct ppbpf_names {
	ppbpf_u32 pid;
	ppbpf_u32 ppid;
	ppbpf_u32 proc_pid;
	ppbpf_u32 inner_pid;	/* in its own pid namespace, where that is below ours; else 0 */
};

/* Which pid namespace that is. Levels count from the first one, which is 0. */
struct ppbpf_pid_view {
	ppbpf_u64 ns;		/* the kernel's address of it */
	ppbpf_u32 level;
	ppbpf_s32 proc_level;	/* of /proc's, ours or one above; -1: none that can be used */
};

/*
 * One thread: what the iterator writes for a live one and the ring buffer
 * carries for one that ended. Totals since the thread's birth.
 */
struct ppbpf_task {
	ppbpf_u32 tgid;			/* as all numbers in the first pid namespace */
	ppbpf_u32 pid;
	ppbpf_u32 ppid;
	ppbpf_u32 flags;		/* PPBPF_TASK_* */
	ppbpf_u64 task_id;		/* the same for a thread's whole life, exec included */
	ppbpf_u64 start_boot_ns;	/* of the thread */
	ppbpf_u64 leader_start_boot_ns;	/* with tgid, the key of the process */
	ppbpf_u64 values[PPBPF_VALUE_NR];
	ppbpf_s32 exit_code;		/* wait status; valid with PPBPF_TASK_LAST */
	/* 1 + why it is blocked, when nothing but the time of that grows until a next record; or 0 */
	ppbpf_u32 idle;
	struct ppbpf_names names;	/* of the process */
	char comm[PPBPF_COMM_LEN];
};

/* What a record of the iterator's stream holds. */
enum ppbpf_record_kind {
	PPBPF_RECORD_TASK,	/* struct ppbpf_task */
	PPBPF_RECORD_FOLLOWED,	/* struct ppbpf_task, struct ppbpf_split */
	PPBPF_RECORD_DETAIL,	/* struct ppbpf_task, struct ppbpf_split, run queue histogram */
};

struct ppbpf_task_record {
	ppbpf_u32 kind;
	ppbpf_u32 size;		/* of this record, header included */
	struct ppbpf_task task;
	struct ppbpf_split split;
	ppbpf_u32 run_queue_hist[PPBPF_RQ_SLOTS];
};

#define PPBPF_RECORD_TASK_SIZE \
	((ppbpf_u32)__builtin_offsetof(struct ppbpf_task_record, split))
#define PPBPF_RECORD_FOLLOWED_SIZE \
	((ppbpf_u32)__builtin_offsetof(struct ppbpf_task_record, run_queue_hist))
#define PPBPF_RECORD_DETAIL_SIZE ((ppbpf_u32)sizeof(struct ppbpf_task_record))

/* Ring buffer events: what is rare. */
enum ppbpf_event_kind {
	PPBPF_EVENT_EXIT = 1,	/* struct ppbpf_exit_event: a thread left its CPU for the last time */
	PPBPF_EVENT_EXEC,	/* struct ppbpf_exec_event */
	PPBPF_EVENT_OOM,	/* struct ppbpf_oom_event */
	PPBPF_EVENT_LEAVE,	/* struct ppbpf_exit_event: a thread is followed no more, and goes on */
};

struct ppbpf_exit_event {
	ppbpf_u32 kind;
	ppbpf_u32 pad;
	ppbpf_u64 end_boot_ns;
	struct ppbpf_task task;
	struct ppbpf_split split;
	ppbpf_u32 run_queue_hist[PPBPF_RQ_SLOTS];
};

struct ppbpf_exec_event {
	ppbpf_u32 kind;
	ppbpf_u32 flags;	/* PPBPF_TASK_FOLLOWED */
	ppbpf_u32 tgid;
	ppbpf_u32 ppid;
	ppbpf_u64 leader_start_boot_ns;
	ppbpf_u64 boot_ns;
	struct ppbpf_names names;
	char comm[PPBPF_COMM_LEN];
	ppbpf_u32 args_len;	/* bytes of args that are valid */
	ppbpf_u32 args_full;	/* bytes the program was given; more than args_len: cut */
	char args[PPBPF_ARGS_LEN];	/* separated by NUL, as in /proc/PID/cmdline */
};

struct ppbpf_oom_event {
	ppbpf_u32 kind;
	ppbpf_u32 pid;		/* as ppbpf's user knows it; 0: outside of the pid namespace */
	ppbpf_u64 boot_ns;
	char comm[PPBPF_COMM_LEN];
};

/*
 * Who had the CPU while a followed task was runnable. Once the map is full,
 * processes that it has no room for are blamed by name, with tgid 0.
 */
struct ppbpf_blame_key {
	ppbpf_u32 tgid;
	char comm[PPBPF_COMM_LEN];
};

#define PPBPF_COMM_WORDS (PPBPF_COMM_LEN / 8)
#define PPBPF_BLAME_SLOTS 64

struct ppbpf_blame_slot {
	ppbpf_u32 tgid;		/* 0: free */
	ppbpf_u32 pad;
	ppbpf_u64 comm[PPBPF_COMM_WORDS];	/* the bytes of the name */
	ppbpf_u64 ns;
};

/* What a CPU adds to the map of blames; `seq` is odd while a slot changes hands. */
struct ppbpf_blame_cache {
	ppbpf_u32 seq;
	ppbpf_u32 pad;
	struct ppbpf_blame_slot slots[PPBPF_BLAME_SLOTS];
};

enum ppbpf_io_op {
	PPBPF_IO_READ,
	PPBPF_IO_WRITE,
	PPBPF_IO_DISCARD,
	PPBPF_IO_FLUSH,
	PPBPF_IO_OTHER,
	PPBPF_IO_NR,
};

struct ppbpf_disk_key {
	ppbpf_u32 major;
	ppbpf_u32 minor;
	ppbpf_u32 op;		/* enum ppbpf_io_op */
};

struct ppbpf_disk {
	ppbpf_u64 operations;
	ppbpf_u64 bytes;
	ppbpf_u64 queue_ns;		/* allocation to issue, summed */
	ppbpf_u64 service_ns;		/* issue to completion, summed */
	ppbpf_u64 errors;
	ppbpf_u32 queue_hist[PPBPF_IO_SLOTS];	/* slot i: see ppbpf_slot_low() */
	ppbpf_u32 service_hist[PPBPF_IO_SLOTS];
};

/* What the next snapshot writes; set by user space between snapshots. */
struct ppbpf_snapshot_request {
	ppbpf_u8 all;		/* every task, not only those that ran since the last one */
	ppbpf_u8 detail;	/* with run queue histograms */
	ppbpf_u8 everyone;	/* tasks that are not followed, too */
	ppbpf_u8 turn;		/* which half of `snapshot_running` this one fills in */
	ppbpf_u32 seeded;	/* out: tasks that the last scan marked as followed */
	ppbpf_u32 changes;	/* out: processes that came to be followed otherwise; wraps */
	ppbpf_u64 since;	/* sched_clock: who has not been on a CPU since did not run; 0: ask */
};

/* By pid, several to a bit: tasks that ran, or waited to, as a snapshot passed by. */
#define PPBPF_RUNNING_WORDS 64

/*
 * CLOCK_MONOTONIC less sched_clock, sampled in sched_switch every 100 ms at
 * most: lets programs that run elsewhere say what time it is on a run queue.
 */
struct ppbpf_clock_pair {
	ppbpf_u64 offset;
	ppbpf_u64 sampled;	/* sched_clock */
};

/* Time that tasks had on all CPUs since the programs were attached. */
struct ppbpf_cpu_time {
	ppbpf_u64 on_cpu_ns;
};

/* Each kind of loss, and each count that says how far an answer reaches. */
enum ppbpf_counter {
	PPBPF_LOST_EVENTS_EXIT,		/* ring buffer full */
	PPBPF_LOST_EVENTS_EXEC,
	PPBPF_LOST_EVENTS_OOM,
	PPBPF_LOST_TASK_STATE,		/* no task storage could be had */
	PPBPF_LOST_BLAME,		/* more blamed processes than the map holds */
	PPBPF_LOST_BLOCK_REQUESTS,	/* more requests in flight than the map holds */
	PPBPF_LOST_DISKS,		/* more devices than the map holds */
	PPBPF_LOST_PROGRAM_RUNS,	/* the kernel's own count: a program was running on that CPU */
	PPBPF_COUNT_WAIT_NS,		/* run queue waits of followed tasks that were explained... */
	PPBPF_COUNT_WAIT_REMOTE_NS,	/* ...that began on another CPU: blamed on nobody */
	PPBPF_COUNT_WAIT_UNKNOWN_NS,	/* ...that reach back beyond the history of slices */
	PPBPF_COUNT_CLOCK_SKEW,		/* an interval that came out negative, taken as 0 */
	PPBPF_COUNT_RECLAIM,		/* direct reclaims begun */
	PPBPF_COUNT_OOM_KILLS,
	PPBPF_COUNT_LATE_EXITS,		/* told of when the task was freed, not at its last switch */
	PPBPF_COUNTER_NR,
};

/*
 * Logarithmic histograms, a slot an octave of nanoseconds: slot 0 is below
 * 512 ns, slot i from 2^(i + 8) up to twice that, the last one open.
 */
#define PPBPF_SLOT_SHIFT 9

static inline ppbpf_u64 ppbpf_slot_low(ppbpf_u32 slot)
{
	return slot ? 1ULL << (slot + PPBPF_SLOT_SHIFT - 1) : 0;
}

/*
 * Calls of functions and regions of a program (bpf/func.bpf.c): sums a function,
 * and where asked for an event a call. Times are of CLOCK_MONOTONIC.
 */
#define PPBPF_CALL_FUNCTIONS 1024	/* at once; ids are below */
#define PPBPF_CALL_FUNCTION (1u << 0)	/* flags of an event: a function, else a region */
#define PPBPF_CALL_NESTED (1u << 1)	/* within another call of the same on this thread */
#define PPBPF_CALL_SPLIT (1u << 2)	/* `split` is valid: the thread is followed */

/*
 * Histogram of durations: a slot a nanosecond below 8, then 8 slots an octave, the
 * last one open (from 2^44 ns, five hours, on).
 */
#define PPBPF_CALL_SLOTS 337

struct ppbpf_call_sums {
	ppbpf_u64 calls;		/* begun */
	ppbpf_u64 primitive_calls;	/* of these, not within another one of the same */
	ppbpf_u64 returned;		/* whose end was seen: the times are theirs */
	ppbpf_u64 self_ns;		/* without the timed calls within */
	ppbpf_u64 cumulative_ns;	/* of the outermost ones */
	ppbpf_u64 max_ns;
	ppbpf_u64 min_complement;	/* ~ of the shortest; 0: none. So that zeroed memory is right */
	ppbpf_u64 hist[PPBPF_CALL_SLOTS];
};

struct ppbpf_call_event {
	ppbpf_u32 id;
	ppbpf_u32 flags;	/* PPBPF_CALL_* */
	ppbpf_u32 tgid;
	ppbpf_u32 pid;
	ppbpf_u64 start_ns;
	ppbpf_u64 duration_ns;
	struct ppbpf_split split;	/* only with PPBPF_CALL_SPLIT */
};

#define PPBPF_CALL_EVENT_SIZE ((ppbpf_u32)__builtin_offsetof(struct ppbpf_call_event, split))

enum ppbpf_call_counter {
	PPBPF_CALL_LOST_EVENTS,		/* ring buffer full */
	PPBPF_CALL_LOST_THREADS,	/* no task storage: counted, not timed */
	PPBPF_CALL_LOST_DEEP,		/* nested too deep to be timed */
	PPBPF_CALL_LOST_RETURNS,	/* an end whose begin was not seen */
	PPBPF_CALL_LEFT,		/* begun, then left by longjmp, an exception, or without its end */
	PPBPF_CALL_LOST_CODES,		/* Python: code objects that no map had room for */
	PPBPF_CALL_COUNTER_NR,
};

/* The slot of a duration: user space has the inverse, ppbpf_call_slot_low(). */
static inline ppbpf_u64 ppbpf_call_slot_low(ppbpf_u32 slot)
{
	return slot < 8 ? slot : (8ULL + (slot & 7)) << ((slot >> 3) - 1);
}

#define PPBPF_PYTHON_TEXT 192

/* A Python string: its first characters, `kind` bytes each (1: Latin-1, 2, 4). */
struct ppbpf_python_text {
	ppbpf_u32 length;	/* characters of it that are in bytes[] */
	ppbpf_u32 kind;		/* 0: it could not be read */
	char bytes[PPBPF_PYTHON_TEXT];
};

/* Function objects' code, by process: the pointers and the line tell reused memory apart. */
struct ppbpf_python_key {
	ppbpf_u64 code;
	ppbpf_u64 name;
	ppbpf_u32 tgid;
	ppbpf_u32 line;
};

struct ppbpf_python_calls {
	ppbpf_u64 calls;
	ppbpf_u64 primitive_calls;
	struct ppbpf_python_text name;		/* qualified */
	struct ppbpf_python_text module;	/* __name__ of its globals */
	struct ppbpf_python_text file;
};

/*
 * A thread, as the iterator sees it where nothing else is to be had (bpf/look.bpf.c). Of those
 * that lead a process also what the kernel keeps of others: `dead` threads' sums, and what it
 * has `held` since: children that were waited for, and of switches and bytes dead threads, too.
 */
struct ppbpf_look {
	struct ppbpf_task task;		/* its numbers as they are seen here are in `names` */
	ppbpf_u64 dead[PPBPF_COUNTED];
	ppbpf_u64 held[PPBPF_COUNTED];
	ppbpf_u64 start_code;		/* where its program lies in memory */
	ppbpf_u32 tid;			/* as it is seen here */
	ppbpf_u32 exit_state;		/* the kernel's: EXIT_ZOMBIE, EXIT_DEAD */
	ppbpf_u32 in_cgroup;
	ppbpf_u32 pad;
};

#define PPBPF_TASK_SIZE (80 + 8 * PPBPF_VALUE_NR)
#define PPBPF_SPLIT_SIZE (40 + 8 * PPBPF_REASON_NR)

_Static_assert(sizeof(struct ppbpf_split) == PPBPF_SPLIT_SIZE, "ABI");
_Static_assert(sizeof(struct ppbpf_task) == PPBPF_TASK_SIZE, "ABI");
_Static_assert(sizeof(struct ppbpf_task_record) ==
	       8 + PPBPF_TASK_SIZE + PPBPF_SPLIT_SIZE + 4 * PPBPF_RQ_SLOTS, "ABI");
_Static_assert(sizeof(struct ppbpf_exit_event) ==
	       16 + PPBPF_TASK_SIZE + PPBPF_SPLIT_SIZE + 4 * PPBPF_RQ_SLOTS, "ABI");
_Static_assert(sizeof(struct ppbpf_exec_event) == 72 + PPBPF_ARGS_LEN, "ABI");
_Static_assert(sizeof(struct ppbpf_blame_cache) == 8 + 32 * PPBPF_BLAME_SLOTS, "ABI");
_Static_assert(sizeof(struct ppbpf_disk) == 40 + 8 * PPBPF_IO_SLOTS, "ABI");

_Static_assert(sizeof(struct ppbpf_look) == PPBPF_TASK_SIZE + 16 * PPBPF_COUNTED + 24, "ABI");

_Static_assert(sizeof(struct ppbpf_call_sums) == 56 + 8 * PPBPF_CALL_SLOTS, "ABI");
_Static_assert(sizeof(struct ppbpf_call_event) == 32 + PPBPF_SPLIT_SIZE, "ABI");
_Static_assert(sizeof(struct ppbpf_python_calls) == 40 + 3 * PPBPF_PYTHON_TEXT, "ABI");

#endif /* PPBPF_ABI_H */
