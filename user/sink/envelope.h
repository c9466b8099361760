/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What every operation's JSON has around its own data: "ppbpf/1". */
#ifndef PPBPF_SINK_ENVELOPE_H
#define PPBPF_SINK_ENVELOPE_H

#include <stdbool.h>
#include <stdio.h>

struct err;
struct fields;
struct report;

/* How an operation went. */
struct envelope {
	bool success;
	double duration;		/* seconds */
	const struct err *error;	/* NULL or without a cause: none */
};

/* What an operation writes itself. */
struct envelope_parts {
	const char *operation;
	const char *error_code;
	/* The value of `data`, an object. 0, or a negative errno: nothing more is written then. */
	int (*data)(struct fields *fields, const void *result);
	/*
	 * Fields of the open object `metadata`, before those that all operations share:
	 * host, kernel, version and the reasons of nulls.
	 */
	void (*metadata)(struct fields *fields, const void *result);
};

/*
 * Writes the whole. @result goes to both parts; without @has_data `data` is null and
 * metadata() has to say why. @report knows why metrics are unknown; it may be NULL.
 * Returns 0, -ENOMEM when something was lost, or the error of @out.
 */
int envelope__write(FILE *out, const struct envelope *envelope, const struct envelope_parts *parts,
		    const void *result, bool has_data, const struct report *report);

#endif
