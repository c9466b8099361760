/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What of a benchmark's code is stored, so that it can be run again as it is now. */
#ifndef PPBPF_OP_KEEP_H
#define PPBPF_OP_KEEP_H

#include <stddef.h>

#include "model/bench.h"

/* How the warning begins that says why something is not. */
#define KEEP_REFUSED "it is not kept"

struct keep {
	const char *folder;		/* of the results, absolute */
	const char *program;		/* where it was found */
	char *const *argv;
	const char *cwd;		/* which names in these are relative to; NULL: ours */
	const char *const *mapped;	/* all that it ran code of, absolute; NULL: not known */
	size_t mapped_count;
};

/*
 * Stores the program, what its first line names, a script that it is given, and its
 * libraries, and adds them to the result. What cannot be run again as it is, such as a
 * program that starts others, is not kept, and a warning says why.
 */
void keep__store(const struct keep *what, struct bench_result *result);

#endif
