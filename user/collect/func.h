/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Functions and regions of programs, counted and timed exactly, by probes in
 * their files: nothing is restarted or recompiled.
 */
#ifndef PPBPF_COLLECT_FUNC_H
#define PPBPF_COLLECT_FUNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/calls.h"

struct buf;
struct collector;
struct err;
struct func;

struct func_config {
	/*
	 * "GLOB[@MODULE]": native functions; MODULE is a file's name ("libz*", "libz")
	 * or path. "py:MODULE.NAME": Python's, with globs in both.
	 */
	const char *const *functions;
	size_t function_count;
	const char *const *regions;	/* names given to PPBPF_BEGIN, globs allowed */
	size_t region_count;
	/*
	 * Where to look: what these processes have mapped, and what this command will
	 * need. With neither, in everything that is mapped on the machine; functions
	 * then must name their module.
	 */
	const pid_t *pids;
	size_t pid_count;
	const char *command;
	/*
	 * Whom to time: those that the collector follows. NULL, or a machine-wide one:
	 * everybody; then a single one of `pids` alone.
	 */
	const struct collector *collector;
	bool events;	/* every call by func__drain(), with its split; sums are kept anyway */
	bool single;	/* as on a kernel without links of many probes */
};

/*
 * Finds, loads and attaches. What matches nothing is an error (ERR_NOT_FOUND),
 * so is more than PPBPF_CALL_FUNCTIONS (ERR_USAGE), and a pattern that is met by Go programs
 * alone (ERR_USAGE). Negative errno, and *e.
 */
int func__new(struct func **out, const struct func_config *config, struct err *e);
void func__free(struct func *f);

/* One call that came to its end. */
struct func_call {
	const struct call_row *row;	/* name, module and kind; its sums are of the last func__read() */
	uint32_t tgid;
	uint32_t pid;
	uint64_t start_ns;	/* CLOCK_MONOTONIC */
	uint64_t duration_ns;
	bool nested;		/* within another call of the same on its thread */
	bool split_known;	/* else: the thread is not followed */
	struct ppbpf_split split;	/* of the duration */
};

typedef void (*func_call_fn)(const struct func_call *call, void *context);

/* With `events`: the calls that ended since the last time. Their number, or negative errno. */
int func__drain(struct func *f, func_call_fn on_call, void *context);

/* Readable when the ring fills up before it is time to drain it; -1 without `events`. */
int func__ring_fd(const struct func *f);

/* The sums so far; rows are the object's, and valid until it is freed. Negative errno. */
int func__read(struct func *f, struct calls *calls);

/*
 * What timing one call costs the program, measured at the first call on
 * functions of our own, in nanoseconds, averaged over the functions asked for; NAN when that could
 * not be done, or no native function is timed. As a sentence: "timing a call
 * takes 1.9 us"; nothing is appended when it is not known. 0 or -ENOMEM.
 */
double func__cost_ns(struct func *f);
int func__cost_text(struct func *f, struct buf *out);

/* Sentences for a person about what was left out: resolvers, Go programs, files. */
const char *const *func__warnings(const struct func *f, size_t *count);

/* "ebpf-uprobe", or "ebpf-usdt" when all that is asked for is Python. */
const char *func__profiler(const struct func *f);

#endif
