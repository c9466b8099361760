/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Connections of traced processes: who is at its ends, and the exchange that is
 * under way on it. A record goes to user space when that has come to its end.
 */
#ifndef PPBPF_CONNECTION_BPF_H
#define PPBPF_CONNECTION_BPF_H

#include "payload.bpf.h"
#include "served.bpf.h"

#define AF_UNIX		1
#define AF_INET		2
#define AF_INET6	10

enum phase {
	PHASE_IDLE,
	PHASE_REQUEST,	/* the request is coming */
	PHASE_REPLY,	/* the reply is coming */
};

/* How the end of a reply is known. */
enum body {
	BODY_UNKNOWN,	/* by what comes next */
	BODY_LENGTH,
	BODY_CHUNKED,
	BODY_READY,	/* PostgreSQL: the message that says so */
	BODY_HEAD,	/* HTTP: not all of the head has come */
};

enum head_flag {
	HEAD_GOES_ON = 1,	/* the line with the status is among them */
	HEAD_LENGTH = 2,
	HEAD_CHUNKED = 4,
};

struct connection {
	u32 phase;
	u8 body;
	u8 request_dir;
	u8 looked_at;	/* how often, while it is not known what it speaks; 2: or more */
	u8 chunk_end;	/* the last bytes were those that end a chunked body */
	u64 expected;	/* bytes of the reply (BODY_LENGTH), or of its body so far (BODY_HEAD) */
	u32 head_before;	/* bytes of the reply's head that are not kept any more */
	u32 head_flags;	/* what they said: enum head_flag */
	u32 begun;	/* the first bytes of a request that came before the end of another one */
	u32 begun_length;	/* 0: there are none */
	u64 inode;	/* of the socket, on an older kernel */
	struct ppbpf_exchange_times split;
	struct ppbpf_reply reply;	/* of HTTP's: its head, until all of that has come */
	/* what goes to user space from here on: one of the two replies before it, or none */
	struct ppbpf_short_reply whole;
	struct ppbpf_exchange exchange;
	u8 request[PPBPF_REQUEST_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections SEC(".maps");

/* Where there is no socket to keep it with: by an SSL object, or on an older kernel. */
struct connection_key {
	u64 object;
	u32 tgid;	/* 0: a socket's address */
	u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);	/* resized before load */
	__type(key, struct connection_key);
	__type(value, struct connection);
} keyed_connections SEC(".maps");

/* A request's first bytes that came in pieces, or are many; by the exchange's id. */
struct long_head {
	struct ppbpf_long_head record;
	u8 room[PPBPF_REQUEST_BYTES];	/* so that a piece written at the end stays within */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct long_head);
} long_heads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct connection);
} blank SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct long_head);
} blank_head SEC(".maps");

const volatile u64 cfg_exchange_wakeup;

u64 exchange_ids;

/* --- who ------------------------------------------------------------------------------- */

