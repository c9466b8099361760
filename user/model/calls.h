/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Exact counts and times of functions and regions: a row each, for sinks to
 * print.
 */
#ifndef PPBPF_MODEL_CALLS_H
#define PPBPF_MODEL_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ppbpf_abi.h"

enum call_kind {
	CALL_FUNCTION,	/* of a native program or library */
	CALL_REGION,	/* between PPBPF_BEGIN and PPBPF_END */
	CALL_PYTHON,
};

/*
 * Calls begun, and the times of those whose end was seen. A call is primitive
 * when it was not made within another one of the same function on its thread.
 * As in Python's cProfile, `cumulative_ns` sums the outermost calls, and
 * `self_ns` is without the time of other rows' calls made within.
 */
struct call_row {
	enum call_kind kind;
	char *name;		/* for people: demangled; a region's name; Python: qualified name */
	char *symbol;		/* a function's, as its file has it; else NULL */
	char *module;		/* path of the file; Python: the module, as imported */
	char *file;		/* Python: the source file; else NULL */
	uint32_t line;		/* Python: of the definition; 0: not known */
	bool timed;		/* else the times are not known, and this is why: */
	const char *why_untimed;
	uint64_t calls;
	uint64_t primitive_calls;
	uint64_t returned;	/* calls that the times are of */
	uint64_t self_ns;
	uint64_t cumulative_ns;
	uint64_t min_ns;
	uint64_t max_ns;
	uint64_t hist[PPBPF_CALL_SLOTS];
};

struct calls {
	struct call_row **rows;
	size_t count;
	uint64_t counters[PPBPF_CALL_COUNTER_NR];
};

/* The duration below which a share (0 to 1) of the calls lies, within 12 %; ns, NAN without any. */
double call_row__quantile(const struct call_row *row, double share);

/* Name of a loss in metadata.dropped; NULL for a counter that is no loss. */
const char *call_loss_name(enum ppbpf_call_counter counter);

void call_row__free(struct call_row *row);

#endif
