// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "model/exchanges.h"
#include "model/http_bytes.h"
#include "model/redis_bytes.h"
#include "model/sql.h"

/* --- what a record is made of ------------------------------------------------------------- */

struct sent {
	struct ppbpf_reply reply;
	struct ppbpf_short_reply whole;
	struct ppbpf_exchange exchange;
	char bytes[PPBPF_REQUEST_BYTES];
};

#define SEEN_MAX 16

/* Requests as text, one each: what came of a record. */
struct seen {
	struct exchanges *x;
	char lines[SEEN_MAX][256];
	size_t count;
	uint64_t next_id;
	uint32_t next_flags;
	uint16_t status;
	int family;
	enum ppbpf_role role;
	uint64_t reply_bytes;	/* 0: those that are given */
};

static int print(const struct request *r, void *context)
{
	static const char *const ends[] = { "", " closed", " unfinished" };
	struct seen *seen = context;
	char *line = seen->lines[seen->count++ % SEEN_MAX];

#define T(text) (int)(text).length, (text).bytes ? (text).bytes : ""
	if (r->protocol == PPBPF_PROTOCOL_HTTP)
		snprintf(line, 256, "%.*s %.*s %u%s%s", T(r->method), T(r->target), r->status,
			 r->cut ? " cut" : "", ends[r->end]);
	else
		snprintf(line, 256, "%.*s|%.*s|%.*s|%.*s|%.*s%s", T(r->operation), T(r->collection),
			 T(r->statement), T(r->database), T(r->error), ends[r->end]);
#undef T
	return 0;
}

static void send_bytes(struct seen *seen, enum ppbpf_protocol protocol, const char *request,
		       size_t request_length, const char *reply, size_t reply_length)
{
	struct sent *sent = calloc(1, sizeof(*sent));
	size_t tail = reply_length < PPBPF_REPLY_TAIL ? reply_length : PPBPF_REPLY_TAIL;

	seen->next_id += 16;
	sent->reply.kind = PPBPF_EXCHANGE_REPLY;
	sent->reply.head_length = reply_length < PPBPF_REPLY_HEAD ? reply_length : PPBPF_REPLY_HEAD;
	sent->reply.tail_length = tail;
	memcpy(sent->reply.head, reply, sent->reply.head_length);
	memcpy(sent->reply.tail, reply + reply_length - tail, tail);
	sent->exchange.kind = PPBPF_EXCHANGE;
	sent->exchange.protocol = protocol;
	sent->exchange.flags = seen->next_flags;
	sent->exchange.id = seen->next_id;
	sent->exchange.family = seen->family ? seen->family : AF_INET;
	sent->exchange.start = 1000 * seen->next_id;
	sent->exchange.first = sent->exchange.last = sent->exchange.start + 500;
	if (seen->next_flags & PPBPF_EXCHANGE_PART)
		sent->exchange.first = sent->exchange.last = 0;
	sent->exchange.role = seen->role;
	sent->exchange.status = seen->status;
	sent->exchange.reply_bytes = seen->reply_bytes ? seen->reply_bytes : reply_length;
	sent->exchange.request_length = request_length;
	memcpy(sent->bytes, request, request_length);
	assert_int_equal(exchanges__add(seen->x, sent,
					sizeof(*sent) - sizeof(sent->bytes) + request_length,
					print, seen),
			 0);
	free(sent);
	seen->next_flags = 0;
	seen->reply_bytes = 0;
}

static void tell(struct seen *seen, enum ppbpf_protocol protocol, const char *request,
		 const char *reply)
{
	send_bytes(seen, protocol, request, strlen(request), reply, strlen(reply));
}

static struct seen begin(void)
{
	struct seen seen = { .x = exchanges__new(), .status = 200 };

	assert_non_null(seen.x);
	return seen;
}

static void expect(struct seen *seen, const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count && i < seen->count; i++)
		assert_string_equal(seen->lines[i], lines[i]);
	assert_int_equal(seen->count, count);
	seen->count = 0;
}

#define EXPECT(seen, ...) \
	expect(seen, (const char *const[]){ __VA_ARGS__ }, \
	       LENGTH(((const char *[]){ __VA_ARGS__ })))

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

/* --- HTTP ----------------------------------------------------------------------------------- */