static __always_inline void address_read(struct ppbpf_exchange *exchange, struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	exchange->family = family;
	exchange->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (family == AF_UNIX) {
		exchange->peer_socket = (u64)BPF_CORE_READ((struct unix_sock *)sk, peer);
		return;
	}
	exchange->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	exchange->peer_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (family == AF_INET) {
		BPF_CORE_READ_INTO((u32 *)exchange->local, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((u32 *)exchange->peer, sk, __sk_common.skc_daddr);
	} else {
		BPF_CORE_READ_INTO(&exchange->local, sk,
				   __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&exchange->peer, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
	}
}

static __always_inline void connection_name(struct connection *c, struct sock *sk, u64 object)
{
	c->reply.kind = PPBPF_EXCHANGE_REPLY;
	c->whole.kind = PPBPF_EXCHANGE_SHORT;
	c->exchange.kind = PPBPF_EXCHANGE;
	c->exchange.socket = object;
	c->exchange.birth = bpf_ktime_get_ns();
	if (sk)
		address_read(&c->exchange, sk);
}

static __always_inline struct connection *connection_of(struct sock *sk)
{
	struct connection *c = bpf_sk_storage_get(&connections, sk, 0, 0);

	if (c)
		return c;
	c = bpf_sk_storage_get(&connections, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!c) {
		met(PPBPF_REQUEST_LOST_CONNECTIONS);
		return 0;
	}
	connection_name(c, sk, (u64)sk);
	return c;
}

static __always_inline struct connection *connection_keyed(u64 object, u32 tgid, struct sock *sk)
{
	struct connection_key key = { .object = object, .tgid = tgid };
	struct connection *c = bpf_map_lookup_elem(&keyed_connections, &key), *empty;
	u32 zero = 0;

	if (c)
		return c;
	empty = bpf_map_lookup_elem(&blank, &zero);
	if (empty)
		bpf_map_update_elem(&keyed_connections, &key, empty, BPF_ANY);
	c = bpf_map_lookup_elem(&keyed_connections, &key);
	if (!c) {
		met(PPBPF_REQUEST_LOST_CONNECTIONS);
		return 0;
	}
	connection_name(c, sk, object);
	if (tgid) {
		c->exchange.flags = PPBPF_EXCHANGE_TLS;
		met(PPBPF_REQUEST_TLS_SEEN);
	}
	return c;
}

/* --- to user space ---------------------------------------------------------------------- */

/* Wakes the reader once, when the ring gets to be so full: a wake-up costs a microsecond. */
static __always_inline u64 exchange_wakeup(void)
{
	u64 held = bpf_ringbuf_query(&exchanges, BPF_RB_AVAIL_DATA);

	if (held < cfg_exchange_wakeup || held >= cfg_exchange_wakeup + 2 * PPBPF_HEAD_BYTES)
		return BPF_RB_NO_WAKEUP;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline void head_send(const struct connection *c)
{
	u64 id = c->exchange.id;
	struct long_head *head = bpf_map_lookup_elem(&long_heads, &id);
	u32 size;

	if (!head)
		return;
	size = at_most(head->record.length, PPBPF_HEAD_BYTES);
	head->record.length = size;
	size += __builtin_offsetof(struct ppbpf_long_head, bytes);
	if (bpf_ringbuf_output(&exchanges, &head->record, size, BPF_RB_NO_WAKEUP))
		met(PPBPF_REQUEST_LOST_RING);
	/* others have it until their end, for what was told so far is told again then */
	if (c->exchange.family == AF_UNIX)
		bpf_map_delete_elem(&long_heads, &id);
}

/* The long reply is not next to the exchange: what is between them is passed over there. */
static __always_inline long long_copy(struct connection *c, u32 length)
{
	u32 before = sizeof(c->reply) + sizeof(c->whole);

	return bpf_ringbuf_output(&exchanges, &c->reply, before + sizeof(c->exchange) + length,
				  exchange_wakeup());
}

__noinline int exchange_copy(struct connection *c, u32 flags)
{
	u32 length;
	long err;

	if (!c)
		return 0;
	length = at_most(c->exchange.request_length, PPBPF_REQUEST_BYTES);
	c->exchange.flags |= flags;
	if (c->exchange.flags & PPBPF_EXCHANGE_LONG)
		head_send(c);
	if (c->exchange.flags & PPBPF_EXCHANGE_SPLIT &&
	    bpf_ringbuf_output(&exchanges, &c->split, sizeof(c->split), BPF_RB_NO_WAKEUP))
		met(PPBPF_REQUEST_LOST_RING);
	/* of HTTP's reply the status is all there is to tell */
	if (c->exchange.protocol == PPBPF_PROTOCOL_HTTP) {
		err = bpf_ringbuf_output(&exchanges, &c->exchange,
					 sizeof(c->exchange) + length, exchange_wakeup());
	} else if (c->exchange.reply_bytes == c->reply.head_length &&
		   c->reply.head_length <= PPBPF_REPLY_SHORT) {
		c->whole.length = c->reply.head_length;
		__builtin_memcpy(c->whole.bytes, c->reply.head, PPBPF_REPLY_SHORT);
		err = bpf_ringbuf_output(&exchanges, &c->whole,
					 sizeof(c->whole) + sizeof(c->exchange) + length,
					 exchange_wakeup());
	} else {
		err = long_copy(c, length);
	}
	if (err)
		met(PPBPF_REQUEST_LOST_RING);
	return 0;
}

/*
 * The exchange has come to its end. The network may close a connection while a
 * program is at it on another CPU: who takes the phase away sends.
 */
__noinline int exchange_send(struct connection *c, u32 flags)
{
	bool alone = false;
	u64 id;

	if (!c || __sync_lock_test_and_set(&c->phase, PHASE_IDLE) == PHASE_IDLE)
		return 0;
	if (c->exchange.flags & PPBPF_EXCHANGE_COUNTED) {
		alone = work_end_one(c->exchange.thread, c->exchange.id);
		work_end_one(c->exchange.tgid | WORK_OF_PROCESS, c->exchange.id);
	}
	/* what is ended by what comes next was measured at its last bytes */
	if (flags & PPBPF_EXCHANGE_COMPLETE && c->exchange.flags & PPBPF_EXCHANGE_FOLLOWED)
		served_so_far(&c->exchange, &c->split, alone);
	c->exchange.flags &= ~PPBPF_EXCHANGE_SO_FAR;
	exchange_copy(c, flags);
	if (c->exchange.flags & PPBPF_EXCHANGE_LONG) {
		id = c->exchange.id;
		bpf_map_delete_elem(&long_heads, &id);
	}
	c->exchange.flags &= PPBPF_EXCHANGE_TLS;
	return 0;
}

#endif /* PPBPF_CONNECTION_BPF_H */
