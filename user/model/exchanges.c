// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/exchanges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "base/units.h"
#include "model/exchange_link.h"

#define LINKS_MAX 16384
#define WAITING_MAX 4096	/* of one connection */
#define SILENCE_NS (2 * NSEC_PER_SEC)
#define REDIS_SILENCE_NS (300 * NSEC_PER_MSEC)	/* it sends a reply at one go */
#define FINAL_FLAGS (PPBPF_EXCHANGE_COMPLETE | PPBPF_EXCHANGE_CLOSED | PPBPF_EXCHANGE_UNFINISHED)

struct exchanges *exchanges__new(void)
{
	struct exchanges *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->links = hash__new();
	if (!x->links) {
		free(x);
		return NULL;
	}
	return x;
}

void exchanges__free(struct exchanges *x)
{
	if (!x)
		return;
	while (x->oldest)
		exchanges__drop(x, x->oldest);
	hash__free(x->links);
	buf__free(&x->text);
	free(x);
}

uint64_t exchanges__count(const struct exchanges *x, enum exchange_count which)
{
	return x->counts[which];
}

/* --- what is kept of a connection -------------------------------------------------------- */

static void unlink_link(struct exchanges *x, struct link *link)
{
	*(link->newer ? &link->newer->older : &x->newest) = link->older;
	*(link->older ? &link->older->newer : &x->oldest) = link->newer;
}

static void make_newest(struct exchanges *x, struct link *link)
{
	link->newer = NULL;
	link->older = x->newest;
	*(x->newest ? &x->newest->newer : &x->oldest) = link;
	x->newest = link;
}

struct link *exchanges__find(struct exchanges *x, const struct ppbpf_exchange *exchange)
{
	struct link *link = hash__get(x->links, exchange->socket, exchange->birth);

	if (link && link->newer) {
		unlink_link(x, link);
		make_newest(x, link);
	}
	return link;
}

struct link *exchanges__link(struct exchanges *x, const struct ppbpf_exchange *exchange)
{
	struct link *link = exchanges__find(x, exchange);

	if (link)
		return link;
	if (hash__count(x->links) >= LINKS_MAX)
		exchanges__drop(x, x->oldest);
	link = calloc(1, sizeof(*link));
	if (!link)
		return NULL;
	link->socket = exchange->socket;
	link->birth = exchange->birth;
	if (hash__set(x->links, link->socket, link->birth, link)) {
		free(link);
		return NULL;
	}
	make_newest(x, link);
	return link;
}

void exchanges__drop(struct exchanges *x, struct link *link)
{
	struct prepared *prepared;
	struct waiting *waiting;

	x->counts[EXCHANGE_FORGOTTEN] += link->waiting + (link->held ? 1 : 0);
	hash__remove(x->links, link->socket, link->birth);
	unlink_link(x, link);
	while ((waiting = link__next(link)))
		free(waiting);
	while ((prepared = link->prepared)) {
		link->prepared = prepared->next;
		free(prepared->name);
		free(prepared->statement);
		free(prepared);
	}
	free(link->held);
	free(link->head);
	free(link->stray);
	free(link->database);
	free(link->user);
	free(link);
}

void exchanges__drop_empty(struct exchanges *x, struct link *link)
{
	if (link && !link->first && !link->held && !link->held_id && !link->head &&
	    !link->stray && !link->prepared && !link->database)
		exchanges__drop(x, link);
}

/* --- requests that wait ------------------------------------------------------------------ */

static struct text copy_text(char **at, struct text text)
{
	struct text copy = { text.bytes ? *at : NULL, text.length };

	if (text.length)
		memcpy(*at, text.bytes, text.length);
	*at += text.length;
	return copy;
}

/* All that a request points to. */
static struct text *const *texts_of(struct request *r, struct text *out[14])
{
	struct text *all[] = { &r->method, &r->target, &r->host, &r->user_agent, &r->traceparent,
			       &r->tracestate, &r->operation, &r->statement, &r->collection,
			       &r->database, &r->user, &r->error, &r->error_message, NULL };

