/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What a request's body is, and what the answer's says. For receive/server.c. */
#ifndef PPBPF_RECEIVE_REQUEST_BODY_H
#define PPBPF_RECEIVE_REQUEST_BODY_H

#include <stdbool.h>
#include <stdint.h>

struct buf;

enum body_format { BODY_UNKNOWN, BODY_OTLP_PROTO, BODY_OTLP_JSON, BODY_JAEGER_THRIFT };

/* By the Content-Type; NULL: there was none. */
enum body_format body_format_of(bool otlp, const char *type);

/* A google.rpc.Status, or text. */
void body_error(struct buf *out, enum body_format format, unsigned int status, const char *why);
/* An ExportTraceServiceResponse, or nothing. */
void body_success(struct buf *out, enum body_format format, uint64_t rejected);
/* What to say of a body that is none. */
const char *body_complaint(enum body_format format);

#endif
