// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Hostile bytes of HTTP, PostgreSQL and Redis, as the kernel's side sends them on. The
 * input is a list of exchanges on two connections: a header of 8 bytes (protocol,
 * connection, end, and whether the exchange is the one before once more; flags in two
 * bytes, the request's length in two, the reply's head and tail in one each, 16 bytes a
 * unit, how much longer the reply was) and the bytes. Whatever is made of them must point to
 * memory that is there, and a span is made of each.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "model/exchanges.h"
#include "model/http_bytes.h"
#include "model/postgresql_bytes.h"
#include "model/redis_bytes.h"
#include "model/request_span.h"
#include "model/span.h"
#include "model/sql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EXCHANGE_HEADER 8

static volatile unsigned char sink;

static void touch(struct text text)
{
	for (size_t i = 0; i < text.length; i++)
		sink ^= (unsigned char)text.bytes[i];
}

static int on_request(const struct request *r, void *context)
{
	const struct text texts[] = { r->method, r->target, r->host, r->user_agent, r->traceparent,
				      r->tracestate, r->operation, r->statement, r->collection,
				      r->database, r->user, r->error, r->error_message };

	struct span *span = request_spans__make(context, r);

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		touch(texts[i]);
	if (r->end_ns < r->start_ns || !r->comm || !span || span->end_ns < span->start_ns)
		abort();
	touch((struct text){ span->name, strlen(span->name) });
	touch((struct text){ span->attributes.data, span->attributes.length });
	span__free(span);
	return 0;
}

/* What is left of the input, or as much of it as is asked for. */
static size_t take(const uint8_t **data, size_t *size, void *out, size_t length)
{
	if (length > *size)
		length = *size;
	memcpy(out, *data, length);
	*data += length;
	*size -= length;
	return length;
}

static void send_long(struct exchanges *x, const struct ppbpf_exchange *exchange,
		      const char *bytes, size_t length, struct request_spans *spans)
{
	struct ppbpf_long_head *head = calloc(1, sizeof(*head));

	head->kind = PPBPF_EXCHANGE_HEAD;
	head->id = exchange->id;
	head->length = length;
	memcpy(head->bytes, bytes, length);
	exchanges__add(x, head, sizeof(*head) - sizeof(head->bytes) + length, on_request,
		       spans);
	free(head);
}

/* Before its exchange; or before another one's, which it is not for. */
static void send_times(struct exchanges *x, const struct ppbpf_exchange *exchange, bool right,
		       struct request_spans *spans)
{
	struct ppbpf_exchange_times times = { .kind = PPBPF_EXCHANGE_TIMES,
					      .id = exchange->id + !right };

	memset(&times.split, 0x5a, sizeof(times.split));
	exchanges__add(x, &times, sizeof(times), on_request, spans);
}

/* A reply that is whole in its record. */
static size_t shorten(char *record, size_t total, uint32_t length)
{
	const size_t before = sizeof(struct ppbpf_reply);
	struct ppbpf_short_reply *whole = (void *)(record + before);

	whole->kind = PPBPF_EXCHANGE_SHORT;
	whole->length = length;
	memcpy(whole->bytes, ((struct ppbpf_reply *)record)->head, sizeof(whole->bytes));
	memmove(record, record + before, total - before);
	return total - before;
}

static void send_one(struct exchanges *x, const uint8_t **data, size_t *size, uint64_t id,
		     struct request_spans *spans)
{
	struct record {
		struct ppbpf_reply reply;
		struct ppbpf_short_reply whole;
		struct ppbpf_exchange exchange;
		char bytes[PPBPF_HEAD_BYTES];
	} *record = calloc(1, sizeof(*record));
	uint8_t header[EXCHANGE_HEADER];
	size_t length, total;
	void *exact;

	take(data, size, header, EXCHANGE_HEADER);
	record->reply.kind = PPBPF_EXCHANGE_REPLY;
	record->exchange.kind = PPBPF_EXCHANGE;
	record->exchange.id = id;
	record->exchange.protocol = header[0] & 3;
	record->exchange.birth = header[0] >> 7;
	record->exchange.family = header[0] & 4 ? 1 : 2;
	record->exchange.start = id;
	record->exchange.first = header[0] & 8 ? id + 1 : 0;
	record->exchange.last = record->exchange.first;
	record->exchange.role = header[0] >> 6 & 1;
	record->exchange.flags = header[1] | (header[2] & 0x3f) << 8;
	length = take(data, size, record->bytes, (header[3] | header[4] << 8) % PPBPF_HEAD_BYTES);
	record->reply.head_length =
		take(data, size, record->reply.head, header[5] * 16 % (PPBPF_REPLY_HEAD + 1));
	record->reply.tail_length =
		take(data, size, record->reply.tail, header[6] * 16 % (PPBPF_REPLY_TAIL + 1));
	record->exchange.reply_bytes = record->reply.head_length + header[7] * 16;
	if (record->exchange.flags & PPBPF_EXCHANGE_LONG) {
		/* or it was lost, or came with an earlier record */
		if (!(header[0] & 0x20))
			send_long(x, &record->exchange, record->bytes, length, spans);
		length = 0;
	}
	record->exchange.request_length = length;
	if (record->exchange.flags & PPBPF_EXCHANGE_SPLIT)
		send_times(x, &record->exchange, header[2] & 0x40, spans);
	total = offsetof(struct record, bytes) + length;
	if (header[2] & 0x80)
		total = shorten((char *)record, total, header[5]);
	/* not a byte more than there is, so that reading beyond is seen */
	exact = malloc(total);
	memcpy(exact, record, total);
	exchanges__add(x, exact, total, on_request, spans);
	free(exact);
	free(record);
}

static void read_bare(const uint8_t *data, size_t size)
{
	char *bytes = malloc(size ? size : 1);
	struct http_request http;
	struct redis_command command;
	struct redis_reply reply;
	struct text code, message;
	struct buf text = BUF_INIT;

	memcpy(bytes, data, size);
	if (!http_request__read(&http, bytes, size))
		touch((struct text){ bytes, http.head });
	if (!redis_command__read(&command, bytes, size))
		touch(command.name);
	if (!redis_reply__read(&reply, bytes, size))
		touch(reply.message);
	if (size < 512 && postgresql_error__find(bytes, size, &code, &message))
		touch(message);
	sql_redact(&text, (struct text){ bytes, size });
	if (text.length > SQL_SHOWN)
		abort();
	touch(sql_operation((struct text){ text.data, text.length }));
	touch(sql_collection((struct text){ text.data, text.length }));
	buf__free(&text);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct request_spans_config config = { .service = "fuzz", .queries = true };
	struct request_spans *spans = request_spans__new(&config);
	struct exchanges *x = exchanges__new();
	uint64_t id = 0;

	read_bare(data, size);
	while (size >= EXCHANGE_HEADER) {
		if (!id || !(data[0] & 0x10))
			id += 16;
		send_one(x, &data, &size, id, spans);
	}
	exchanges__expire(x, UINT64_MAX, true, on_request, spans);
	exchanges__free(x);
	request_spans__free(spans);
	return 0;
}