	memcpy(out, all, sizeof(all));
	return out;
}

static struct waiting *waiting_new(const struct request *request)
{
	struct request copy = *request;
	struct text *texts[14];
	struct waiting *waiting;
	size_t size = 0;
	char *at;

	texts_of(&copy, texts);
	for (size_t i = 0; texts[i]; i++)
		size += texts[i]->length;
	waiting = malloc(sizeof(*waiting) + size);
	if (!waiting)
		return NULL;
	at = waiting->bytes;
	for (size_t i = 0; texts[i]; i++)
		*texts[i] = copy_text(&at, *texts[i]);
	waiting->next = NULL;
	waiting->request = copy;
	memcpy(waiting->comm, request->comm, sizeof(waiting->comm));
	waiting->request.comm = waiting->comm;
	return waiting;
}

int exchanges__wait(struct exchanges *x, struct link *link, const struct request *request)
{
	struct waiting *waiting;

	if (link->waiting >= WAITING_MAX) {
		x->counts[EXCHANGE_FORGOTTEN]++;
		return 0;
	}
	waiting = waiting_new(request);
	if (!waiting)
		return -ENOMEM;
	/* what its record tells of a reply is of another one's */
	waiting->request.split_known = false;
	waiting->request.status = 0;
	waiting->request.first_byte_ns = 0;
	waiting->request.end_ns = waiting->request.start_ns;
	waiting->request.reply_bytes = 0;
	*(link->last ? &link->last->next : &link->first) = waiting;
	link->last = waiting;
	link->waiting++;
	return 0;
}

struct waiting *link__next(struct link *link)
{
	struct waiting *waiting = link->first;

	if (!waiting)
		return NULL;
	link->first = waiting->next;
	if (!link->first)
		link->last = NULL;
	link->waiting--;
	return waiting;
}

/* --- what every protocol's record tells ---------------------------------------------------- */

void request_fill_reply(struct request *request, const struct ppbpf_exchange *exchange)
{
	request->first_byte_ns = exchange->first;
	request->end_ns = exchange->last > request->start_ns ? exchange->last : request->start_ns;
	request->reply_bytes = exchange->reply_bytes;
	request->reply_thread = exchange->reply_thread;
	request->status = exchange->status >= 100 && exchange->status <= 999 ? exchange->status : 0;
	if (exchange->flags & PPBPF_EXCHANGE_UNFINISHED)
		request->end = REQUEST_UNFINISHED;
	else if (exchange->flags & PPBPF_EXCHANGE_CLOSED && !exchange->first)
		request->end = REQUEST_CLOSED;
	else
		request->end = REQUEST_COMPLETE;
}

static void fill_split(struct request *request, const struct record *record)
{
	const struct ppbpf_exchange *exchange = record->exchange;
	uint64_t life = exchange->last > exchange->start ? exchange->last - exchange->start : 0;

	request->split_known = true;
	if (record->split)
		request->split = *record->split;
	else if (exchange->flags & PPBPF_EXCHANGE_ON_CPU)
		request->split = (struct ppbpf_split){ .life = life, .on_cpu = life };
	else
		request->split_known = false;
}