static void a_request_is_one(void **state)
{
	struct seen seen = begin();

	(void)state;
	tell(&seen, PPBPF_PROTOCOL_HTTP, GET("/a?b=c"), "");
	EXPECT(&seen, "GET /a?b=c 200");
	tell(&seen, PPBPF_PROTOCOL_HTTP, "POST /p HTTP/1.0\r\nContent-Length: 3\r\n\r\nGET", "");
	EXPECT(&seen, "POST /p 200");
	tell(&seen, PPBPF_PROTOCOL_HTTP, "GET /long HTTP/1.1\r\nCookie: aaaa", "");
	EXPECT(&seen, "GET /long 200 cut");
	tell(&seen, PPBPF_PROTOCOL_HTTP, "OPTIONS sip:a SIP/2.0\r\n\r\n", "");
	assert_int_equal(seen.count, 0);
	assert_int_equal(exchanges__count(seen.x, EXCHANGE_NOT_UNDERSTOOD), 1);
	assert_int_equal(exchanges__count(seen.x, EXCHANGE_CUT_HEADS), 1);
	exchanges__free(seen.x);
}

static void requests_that_come_together_wait_for_their_replies(void **state)
{
	struct seen seen = begin();

	(void)state;
	tell(&seen, PPBPF_PROTOCOL_HTTP,
	     GET("/1") "POST /2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
	     GET("/3"), "");
	EXPECT(&seen, "GET /1 200");
	seen.next_flags = PPBPF_EXCHANGE_NO_REQUEST;
	seen.status = 201;
	tell(&seen, PPBPF_PROTOCOL_HTTP, "", "");
	EXPECT(&seen, "POST /2 201");
	seen.next_flags = PPBPF_EXCHANGE_PART;
	tell(&seen, PPBPF_PROTOCOL_HTTP, GET("/4"), "");
	assert_int_equal(seen.count, 0);
	seen.status = 404;
	tell(&seen, PPBPF_PROTOCOL_HTTP, GET("/5"), "");
	EXPECT(&seen, "GET /3 404");
	assert_int_equal(exchanges__expire(seen.x, 0, true, print, &seen), 0);
	EXPECT(&seen, "GET /4 0 unfinished", "GET /5 0 unfinished");
	exchanges__free(seen.x);
}

static void stray_reply(struct seen *seen)
{
	seen->next_flags = PPBPF_EXCHANGE_NO_REQUEST;
	seen->status = 201;
	tell(seen, PPBPF_PROTOCOL_HTTP, "", "");
	seen->status = 200;
}

/* Each other request gets its own reply then, and not that of the one before. */
static void a_reply_that_is_seen_first_is_the_next_request_s(void **state)
{
	struct seen seen = begin();

	(void)state;
	seen.role = PPBPF_ROLE_CLIENT;
	stray_reply(&seen);
	seen.next_flags = PPBPF_EXCHANGE_PART;
	tell(&seen, PPBPF_PROTOCOL_HTTP, GET("/1"), "");
	EXPECT(&seen, "GET /1 201");
	assert_int_equal(exchanges__count(seen.x, EXCHANGE_STRAY_REPLIES), 0);
	tell(&seen, PPBPF_PROTOCOL_HTTP, GET("/2"), "");
	EXPECT(&seen, "GET /2 200");
	/* the next one has a reply, or comes long after: it was nobody's */
	stray_reply(&seen);
	tell(&seen, PPBPF_PROTOCOL_HTTP, GET("/3"), "");
	EXPECT(&seen, "GET /3 200");
	seen.next_flags = PPBPF_EXCHANGE_PART;
	tell(&seen, PPBPF_PROTOCOL_HTTP, GET("/4"), "");
	assert_int_equal(seen.count, 0);
	stray_reply(&seen);
	EXPECT(&seen, "GET /4 201");
	stray_reply(&seen);
	seen.next_id += 16000000;
	seen.next_flags = PPBPF_EXCHANGE_PART;
	tell(&seen, PPBPF_PROTOCOL_HTTP, GET("/5"), "");
	assert_int_equal(seen.count, 0);
	stray_reply(&seen);
	EXPECT(&seen, "GET /5 201");
	assert_int_equal(exchanges__count(seen.x, EXCHANGE_STRAY_REPLIES), 2);
	/* several are to requests that were lost */
	stray_reply(&seen);
	stray_reply(&seen);
	seen.next_flags = PPBPF_EXCHANGE_PART;
	tell(&seen, PPBPF_PROTOCOL_HTTP, GET("/5"), "");
	assert_int_equal(seen.count, 0);
	stray_reply(&seen);
	EXPECT(&seen, "GET /5 201");
	assert_int_equal(exchanges__count(seen.x, EXCHANGE_STRAY_REPLIES), 4);
	/* a server has read a request before it replies */
	seen.role = PPBPF_ROLE_SERVER;
	stray_reply(&seen);
	seen.next_flags = PPBPF_EXCHANGE_PART;
	tell(&seen, PPBPF_PROTOCOL_HTTP, GET("/6"), "");
	assert_int_equal(seen.count, 0);
	assert_int_equal(exchanges__count(seen.x, EXCHANGE_STRAY_REPLIES), 5);
	exchanges__free(seen.x);
}

