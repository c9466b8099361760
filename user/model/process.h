/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * One process: who it was, and what it used. Tens of thousands may have ended:
 * the figures of these are packed, and read through process__figures().
 */
#ifndef PPBPF_MODEL_PROCESS_H
#define PPBPF_MODEL_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ppbpf_abi.h"

/* 64-bit numbers first, then the histogram, then what need not be kept: pack() goes by that. */
struct process_figures {
	uint64_t values[PPBPF_VALUE_NR];	/* since the measurement began; gauges: latest */
	struct ppbpf_split split;	/* of its threads; zero unless followed */
	uint64_t life_ns;		/* of its threads inside the measurement, as in the totals */
	uint64_t threads_peak;
	uint64_t absent_ns;		/* between leaving and coming back */
	uint32_t run_queue_hist[PPBPF_RQ_SLOTS];	/* complete after the last, detailed snapshot */
	uint64_t previous[PPBPF_SUMMED_NR];	/* values at the last tasks__mark() */
	struct process *next_active;		/* the table's own */
};

/* Where a process runs; "" for none. */
struct process_place {
	const char *unit;		/* of systemd */
	const char *container;		/* its id */
};

struct process {
	uint32_t tgid;			/* in the first pid namespace; ->pid is for people */
	uint32_t pid;			/* as ppbpf's user knows it */
	uint32_t ppid;			/* the same; 0: outside of the pid namespace */
	uint32_t proc_pid;		/* in the /proc mounted here; 0: not to be found there */
	uint64_t start_boot_ns;		/* with tgid, its identity */
	uint64_t end_boot_ns;		/* 0: alive; when it has left: since when */
	char comm[PPBPF_COMM_LEN];
	const char *command;		/* its arguments, joined by blanks; NULL: not known */
	uint16_t exit_code;		/* wait status; meaningful when ended */
	uint16_t place;			/* in the table of places; 0: not known */
	uint32_t inner_pid;		/* in its own pid namespace; 0: that is not below ours */
	uint32_t generation;		/* the full snapshot that named a thread of it last */
	uint32_t threads_alive : 20;
	bool followed : 1;
	bool kthread : 1;
	bool ended : 1;
	bool left : 1;			/* alive, but no target any more: moved out of the cgroup */
	bool exit_lost : 1;		/* it went without its exit record */
	bool settled : 1;		/* ended, and its values were marked since: none changed */
	bool peak_is_bound : 1;		/* its peak is the largest seen, not the kernel's mark */
	bool existed : 1;		/* before the measurement began */
	bool execed : 1;		/* it has called exec since: its peak is of that program */
	bool io_hidden : 1;		/* its disk bytes may not be read */
	bool memory_known : 1;		/* its resident set was read at least once */
	struct process_figures *figures;	/* NULL: packed, as below; then nothing changed lately */
	const unsigned char *packed;
	struct process *older;		/* of the same tgid */
	struct process *next;		/* in order of appearance */
};

/* Its figures; unpacked into `room` where they are packed. */
const struct process_figures *process__figures(const struct process *process,
					       struct process_figures *room);

/* One of its values. */
uint64_t process__value(const struct process *process, enum ppbpf_value id);

/* The most that process__pack() writes. */
#define PROCESS_PACKED_MAX 1280

/* The figures without `previous`, in few bytes; returns how many. */
size_t process__pack(const struct process_figures *figures,
		     unsigned char out[PROCESS_PACKED_MAX]);
/* What process__pack() wrote; `previous` is equal to the values. */
void process__unpack(const unsigned char *packed, struct process_figures *figures);

#endif