void request_fill(struct request *request, const struct record *record)
{
	const struct ppbpf_exchange *exchange = record->exchange;

	*request = (struct request){
		.protocol = exchange->protocol,
		.role = exchange->role,
		.tls = exchange->flags & PPBPF_EXCHANGE_TLS,
		.id = exchange->id,
		.within = exchange->within,
		.by_thread = exchange->flags & PPBPF_EXCHANGE_BY_THREAD,
		.connection = exchange->socket,
		.peer_connection = exchange->peer_socket,
		.netns = exchange->netns,
		.family = exchange->family,
		.local = { .port = exchange->local_port },
		.peer = { .port = exchange->peer_port },
		.sequenced = exchange->flags & PPBPF_EXCHANGE_SEQUENCED,
		.sequence = exchange->sequence,
		.start_ns = exchange->start,
		.request_bytes = exchange->request_bytes,
		.pid = exchange->pid,
		.thread = exchange->thread,
		.process_start_ns = exchange->process_start,
		.comm = exchange->comm,
	};
	fill_split(request, record);
	memcpy(request->local.bytes, exchange->local, sizeof(request->local.bytes));
	memcpy(request->peer.bytes, exchange->peer, sizeof(request->peer.bytes));
	request_fill_reply(request, exchange);
}

int exchanges__deliver(struct exchanges *x, const struct request *request)
{
	return x->on_request(request, x->context);
}

/* --- HTTP and the rest --------------------------------------------------------------------- */

static int deliver_held(struct exchanges *x, struct link *link)
{
	struct waiting *held = link->held;
	int err;

	link->held = NULL;
	if (!held)
		return 0;
	err = exchanges__deliver(x, &held->request);
	free(held);
	return err;
}

bool record_is_headless(const struct record *record)
{
	return record->exchange->flags & PPBPF_EXCHANGE_LONG && !record->bytes.length;
}

static int by_protocol(struct exchanges *x, const struct record *record)
{
	if (record_is_headless(record) && record->exchange->protocol != PPBPF_PROTOCOL_HTTP) {
		x->counts[EXCHANGE_NOT_UNDERSTOOD]++;
		return 0;
	}
	switch (record->exchange->protocol) {
	case PPBPF_PROTOCOL_HTTP:
		return exchange_http(x, record);
	case PPBPF_PROTOCOL_REDIS:
		return exchange_redis(x, record);
	case PPBPF_PROTOCOL_POSTGRESQL:
		return exchange_postgresql(x, record);
	default:
		x->counts[EXCHANGE_NOT_UNDERSTOOD]++;
		return 0;
	}
}

static int keep_request(const struct request *request, void *context)
{
	struct waiting **kept = context;

	free(*kept);
	*kept = waiting_new(request);
	return *kept ? 0 : -ENOMEM;
}

static bool is_redis(const struct record *record)
{
	return record->exchange->protocol == PPBPF_PROTOCOL_REDIS;
}

/* The kernel's side sends a long head once: the records to come of the exchange need it. */
static int keep_long(struct link *link, const struct record *record)
{
	const struct ppbpf_exchange *exchange = record->exchange;
	char *head;

	if (!(exchange->flags & PPBPF_EXCHANGE_LONG) || !record->bytes.length ||
	    (link->head && link->head_id == exchange->id))
		return 0;
	head = malloc(record->bytes.length);
	if (!head)
		return -ENOMEM;
	memcpy(head, record->bytes.bytes, record->bytes.length);
	free(link->head);
	link->head = head;
	link->head_length = record->bytes.length;
	link->head_id = exchange->id;
	return 0;
}

static void forget_long(struct link *link)
{
	free(link->head);
	link->head = NULL;
}

/* What is held is a request before: this exchange's own has taken its place among the waiting. */
static bool replies_to_another(const struct link *link, const struct record *record)
{
	return record->exchange->protocol == PPBPF_PROTOCOL_HTTP && link->held &&
	       link->held_id == record->exchange->id &&
	       link->held->request.id != record->exchange->id;
}

