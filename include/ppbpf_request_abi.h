/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What bpf/http.bpf.c tells user space of the requests it saw. Times are
 * CLOCK_MONOTONIC in nanoseconds.
 */
#ifndef PPBPF_REQUEST_ABI_H
#define PPBPF_REQUEST_ABI_H

#include "ppbpf_abi.h"

#define PPBPF_TRACED_PORTS 8

/* What the bytes of a connection are. */
enum ppbpf_protocol {
	PPBPF_PROTOCOL_UNKNOWN,
	PPBPF_PROTOCOL_HTTP,
	PPBPF_PROTOCOL_POSTGRESQL,
	PPBPF_PROTOCOL_REDIS,
	PPBPF_PROTOCOL_OPAQUE,	/* nothing that can be read: encrypted, HTTP/2, upgraded */
};

/* Which end of the connection the process is. */
enum ppbpf_role {
	PPBPF_ROLE_SERVER,
	PPBPF_ROLE_CLIENT,
};

enum ppbpf_exchange_kind {
	PPBPF_EXCHANGE = 1,	/* struct ppbpf_exchange, then the request's first bytes */
	PPBPF_EXCHANGE_SHORT,	/* struct ppbpf_short_reply, and after it the same */
	PPBPF_EXCHANGE_REPLY,	/* struct ppbpf_reply, a short one to pass over, and the same */
	PPBPF_EXCHANGE_HEAD,	/* struct ppbpf_long_head: of the exchange that comes next */
	PPBPF_EXCHANGE_TIMES,	/* struct ppbpf_exchange_times: of the exchange that comes next */
	PPBPF_EXCHANGE_EXEC,	/* struct ppbpf_exchange_exec: a process became another program */
	PPBPF_EXCHANGE_LISTEN,	/* the same: it listens on one of the service's ports */
};

#define PPBPF_REQUEST_BYTES 1024	/* of the request, in the record itself */
#define PPBPF_HEAD_BYTES 4096		/* and at most, in a record of their own */
#define PPBPF_REPLY_HEAD 384		/* of the reply: its first bytes and its last ones */
#define PPBPF_REPLY_TAIL 256
#define PPBPF_REPLY_SHORT 64

#define PPBPF_EXCHANGE_LONG (1u << 0)	/* the request's bytes came in a record before */
#define PPBPF_EXCHANGE_PART (1u << 1)	/* the request alone: another one came before its reply */
#define PPBPF_EXCHANGE_NO_REQUEST (1u << 2)	/* a reply alone */
#define PPBPF_EXCHANGE_CLOSED (1u << 3)	/* the connection was closed */
#define PPBPF_EXCHANGE_UNFINISHED (1u << 4)	/* the end had not come when the programs stopped */
#define PPBPF_EXCHANGE_FAULT (1u << 5)	/* bytes were not in memory */
#define PPBPF_EXCHANGE_TLS (1u << 6)
#define PPBPF_EXCHANGE_SO_FAR (1u << 7)	/* the same exchange may come again, with a later end */
#define PPBPF_EXCHANGE_COUNTED (1u << 8)	/* it is among the active ones of its thread */
#define PPBPF_EXCHANGE_COMPLETE (1u << 9)	/* the whole reply was seen, by its own length */
#define PPBPF_EXCHANGE_SEQUENCED (1u << 10)	/* `sequence` is known */

#define PPBPF_EXCHANGE_FOLLOWED (1u << 11)	/* for the kernel's side alone */
#define PPBPF_EXCHANGE_SPLIT (1u << 12)	/* where its thread's time went came in a record before */
#define PPBPF_EXCHANGE_ON_CPU (1u << 13)	/* its thread did nothing else, and never waited */
#define PPBPF_EXCHANGE_BY_THREAD (1u << 14)	/* `within` is its thread's, of several requests */

/* The reply's first and last bytes. */
struct ppbpf_reply {
	ppbpf_u32 kind;		/* PPBPF_EXCHANGE_REPLY */
	ppbpf_u16 head_length;
	ppbpf_u16 tail_length;
	ppbpf_u8 head[PPBPF_REPLY_HEAD];
	ppbpf_u8 tail[PPBPF_REPLY_TAIL];
};

/* A reply that is whole in here. */
struct ppbpf_short_reply {
	ppbpf_u32 kind;		/* PPBPF_EXCHANGE_SHORT */
	ppbpf_u32 length;
	ppbpf_u8 bytes[PPBPF_REPLY_SHORT];
};

