// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include <errno.h>
#include <stdlib.h>

#include "base/units.h"
#include "model/exchange_link.h"
#include "model/http_bytes.h"

#define IDS 16	/* that an exchange has for its requests */
#define STRAY_NS NSEC_PER_SEC	/* between a thread's send and its being seen */

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

/*
 * Where one thread of a client sends and another one waits for replies, the reply may be
 * seen before its own request.
 */
static int keep_stray(struct exchanges *x, const struct ppbpf_exchange *reply)
{
	struct link *link;

	if (reply->role != PPBPF_ROLE_CLIENT)
		return 0;
	link = exchanges__link(x, reply);
	if (!link)
		return -ENOMEM;
	if (link->stray) {
		/* several in a row are to requests that were lost */
		link->stray->first = UINT64_MAX;
		return 0;
	}
	link->stray = malloc(sizeof(*link->stray));
	if (!link->stray)
		return -ENOMEM;
	*link->stray = *reply;
	return 0;
}

/* It is that of the request which is seen next, if that has none; or nobody's. */
static bool take_stray(struct exchanges *x, struct link *link, struct request *request)
{
	struct ppbpf_exchange *stray = link ? link->stray : NULL;
	bool taken;

	if (!stray)
		return false;
	link->stray = NULL;
	taken = !request->first_byte_ns && !link->first && request->start_ns >= stray->first &&
		request->start_ns - stray->first < STRAY_NS;
	if (taken) {
		request_fill_reply(request, stray);
		request->first_byte_ns = request->start_ns;
		x->counts[EXCHANGE_STRAY_REPLIES]--;
	}
	free(stray);
	return taken;
}

static int wait_in_turn(struct exchanges *x, const struct record *record,
			const struct request *request)
{
	struct link *link = exchanges__link(x, record->exchange);
	int err = link ? exchanges__wait(x, link, request) : -ENOMEM;

	if (err || record->exchange->flags & PPBPF_EXCHANGE_PART)
		return err;
	return reply_to_waiting(x, link, record);
}

int exchange_http(struct exchanges *x, const struct record *record)
{
	uint32_t flags = record->exchange->flags;
	struct link *link = x->newest ? exchanges__find(x, record->exchange) : NULL;
	struct http_request http;
	struct request request;
	bool answered;
	size_t size;
	int err;

	if (flags & PPBPF_EXCHANGE_NO_REQUEST) {
		err = link && link->first ? 0 : keep_stray(x, record->exchange);
		return err ? err : reply_to_waiting(x, link, record);
	}
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
	answered = take_stray(x, link, &request);
	if (!answered && (flags & PPBPF_EXCHANGE_PART || (link && link->first)))
		err = wait_in_turn(x, record, &request);
	else
		err = exchanges__deliver(x, &request);
	return err ? err : others(x, record, size);
}