static void what_may_go_on_is_held(void **state)
{
	struct seen seen = begin();

	(void)state;
	seen.family = AF_UNIX;
	seen.next_flags = PPBPF_EXCHANGE_SO_FAR;
	tell(&seen, PPBPF_PROTOCOL_HTTP, GET("/u"), "");
	assert_int_equal(seen.count, 0);
	/* the same again, to its end */
	seen.next_id -= 16;
	seen.next_flags = PPBPF_EXCHANGE_SO_FAR | PPBPF_EXCHANGE_COMPLETE;
	tell(&seen, PPBPF_PROTOCOL_HTTP, GET("/u"), "");
	EXPECT(&seen, "GET /u 200");
	seen.next_flags = PPBPF_EXCHANGE_SO_FAR;
	tell(&seen, PPBPF_PROTOCOL_HTTP, GET("/v"), "");
	exchanges__expire(seen.x, 1000 * seen.next_id + 1000, false, print, &seen);
	assert_int_equal(seen.count, 0);
	exchanges__expire(seen.x, 10000000000ULL, false, print, &seen);
	EXPECT(&seen, "GET /v 200");
	exchanges__free(seen.x);
}

static void send_head(struct seen *seen, uint64_t id, const char *bytes)
{
	struct ppbpf_long_head *head = calloc(1, sizeof(*head));

	head->kind = PPBPF_EXCHANGE_HEAD;
	head->id = id;
	head->length = strlen(bytes);
	memcpy(head->bytes, bytes, head->length);
	assert_int_equal(exchanges__add(seen->x, head, sizeof(*head) - sizeof(head->bytes) +
					head->length, print, seen), 0);
	free(head);
}

/* An exchange whose head came before, if it did. */
static void tell_long(struct seen *seen, enum ppbpf_protocol protocol, uint64_t id,
		      uint32_t flags)
{
	seen->next_id = id - 16;
	seen->next_flags = PPBPF_EXCHANGE_LONG | flags;
	tell(seen, protocol, "", "");
}

static void long_heads_of_several_cpus_come_between(void **state)
{
	struct seen seen = begin();

	(void)state;
	send_head(&seen, 16, GET("/first"));
	send_head(&seen, 32, GET("/second"));
	tell_long(&seen, PPBPF_PROTOCOL_HTTP, 16, 0);
	tell_long(&seen, PPBPF_PROTOCOL_HTTP, 32, 0);
	EXPECT(&seen, "GET /first 200", "GET /second 200");
	/* one that was lost: the request is told of all the same */
	tell_long(&seen, PPBPF_PROTOCOL_HTTP, 48, 0);
	EXPECT(&seen, "  200 cut");
	assert_int_equal(exchanges__count(seen.x, EXCHANGE_CUT_HEADS), 1);
	tell_long(&seen, PPBPF_PROTOCOL_POSTGRESQL, 64, 0);
	tell_long(&seen, PPBPF_PROTOCOL_REDIS, 80, 0);
	assert_int_equal(seen.count, 0);
	assert_int_equal(exchanges__count(seen.x, EXCHANGE_NOT_UNDERSTOOD), 2);
	exchanges__free(seen.x);
}

