/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Asks a Jaeger for traces: by /api/v3/traces (OTLP's JSON), or where it has not got that, by
 * /api/traces, as its own page does.
 */
#ifndef PPBPF_RECEIVE_QUERY_H
#define PPBPF_RECEIVE_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "receive/spans_in.h"

struct err;

struct query {
	const char *url;	/* of the page: http://localhost:16686 */
	const char *service;
	uint64_t from_ns, to_ns;	/* Unix time */
};

/*
 * Every trace of the service in that time: a window with more than one answer holds is asked
 * for in halves. Negative errno, told in *e.
 */
int query__run(const struct query *query, struct spans_in *in, struct err *e);

/* Readers of the two answers, as in spans_in.h. */
int jaeger_json__read(const void *body, size_t length, struct spans_in *in);
int jaeger_v3__read(const void *body, size_t length, struct spans_in *in);

#endif
