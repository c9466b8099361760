/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What exchanges.c, and the files of its protocols, keep of a connection. For them alone. */
#ifndef PPBPF_MODEL_EXCHANGE_LINK_H
#define PPBPF_MODEL_EXCHANGE_LINK_H

#include "base/buf.h"
#include "model/exchanges.h"

/* A request that waits for its reply: its texts lie in the same allocation. */
struct waiting {
	struct waiting *next;
	struct request request;
	char comm[PPBPF_COMM_LEN];
	char bytes[];
};

struct prepared {
	struct prepared *next;
	char *name;
	char *statement;	/* redacted */
};

struct link {
	uint64_t socket, birth;
	struct link *newer, *older;	/* by their last use */
	struct waiting *first, *last;
	size_t waiting;
	uint64_t held_id;	/* of `held`, or of what it was when it was handed on */
	struct waiting *held;	/* its reply may go on */
	uint64_t held_since;	/* CLOCK_MONOTONIC, of its last byte */
	uint64_t silence;	/* after which it is taken for whole */
	char *head;		/* of the request that is held, when it came in a record before */
	size_t head_length;
	uint64_t head_id;	/* whose it is */
	struct ppbpf_exchange *stray;	/* the record before: a reply, and nobody waited for it */
	struct prepared *prepared;
	size_t prepared_count;
	char *database;
	char *user;
};

/*
 * Records of several CPUs lie between one and what it belongs to, but not many: by their
 * exchanges' numbers, of which the kernel's side gives every 16th.
 */
#define BEFORE_SLOTS 64
#define before_slot(id) ((id) / 16 % BEFORE_SLOTS)

struct exchanges {
	struct hash *links;
	struct link *newest, *oldest;
	uint64_t counts[EXCHANGE_COUNT_NR];
	struct ppbpf_long_head heads[BEFORE_SLOTS];
	struct ppbpf_exchange_times times[BEFORE_SLOTS];
	struct buf text;		/* of the request that is being made */
	request_fn on_request;		/* during a call */
	void *context;
};

/* One record, checked. */
struct record {
	const struct ppbpf_exchange *exchange;
	struct text reply, reply_end;	/* its first bytes, and its last ones */
	struct text bytes;		/* the request's */
	const struct ppbpf_split *split;	/* where its thread's time went, or NULL */
};

/* With nothing known of it, or NULL. */
struct link *exchanges__find(struct exchanges *x, const struct ppbpf_exchange *exchange);
/* Makes it if need be; NULL: no memory. */
struct link *exchanges__link(struct exchanges *x, const struct ppbpf_exchange *exchange);
void exchanges__drop(struct exchanges *x, struct link *link);
/* Gone, when there is nothing to keep of it. */
void exchanges__drop_empty(struct exchanges *x, struct link *link);

/* What a record tells of every protocol's request. */
void request_fill(struct request *request, const struct record *record);
void request_fill_reply(struct request *request, const struct ppbpf_exchange *exchange);

int exchanges__deliver(struct exchanges *x, const struct request *request);
/* 0 or -ENOMEM; beyond the limit the request is counted and forgotten. */
int exchanges__wait(struct exchanges *x, struct link *link, const struct request *request);
/* The one that waits longest, which the caller frees; NULL: none does. */
struct waiting *link__next(struct link *link);

/* A request whose bytes were to come in a record before, which was lost. */
bool record_is_headless(const struct record *record);

int exchange_http(struct exchanges *x, const struct record *record);
/* Of an exchange that was told so far: the requests behind its first one. */
int exchange_http_others(struct exchanges *x, const struct record *record);
int exchange_redis(struct exchanges *x, const struct record *record);
/* One command and its reply, and nothing else on the connection. */
bool exchange_redis_is_simple(struct exchanges *x, const struct record *record);
/* All of the reply is in the record. */
bool exchange_redis_is_whole(const struct record *record);
int exchange_postgresql(struct exchanges *x, const struct record *record);

#endif
