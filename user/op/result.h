/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Behind struct ppbpf_result. */
#ifndef PPBPF_OP_RESULT_H
#define PPBPF_OP_RESULT_H

#include <stdio.h>

#include "base/err.h"
#include "model/report.h"
#include "ppbpf.h"

struct ppbpf_result;

/* What an operation leaves behind. */
struct operation {
	/* The whole envelope. Negative errno. */
	int (*write_json)(const struct ppbpf_result *result, FILE *stream);
	void (*free_data)(void *data);	/* data may be NULL */
};

struct ppbpf_result {
	const struct operation *operation;
	void *data;		/* the operation's own */
	bool bad_news;		/* it worked, and what it found is not well: no success */
	struct err err;
	double duration;	/* seconds the operation took */
	int command_status;
	struct report *report;	/* owned; NULL: nothing was had */
	char *json;		/* made when asked for */
};

/* A result of an operation without anything in it; NULL: no memory. */
struct ppbpf_result *result__new(const struct operation *operation);

/* The exit status that an error's cause stands for. */
int status_of(const struct err *e);

#endif
