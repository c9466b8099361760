/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_BASE_ERR_H
#define PPBPF_BASE_ERR_H

#include <stdbool.h>

/*
 * What went wrong, for who asked for the work: a cause (which decides the exit
 * status), a negative errno, a message and, if there is one, a hint what to do.
 *
 * An all-zero struct is "no error". The first error wins: what fails while
 * cleaning up after it does not hide it.
 */

enum err_cause {
	ERR_NONE,
	ERR_USAGE,
	ERR_PERMISSION,
	ERR_UNSUPPORTED_KERNEL,
	ERR_IO,
	ERR_NOT_FOUND,
	ERR_TIMEOUT,
	ERR_INTERNAL,
};

struct err {
	enum err_cause cause;
	int code; /* negative errno */
	char message[512];
	char hint[512];
	bool kept; /* the last err__set() came second: its hint is not wanted either */
};

/*
 * Records an error, unless one is recorded already, and returns the recorded
 * code: always negative (a positive @code is negated, 0 becomes -EIO). @e may
 * be NULL. A message that does not fit is cut at a character's boundary.
 */
int err__set(struct err *e, enum err_cause cause, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Says what to do about the error of the err__set() just before. */
void err__hint(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

void err__clear(struct err *e);

/* "usage", "permission", ... as in the JSON; "none" for ERR_NONE. */
const char *err_cause_name(enum err_cause cause);

#endif