/* What may come again is kept until it does, or the next exchange, or silence. */
static int hold(struct exchanges *x, struct link *link, const struct record *record)
{
	request_fn on_request = x->on_request;
	struct waiting *kept = NULL;
	void *context = x->context;
	int err;

	if (link->held_id == record->exchange->id && !link->held)
		return 0;	/* handed on already, after a long silence */
	err = keep_long(link, record);
	if (err)
		return err;
	link->held_since = record->exchange->last;
	if (replies_to_another(link, record)) {
		request_fill_reply(&link->held->request, record->exchange);
		return 0;
	}
	if (is_redis(record) && !exchange_redis_is_simple(x, record))
		return 0;	/* replies to several commands are counted once, at their end */
	x->on_request = keep_request;
	x->context = &kept;
	err = by_protocol(x, record);
	x->on_request = on_request;
	x->context = context;
	/* a link that nothing is kept of is gone */
	link = exchanges__link(x, record->exchange);
	if (!link) {
		free(kept);
		return -ENOMEM;
	}
	free(link->held);
	link->held = kept;
	link->held_id = record->exchange->id;
	link->held_since = record->exchange->last;
	link->silence = is_redis(record) ? REDIS_SILENCE_NS : SILENCE_NS;
	if (!err && is_redis(record) && exchange_redis_is_whole(record))
		err = deliver_held(x, link);
	return err;
}

/* The last record of an exchange whose connection is known, which may be no more afterwards. */
static int end_held(struct exchanges *x, struct link *link, const struct record *record)
{
	char *head = link->head;	/* the record's bytes may lie in it */
	int err;

	link->head = NULL;
	if (replies_to_another(link, record)) {
		request_fill_reply(&link->held->request, record->exchange);
		link->held_id = 0;
		err = deliver_held(x, link);
		if (!err)
			err = exchange_http_others(x, record);
	} else {
		free(link->held);
		link->held = NULL;
		link->held_id = 0;
		err = by_protocol(x, record);
	}
	free(head);
	return err;
}

static int add(struct exchanges *x, const struct record *record)
{
	const struct ppbpf_exchange *exchange = record->exchange;
	bool so_far = exchange->flags & PPBPF_EXCHANGE_SO_FAR;
	struct link *link = NULL;
	int err = 0;

	if (so_far)
		link = exchanges__link(x, exchange);
	else if (x->newest && (exchange->family == AF_UNIX || is_redis(record)))
		link = exchanges__find(x, exchange);
	if (so_far && !link)
		return -ENOMEM;
	if (!link)
		return by_protocol(x, record);
	if (link->held_id != exchange->id)
		err = deliver_held(x, link);
	if (err)
		return err;
	if (link->head_id != exchange->id)
		forget_long(link);
	if (so_far && !(exchange->flags & FINAL_FLAGS))
		return hold(x, link, record);
	if (link->held_id == exchange->id && !link->held)
		return 0;
	if (exchange->flags & PPBPF_EXCHANGE_UNFINISHED && link->held && is_redis(record))
		return deliver_held(x, link);
	return end_held(x, link, record);
}

/* The reply before the exchange; the bytes that it takes up, or -EINVAL. */
static int read_reply(struct record *out, const char *data, size_t size)
{
	const struct ppbpf_short_reply *whole = (const void *)data;
	const struct ppbpf_reply *reply = (const void *)data;

	if (size >= sizeof(*whole) && whole->kind == PPBPF_EXCHANGE_SHORT &&
	    whole->length <= sizeof(whole->bytes)) {
		out->reply = (struct text){ (const char *)whole->bytes, whole->length };
		return sizeof(*whole);
	}
	if (size >= sizeof(*reply) + sizeof(*whole) && reply->kind == PPBPF_EXCHANGE_REPLY &&
	    reply->head_length <= sizeof(reply->head) &&
	    reply->tail_length <= sizeof(reply->tail)) {
		out->reply = (struct text){ (const char *)reply->head, reply->head_length };
		out->reply_end = (struct text){ (const char *)reply->tail, reply->tail_length };
		return sizeof(*reply) + sizeof(*whole);
	}
	return -EINVAL;
}

/* From the record before, or from what is held of the same exchange; it may have been lost. */
static struct text long_bytes(struct exchanges *x, const struct ppbpf_exchange *exchange)
{
	const struct ppbpf_long_head *head = &x->heads[before_slot(exchange->id)];
	struct link *link;

