// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include <errno.h>
#include <stdlib.h>

#include "model/exchange_link.h"
#include "model/http_bytes.h"

#define IDS 16	/* that an exchange has for its requests */

/* A reply without a request of its own: to the one that waits longest. */
static int reply_to_waiting(struct exchanges *x, struct link *link, const struct record *record)
{
	struct waiting *waiting = link ? link__next(link) : NULL;
	int err;

	if (!waiting) {
		x->counts[EXCHANGE_STRAY_REPLIES]++;
		return 0;
	}
	request_fill_reply(&waiting->request, record->exchange);
	err = exchanges__deliver(x, &waiting->request);
	free(waiting);
	exchanges__drop_empty(x, link);
	return err;
}

static void fill(struct request *request, const struct record *record,
		 const struct http_request *http)
{
	request_fill(request, record);
	request->cut = !http->whole;
	request->method = http->method;
	request->target = http->target;
	request->host = http->host;
	request->user_agent = http->user_agent;
	request->traceparent = http->traceparent;
	request->tracestate = http->tracestate;
	request->minor = http->minor;
}

/* What came with the first request: others, whose replies are records of their own. */
static int others_wait(struct exchanges *x, const struct record *record, size_t at)
{
	struct http_request http;
	struct request request;
	struct link *link;
	size_t size;
	int err;

	for (unsigned int i = 1; at < record->bytes.length; i++) {
		err = http_request__read(&http, record->bytes.bytes + at,
					 record->bytes.length - at);
		if (err && err != -EAGAIN)
			return 0;	/* the rest of a body that was longer than it said */
		link = exchanges__link(x, record->exchange);
		if (!link)
			return -ENOMEM;
		fill(&request, record, &http);
		request.id += i < IDS ? i : IDS - 1;
		request.sequence += at;
		size = http_request__size(&http, record->bytes.bytes + at,
					  record->bytes.length - at);
		request.request_bytes = size ? size : record->bytes.length - at;
		err = exchanges__wait(x, link, &request);
		if (err || !size)
			return err;
		at += size;
	}
	return 0;
}

/* Unless it is told once more, with the same others behind it. */
static int others(struct exchanges *x, const struct record *record, size_t size)
{
	/* after an upgrade comes something else */
	if (!size || size >= record->bytes.length ||
	    record->exchange->flags & PPBPF_EXCHANGE_SO_FAR || record->exchange->status == 101)
		return 0;
	return others_wait(x, record, size);
}

int exchange_http_others(struct exchanges *x, const struct record *record)
{
	struct http_request http;

	if (http_request__read(&http, record->bytes.bytes, record->bytes.length))
		return 0;
	return others(x, record,
		      http_request__size(&http, record->bytes.bytes, record->bytes.length));
}

int exchange_http(struct exchanges *x, const struct record *record)
{
	uint32_t flags = record->exchange->flags;
	struct link *link = x->newest ? exchanges__find(x, record->exchange) : NULL;
	struct http_request http;
	struct request request;
	size_t size;
	int err;

	if (flags & PPBPF_EXCHANGE_NO_REQUEST)
		return reply_to_waiting(x, link, record);
	err = http_request__read(&http, record->bytes.bytes, record->bytes.length);
	if (err && err != -EAGAIN && !record_is_headless(record)) {
		x->counts[EXCHANGE_NOT_UNDERSTOOD]++;
		return 0;
	}
	fill(&request, record, &http);
	x->counts[EXCHANGE_CUT_HEADS] += request.cut;
	size = http_request__size(&http, record->bytes.bytes, record->bytes.length);
	if (size && size < record->bytes.length)
		request.request_bytes = size;	/* of several that came at once */
	if ((flags & PPBPF_EXCHANGE_PART) || (link && link->first)) {
		link = exchanges__link(x, record->exchange);
		err = link ? exchanges__wait(x, link, &request) : -ENOMEM;
		if (!err && !(flags & PPBPF_EXCHANGE_PART))
			err = reply_to_waiting(x, link, record);
	} else {
		err = exchanges__deliver(x, &request);
	}
	return err ? err : others(x, record, size);
}