/* On UNIX sockets it is sent once, with the first of an exchange's records. */
static void a_long_head_is_for_all_records_of_its_exchange(void **state)
{
	static const struct {
		enum ppbpf_protocol protocol;
		const char *head, *expected[2];
	} cases[] = {
		{ PPBPF_PROTOCOL_HTTP, GET("/long"), { "GET /long 200" } },
		{ PPBPF_PROTOCOL_REDIS, "*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n",
		  { "PING||PING||", "GET||GET ?||" } },
	};
	struct seen seen = begin();

	(void)state;
	seen.family = AF_UNIX;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint64_t id = 16 * (i + 1);

		send_head(&seen, id, cases[i].head);
		tell_long(&seen, cases[i].protocol, id, PPBPF_EXCHANGE_SO_FAR);
		/* others, of other connections, as long as it takes */
		for (uint64_t other = 1; other <= 256; other++)
			send_head(&seen, id + 16 * other, GET("/other"));
		tell_long(&seen, cases[i].protocol, id, PPBPF_EXCHANGE_SO_FAR);
		assert_int_equal(seen.count, 0);
		seen.reply_bytes = 14;
		tell_long(&seen, cases[i].protocol, id, PPBPF_EXCHANGE_COMPLETE);
		expect(&seen, cases[i].expected, cases[i].expected[1] ? 2 : 1);
	}
	assert_int_equal(exchanges__count(seen.x, EXCHANGE_NOT_UNDERSTOOD), 0);
	assert_int_equal(exchanges__count(seen.x, EXCHANGE_CUT_HEADS), 0);
	exchanges__free(seen.x);
}

static void replies_in_pieces_are_one_request_s_each(void **state)
{
	struct seen seen = begin();

	(void)state;
	seen.family = AF_UNIX;
	tell(&seen, PPBPF_PROTOCOL_HTTP, GET("/1") GET("/2") GET("/3"), "");
	EXPECT(&seen, "GET /1 200");
	for (int piece = 0; piece < 3; piece++) {
		seen.next_flags = PPBPF_EXCHANGE_NO_REQUEST |
				  (piece < 2 ? PPBPF_EXCHANGE_SO_FAR : PPBPF_EXCHANGE_COMPLETE);
		tell(&seen, PPBPF_PROTOCOL_HTTP, "", "");
		seen.next_id -= piece < 2 ? 16 : 0;
	}
	EXPECT(&seen, "GET /2 200");
	/* a reply to the one that waits, in a record with others that came meanwhile */
	for (int piece = 0; piece < 3; piece++) {
		seen.next_flags = piece < 2 ? PPBPF_EXCHANGE_SO_FAR : PPBPF_EXCHANGE_COMPLETE;
		tell(&seen, PPBPF_PROTOCOL_HTTP, GET("/4") GET("/5"), "");
		seen.next_id -= piece < 2 ? 16 : 0;
	}
	EXPECT(&seen, "GET /3 200");
	assert_int_equal(exchanges__expire(seen.x, 0, true, print, &seen), 0);
	EXPECT(&seen, "GET /4 0 unfinished", "GET /5 0 unfinished");
	assert_int_equal(exchanges__count(seen.x, EXCHANGE_STRAY_REPLIES), 0);
	exchanges__free(seen.x);
}

#define MGET "*3\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n"
#define BOTH "*2\r\n$1\r\n1\r\n$1\r\n2\r\n"