struct ppbpf_exchange {
	ppbpf_u32 kind;		/* PPBPF_EXCHANGE */
	ppbpf_u32 flags;
	ppbpf_u64 id;		/* not another one's, nor are the 15 numbers after it */
	ppbpf_u64 within;	/* of a client: the id of the request whose work it is; 0: not known */
	ppbpf_u64 socket;	/* the kernel's address, or of the SSL object */
	ppbpf_u64 peer_socket;	/* AF_UNIX only: the other end's */
	ppbpf_u64 birth;	/* when the connection was first seen: addresses are used again */
	ppbpf_u64 start;	/* the request's first bytes */
	ppbpf_u64 first;	/* the reply's first bytes; 0: none came */
	ppbpf_u64 last;		/* its last ones */
	ppbpf_u64 request_bytes;
	ppbpf_u64 reply_bytes;
	ppbpf_u64 process_start;	/* CLOCK_BOOTTIME */
	ppbpf_u32 tgid;		/* as all numbers in the first pid namespace */
	ppbpf_u32 pid;		/* of the process, as it is seen here */
	ppbpf_u32 thread;	/* that began it, and that gave or took the reply */
	ppbpf_u32 reply_thread;
	ppbpf_u32 netns;
	ppbpf_u32 sequence;	/* TCP's number of the request's first byte: the same at both ends */
	ppbpf_u32 pad;
	ppbpf_u16 status;	/* HTTP */
	ppbpf_u16 request_length;	/* bytes in this record */
	ppbpf_u16 family;	/* 0: the addresses are not known */
	ppbpf_u16 local_port;
	ppbpf_u16 peer_port;
	ppbpf_u8 protocol;
	ppbpf_u8 role;
	ppbpf_u8 local[16];
	ppbpf_u8 peer[16];
	char comm[PPBPF_COMM_LEN];
};

struct ppbpf_exchange_times {
	ppbpf_u32 kind;		/* PPBPF_EXCHANGE_TIMES */
	ppbpf_u32 pad;
	ppbpf_u64 id;
	struct ppbpf_split split;	/* of the thread, which served this one request alone */
};

struct ppbpf_long_head {
	ppbpf_u32 kind;		/* PPBPF_EXCHANGE_HEAD */
	ppbpf_u32 length;
	ppbpf_u64 id;
	ppbpf_u8 bytes[PPBPF_HEAD_BYTES];
};

struct ppbpf_exchange_exec {
	ppbpf_u32 kind;		/* PPBPF_EXCHANGE_EXEC */
	ppbpf_u32 pid;		/* as it is seen here */
};

enum ppbpf_exchange_counter {
	/* losses */
	PPBPF_REQUEST_LOST_RING,	/* no room in the ring buffer */
	PPBPF_REQUEST_LOST_CONNECTIONS,	/* no memory for a connection's state */
	PPBPF_REQUEST_LOST_FAULT,	/* bytes were not in memory when they were looked at */
	PPBPF_REQUEST_LOST_HEAD,	/* a head went beyond PPBPF_HEAD_BYTES */
	PPBPF_REQUEST_LOST_BYTES,	/* sent without a buffer, where a request was to begin */
	PPBPF_REQUEST_LOST_LENGTHS,	/* replies whose heads could not be read: see http_unknown() */
	PPBPF_REQUEST_LOST_WORKS,	/* no room to remember which request a thread is at */
	/* met, and not to be seen */
	PPBPF_REQUEST_MET_TLS,		/* connections */
	PPBPF_REQUEST_MET_HTTP2,
	PPBPF_REQUEST_MET_UPGRADE,	/* connections that went on as something else */
	PPBPF_REQUEST_MET_IO_URING,	/* sends and receives */
	PPBPF_REQUEST_MET_32BIT,	/* the same, by 32-bit programs */
	PPBPF_REQUEST_MET_MYSQL,	/* connections again */
	PPBPF_REQUEST_MET_FASTCGI,
	PPBPF_REQUEST_MET_OTHER,	/* over TCP, of no protocol that is known */
	PPBPF_REQUEST_OTHER_KNOWN,	/* of these: understood later */
	/* of TLS libraries that are probed */
	PPBPF_REQUEST_TLS_SEEN,		/* connections: they are among those met, too */
	PPBPF_REQUEST_TLS_HITS,		/* functions that the service has called */
	PPBPF_REQUEST_TLS_RETURNS,	/* and returned from */
	PPBPF_REQUEST_COUNTER_NR,
};

_Static_assert(sizeof(struct ppbpf_reply) == 8 + PPBPF_REPLY_HEAD + PPBPF_REPLY_TAIL, "ABI");
_Static_assert(sizeof(struct ppbpf_short_reply) == 8 + PPBPF_REPLY_SHORT, "ABI");
_Static_assert(sizeof(struct ppbpf_exchange) == 184, "ABI");
_Static_assert(sizeof(struct ppbpf_exchange_times) == 16 + sizeof(struct ppbpf_split), "ABI");
_Static_assert(sizeof(struct ppbpf_long_head) == 16 + PPBPF_HEAD_BYTES, "ABI");

#endif