	if (head->id == exchange->id)
		return (struct text){ (const char *)head->bytes, head->length };
	link = exchanges__find(x, exchange);
	if (link && link->head && link->head_id == exchange->id)
		return (struct text){ link->head, link->head_length };
	return (struct text){ "", 0 };
}

static bool read_record(struct exchanges *x, struct record *out, const char *data, size_t size)
{
	const struct ppbpf_exchange_times *times;
	const struct ppbpf_exchange *exchange;
	uint32_t kind;
	int length = 0;

	*out = (struct record){ 0 };
	memcpy(&kind, data, sizeof(kind));
	if (kind != PPBPF_EXCHANGE)
		length = read_reply(out, data, size);
	if (length < 0)
		return false;
	data += length;
	size -= length;
	exchange = (const void *)data;
	if (size < sizeof(*exchange) || exchange->kind != PPBPF_EXCHANGE)
		return false;
	out->exchange = exchange;
	times = &x->times[before_slot(exchange->id)];
	if (exchange->flags & PPBPF_EXCHANGE_SPLIT && times->id == exchange->id)
		out->split = &times->split;
	if (exchange->flags & PPBPF_EXCHANGE_LONG) {
		out->bytes = long_bytes(x, exchange);
		return true;
	}
	if (exchange->request_length > size - sizeof(*exchange))
		return false;
	out->bytes = (struct text){ data + sizeof(*exchange), exchange->request_length };
	return true;
}

static void keep_head(struct exchanges *x, const struct ppbpf_long_head *head, size_t size)
{
	struct ppbpf_long_head *kept;

	if (size < sizeof(*head) - sizeof(head->bytes) || head->length > sizeof(head->bytes) ||
	    head->length > size - (sizeof(*head) - sizeof(head->bytes)))
		return;
	kept = &x->heads[before_slot(head->id)];
	memcpy(kept, head, sizeof(*head) - sizeof(head->bytes));
	memcpy(kept->bytes, head->bytes, head->length);
}

static void keep_times(struct exchanges *x, const struct ppbpf_exchange_times *times)
{
	x->times[before_slot(times->id)] = *times;
}

int exchanges__add(struct exchanges *x, const void *data, size_t size, request_fn on_request,
		   void *context)
{
	struct record record;
	uint32_t kind;

	if (size < sizeof(kind))
		return 0;
	memcpy(&kind, data, sizeof(kind));
	if (kind == PPBPF_EXCHANGE_HEAD) {
		keep_head(x, data, size);
		return 0;
	}
	if (kind == PPBPF_EXCHANGE_TIMES && size >= sizeof(x->times[0])) {
		keep_times(x, data);
		return 0;
	}
	if (!read_record(x, &record, data, size)) {
		x->counts[EXCHANGE_NOT_UNDERSTOOD]++;
		return 0;
	}
	x->on_request = on_request;
	x->context = context;
	buf__truncate(&x->text, 0);
	return add(x, &record);
}

static int expire_link(struct exchanges *x, struct link *link, uint64_t now, bool all)
{
	struct waiting *waiting;
	int err = 0;

	if (link->held && (all || now > link->held_since + link->silence)) {
		err = deliver_held(x, link);
		forget_long(link);
	}
	while (all && !err && (waiting = link__next(link))) {
		waiting->request.end = REQUEST_UNFINISHED;
		err = exchanges__deliver(x, &waiting->request);
		free(waiting);
	}
	return err;
}

int exchanges__expire(struct exchanges *x, uint64_t now, bool all, request_fn on_request,
		      void *context)
{
	int err = 0;

	x->on_request = on_request;
	x->context = context;
	for (struct link *link = x->oldest; link && !err; link = link->newer)
		err = expire_link(x, link, now, all);
	return err;
}