/* Where Redis' arrays end the kernel's side does not know: a record comes with each piece. */
static void an_array_ends_where_it_says(void **state)
{
	struct seen seen = begin();

	(void)state;
	seen.next_flags = PPBPF_EXCHANGE_SO_FAR;
	tell(&seen, PPBPF_PROTOCOL_REDIS, MGET, "*2\r\n$1\r\n1\r\n$1\r");
	assert_int_equal(seen.count, 0);
	seen.next_id -= 16;
	seen.next_flags = PPBPF_EXCHANGE_SO_FAR;
	tell(&seen, PPBPF_PROTOCOL_REDIS, MGET, BOTH);
	EXPECT(&seen, "MGET||MGET ? ?||");
	/* and once more when the next command comes, or tracing stops */
	seen.next_id -= 16;
	seen.next_flags = PPBPF_EXCHANGE_SO_FAR;
	tell(&seen, PPBPF_PROTOCOL_REDIS, MGET, BOTH);
	seen.next_id -= 16;
	seen.next_flags = PPBPF_EXCHANGE_SO_FAR | PPBPF_EXCHANGE_UNFINISHED;
	tell(&seen, PPBPF_PROTOCOL_REDIS, MGET, BOTH);
	assert_int_equal(seen.count, 0);
	/* more than is captured: silence tells, or the end */
	seen.next_flags = PPBPF_EXCHANGE_SO_FAR;
	seen.reply_bytes = 100000;
	tell(&seen, PPBPF_PROTOCOL_REDIS, MGET, BOTH);
	exchanges__expire(seen.x, 200000000, false, print, &seen);
	assert_int_equal(seen.count, 0);
	exchanges__expire(seen.x, 400000000, false, print, &seen);
	EXPECT(&seen, "MGET||MGET ? ?||");
	seen.next_flags = PPBPF_EXCHANGE_SO_FAR;
	seen.reply_bytes = 100000;
	tell(&seen, PPBPF_PROTOCOL_REDIS, MGET, BOTH);
	tell(&seen, PPBPF_PROTOCOL_REDIS, MGET, BOTH);
	EXPECT(&seen, "MGET||MGET ? ?||", "MGET||MGET ? ?||");
	exchanges__free(seen.x);
}

static int keep_split(const struct request *request, void *context)
{
	struct ppbpf_split *split = context;

	memset(split, 0, sizeof(*split));
	if (request->split_known)
		*split = request->split;
	return 0;
}

/* It comes in a record before, or is told by a flag: never of another exchange. */
static void where_its_threads_time_went(void **state)
{
	struct ppbpf_exchange_times times = {
		.kind = PPBPF_EXCHANGE_TIMES, .id = 16,
		.split = { .life = 9, .on_cpu = 2, .blocked[PPBPF_REASON_LOCK] = 7 },
	};
	struct {
		struct ppbpf_exchange exchange;
		char bytes[64];
	} sent = { .exchange = { .kind = PPBPF_EXCHANGE, .protocol = PPBPF_PROTOCOL_HTTP,
				 .start = 100, .last = 130, .first = 120, .status = 200 } };
	struct exchanges *x = exchanges__new();
	static const char request[] = "GET / HTTP/1.1\r\n\r\n";
	struct ppbpf_split split;

	(void)state;
	assert_non_null(x);
	memcpy(sent.bytes, request, sizeof(request) - 1);
	sent.exchange.request_length = sizeof(request) - 1;
	for (int i = 0; i < 4; i++) {
		sent.exchange.id = i == 1 ? 32 : 16;
		sent.exchange.flags = i < 2 ? PPBPF_EXCHANGE_SPLIT : i == 2 ?
				      PPBPF_EXCHANGE_ON_CPU : 0;
		assert_int_equal(exchanges__add(x, &times, sizeof(times), keep_split, &split), 0);
		assert_int_equal(exchanges__add(x, &sent, sizeof(sent), keep_split, &split), 0);
		assert_int_equal(split.life, i == 0 ? 9 : i == 2 ? 30 : 0);
		assert_int_equal(split.on_cpu, i == 0 ? 2 : i == 2 ? 30 : 0);
		assert_int_equal(split.blocked[PPBPF_REASON_LOCK], i == 0 ? 7 : 0);
	}
	/* another CPU's between the two */
	assert_int_equal(exchanges__add(x, &times, sizeof(times), keep_split, &split), 0);
	times.id = 32;
	assert_int_equal(exchanges__add(x, &times, sizeof(times), keep_split, &split), 0);
	sent.exchange.flags = PPBPF_EXCHANGE_SPLIT;
	assert_int_equal(exchanges__add(x, &sent, sizeof(sent), keep_split, &split), 0);
	assert_int_equal(split.life, 9);
	/* a piece of one is none */
	assert_int_equal(exchanges__add(x, &times, sizeof(times) - 8, keep_split, &split), 0);
	assert_int_equal(exchanges__count(x, EXCHANGE_NOT_UNDERSTOOD), 1);
	exchanges__free(x);
}

