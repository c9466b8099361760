/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The head of an HTTP/1 request as it was captured (RFC 9112): strangers' bytes,
 * and not always all of them.
 */
#ifndef PPBPF_MODEL_HTTP_BYTES_H
#define PPBPF_MODEL_HTTP_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/request.h"

/* All texts point into the bytes that were read. */
struct http_request {
	struct text method;
	struct text target;
	unsigned int minor;	/* of the version, 1.x */
	struct text host;
	struct text user_agent;
	struct text traceparent;
	struct text tracestate;
	bool whole;		/* the head's end was there */
	bool chunked;
	uint64_t content_length;	/* of the body, 0 when none is named */
	size_t head;		/* bytes up to the body; with `whole` */
};

/*
 * 0; -EAGAIN when the head is not whole (what was there of it is in `out`); -EINVAL when
 * these bytes begin no request.
 */
int http_request__read(struct http_request *out, const char *bytes, size_t length);

/*
 * Where the request that begins these bytes ends, its body included; more than `length`
 * when it goes on beyond. 0 when that cannot be told.
 */
size_t http_request__size(const struct http_request *request, const char *bytes, size_t length);

#endif
