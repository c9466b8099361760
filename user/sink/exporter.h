/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Sends spans to a backend, from a thread of its own: in batches, compressed, tried again
 * where the backend asks for that (429, 502, 503, 504, or no answer at all), and not
 * otherwise, so that nothing is taken twice. What waits is bounded.
 */
#ifndef PPBPF_SINK_EXPORTER_H
#define PPBPF_SINK_EXPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/span.h"

enum export_protocol {
	EXPORT_OTLP,	/* OTLP over HTTP, in protobuf */
	EXPORT_JAEGER,	/* a Batch of Thrift over HTTP for each process */
};

struct exporter_config {
	enum export_protocol protocol;
	const char *url;		/* of OTLP: /v1/traces is added to one without a path */
	const char *const *headers;	/* "Name: value" */
	size_t header_count;
	bool compress;
};

struct exporter_report {
	uint64_t spans;		/* taken there */
	uint64_t rejected;	/* refused there, by its own word */
	uint64_t lost;		/* not sent: no room, or given up */
	char error[256];	/* the last failure, or "" */
};

struct exporter;

struct exporter *exporter__new(const struct exporter_config *config);	/* NULL: no memory */
/* Ends the thread, whatever waits. NULL is fine. */
void exporter__free(struct exporter *exporter);

/* Takes copies. 0 or -ENOMEM. */
int exporter__add(struct exporter *exporter, const struct span *spans);
/* Sends all that waits, for so long at most. */
void exporter__flush(struct exporter *exporter, unsigned int seconds);
void exporter__report(struct exporter *exporter, struct exporter_report *report);
const char *exporter__url(const struct exporter *exporter);

#endif