static void headers_that_matter_are_found(void **state)
{
	static const char head[] = "GET / HTTP/1.1\r\nhOST:\t shop:80 \r\nTraceParent: 00-ab-cd-01\r\n"
				   "tracestate: a=1\r\nUser-Agent: x\r\nX-TraceParent: no\r\n\r\nrest";
	struct http_request http;

	(void)state;
	assert_int_equal(http_request__read(&http, head, sizeof(head) - 1), 0);
	assert_int_equal(http.host.length, 7);
	assert_memory_equal(http.host.bytes, "shop:80", 7);
	assert_memory_equal(http.traceparent.bytes, "00-ab-cd-01", 11);
	assert_int_equal(http.traceparent.length, 11);
	assert_int_equal(http.head, sizeof(head) - 1 - 4);
	for (size_t i = 1; i < sizeof(head) - 5; i++)
		assert_true(http_request__read(&http, head, i) < 0);
}

/* --- Redis ------------------------------------------------------------------------------------ */

static void commands_and_errors_of_redis(void **state)
{
	struct seen seen = begin();

	(void)state;
	tell(&seen, PPBPF_PROTOCOL_REDIS, "*2\r\n$3\r\nget\r\n$6\r\nsecret\r\n", "$1\r\na\r\n");
	EXPECT(&seen, "GET||GET ?||");
	tell(&seen, PPBPF_PROTOCOL_REDIS, "PING\r\n", "-LOADING it is\r\n");
	EXPECT(&seen, "PING||PING||LOADING");
	tell(&seen, PPBPF_PROTOCOL_REDIS,
	     "*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n",
	     "+PONG\r\n-ERR no\r\n*1\r\n$1\r\nx\r\n");
	EXPECT(&seen, "PING||PING||", "INCR||INCR ?||ERR", "GET||GET ?||");
	/* a reply that goes on beyond what is captured, and ends there */
	seen.reply_bytes = 6 + 900 + 2;
	tell(&seen, PPBPF_PROTOCOL_REDIS, "*2\r\n$3\r\nGET\r\n$1\r\nb\r\nPING\r\n", "$900\r\nxx");
	EXPECT(&seen, "GET||GET ?||");
	seen.next_flags = PPBPF_EXCHANGE_NO_REQUEST;
	tell(&seen, PPBPF_PROTOCOL_REDIS, "", "+PONG\r\n");
	EXPECT(&seen, "PING||PING||");
	exchanges__free(seen.x);
}

static void replies_of_all_types_have_an_end(void **state)
{
	static const char reply[] = "*3\r\n%1\r\n+a\r\n,1.5\r\n~2\r\n:1\r\n_\r\n$3\r\na\r\n\r\n+next\r\n";
	struct redis_reply read;

	(void)state;
	assert_int_equal(redis_reply__read(&read, reply, sizeof(reply) - 1), 0);
	assert_false(read.cut);
	assert_int_equal(read.size, sizeof(reply) - 1 - 7);
	assert_int_equal(redis_reply__read(&read, "*2\r\n+a\r\n", 8), 0);
	assert_true(read.cut);
	assert_int_equal(redis_reply__read(&read, "@", 1), 0);
	assert_int_equal(redis_reply__read(&read, "@\r\n", 3), -EINVAL);
}

/* --- PostgreSQL ------------------------------------------------------------------------------- */

#define LENGTH_OF(n) "\0\0\0" n
#define READY "Z" LENGTH_OF("\5") "I"
#define BYTES(text) text, sizeof(text) - 1

static void queries_of_postgresql(void **state)
{
	static const char error[] = "E" LENGTH_OF("\x1d") "SERROR\0C22012\0Mdivision\0\0" READY;
	struct seen seen = begin();

	(void)state;
	send_bytes(&seen, PPBPF_PROTOCOL_POSTGRESQL,
		   BYTES(LENGTH_OF("\x22") "\0\3\0\0user\0bob\0database\0shop\0\0"), BYTES(READY));
	assert_int_equal(seen.count, 0);
	send_bytes(&seen, PPBPF_PROTOCOL_POSTGRESQL, BYTES("Q" LENGTH_OF("\x0f") "select 1/0\0"),
		   BYTES(error));
	EXPECT(&seen, "SELECT||select ?/?|shop|22012");
	send_bytes(&seen, PPBPF_PROTOCOL_POSTGRESQL,
		   BYTES("P" LENGTH_OF("\x16") "s\0delete from t\0\0\0" "S" LENGTH_OF("\4")),
		   BYTES("1" LENGTH_OF("\4") READY));
	assert_int_equal(seen.count, 0);
	send_bytes(&seen, PPBPF_PROTOCOL_POSTGRESQL,
		   BYTES("B" LENGTH_OF("\x0d") "\0s\0\0\0\0\0\0\0" "E" LENGTH_OF("\x09") "\0\0\0\0\0"
			 "B" LENGTH_OF("\x0d") "\0s\0\0\0\0\0\0\0" "E" LENGTH_OF("\x09") "\0\0\0\0\0"
			 "S" LENGTH_OF("\4")),
		   BYTES("2" LENGTH_OF("\4") "C" LENGTH_OF("\x09") "DEL 1" READY));
	EXPECT(&seen, "DELETE|t|delete from t|shop|", "DELETE|t|delete from t|shop|");
	/* the error is beyond what is captured of the reply's beginning */
	seen.reply_bytes = 5000;
	send_bytes(&seen, PPBPF_PROTOCOL_POSTGRESQL, BYTES("Q" LENGTH_OF("\x0b") "table t\0"),
		   BYTES("xxxxxxx" "E" LENGTH_OF("\x1d") "SERROR\0C22012\0Mdivision\0\0" READY));
	EXPECT(&seen, "TABLE|t|table t|shop|22012");
	exchanges__free(seen.x);
}

static void literals_are_not_shown(void **state)
{
	static const struct {
		const char *sql, *shown, *operation, *collection;
	} cases[] = {
		{ "SELECT a1, 'it''s', 1.5e-3 FROM \"T\".x WHERE b=$1", "SELECT a1, ?, ? FROM \"T\".x "
		  "WHERE b=$1", "SELECT", "\"T\".x" },
		{ "insert into t(a) values (E'\\'x', $$y$$, $a$z$a$, 0x1F)",
		  "insert into t(a) values (?, ?, ?, ?)", "INSERT", "t" },
		{ "/* 'a' /* n */ */ update only t -- 'x'\nset a = U&'d' , b='cut",
		  "update only t set a = ? , b=?", "UPDATE", "t" },
		{ "with a as (select 1 from b) delete from c", "with a as (select ? from b) delete "
		  "from c", "DELETE", "c" },
		{ "select * from generate_series(1, 2) g join u on 1=1",
		  "select * from generate_series(?, ?) g join u on ?=?", "SELECT", "" },
		{ "CREATE TABLE IF NOT EXISTS x (a int)", "CREATE TABLE IF NOT EXISTS x (a int)",
		  "CREATE", "x" },
		{ "", "", "", "" },
	};
	struct buf out = BUF_INIT;
	struct text shown, found;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		buf__truncate(&out, 0);
		assert_int_equal(sql_redact(&out, (struct text){ cases[i].sql,
								 strlen(cases[i].sql) }), 0);
		assert_string_equal(buf__str(&out), cases[i].shown);
		shown = (struct text){ buf__str(&out), out.length };
		found = sql_operation(shown);
		assert_int_equal(found.length, strlen(cases[i].operation));
		assert_memory_equal(found.bytes ? found.bytes : "", cases[i].operation, found.length);
		found = sql_collection(shown);
		assert_int_equal(found.length, strlen(cases[i].collection));
		assert_memory_equal(found.bytes ? found.bytes : "", cases[i].collection,
				    found.length);
	}
	buf__free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_one),
		cmocka_unit_test(requests_that_come_together_wait_for_their_replies),
		cmocka_unit_test(a_reply_that_is_seen_first_is_the_next_request_s),
		cmocka_unit_test(what_may_go_on_is_held),
		cmocka_unit_test(long_heads_of_several_cpus_come_between),
		cmocka_unit_test(a_long_head_is_for_all_records_of_its_exchange),
		cmocka_unit_test(replies_in_pieces_are_one_request_s_each),
		cmocka_unit_test(an_array_ends_where_it_says),
		cmocka_unit_test(where_its_threads_time_went),
		cmocka_unit_test(headers_that_matter_are_found),
		cmocka_unit_test(commands_and_errors_of_redis),
		cmocka_unit_test(replies_of_all_types_have_an_end),
		cmocka_unit_test(queries_of_postgresql),
		cmocka_unit_test(literals_are_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
