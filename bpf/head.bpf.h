/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * HTTP/1: the first bytes of requests and replies, and what a reply's head says of
 * where its body ends, however many buffers and sends it comes in.
 */
#ifndef PPBPF_HEAD_BPF_H
#define PPBPF_HEAD_BPF_H

#include "connection.bpf.h"

#define PEEK 16

/* The first bytes of a send or receive. */
struct peek {
	union {
		u8 bytes[PEEK];
		u32 words[PEEK / 4];
		u64 longs[PEEK / 8];
	};
};

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "words are compared as they lie in memory of little-endian machines"
#endif

#define WORD(a, b, c, d) ((u32)(a) | (u32)(b) << 8 | (u32)(c) << 16 | (u32)(d) << 24)
#define LONG(a, b, c, d, e, f, g, h) ((u64)WORD(a, b, c, d) | (u64)WORD(e, f, g, h) << 32)

/* --- HTTP/1 ------------------------------------------------------------------------------ */

/* "METHOD " and a target: "/", "*", or what has a scheme or a host in front. */
static __always_inline bool is_http_request(const struct peek *p)
{
	if (p->words[0] == WORD('G', 'E', 'T', ' ') || p->words[0] == WORD('P', 'U', 'T', ' '))
		return true;
	for (int i = 0; i < 12; i++) {
		if (p->bytes[i] == ' ')
			return i >= 3 && p->bytes[i + 1] > ' ' && p->bytes[i + 1] < 0x7f;
		if (p->bytes[i] < 'A' || p->bytes[i] > 'Z')
			return false;
	}
	return false;
}

/* A first piece that is too short to tell. */
static __always_inline bool may_be_http_request(const struct peek *p, u64 length)
{
	return length < 5 && p->bytes[0] >= 'A' && p->bytes[0] <= 'Z' &&
	       (length < 2 || (p->bytes[1] >= 'A' && p->bytes[1] <= 'Z'));
}

static __always_inline bool is_http_reply(const struct peek *p)
{
	return p->words[0] == WORD('H', 'T', 'T', 'P') && p->bytes[4] == '/' && p->bytes[5] == '1';
}

static __always_inline u32 http_status(const struct peek *p)
{
	return (p->bytes[9] - '0') * 100 + (p->bytes[10] - '0') * 10 + (p->bytes[11] - '0');
}

#define SCAN_BYTES 2048

struct head {
	u32 length;		/* of what there is in the room */
	u32 from;		/* where it begins */
	u32 line;		/* where its last line does, of those that are here; 0: its first */
	u32 end;		/* of the head; 0: not found */
	u32 status;
	u32 flags;		/* enum head_flag */
	u64 content_length;
};

/*
 * A reply's head, copied here to be read: of a thread, as probes are preempted. What else would
 * be on the stack is here as well: older kernels count one of 512 bytes for all calls together.
 */
struct scan_room {
	struct payload piece;	/* that is looked at: what is left of it */
	struct head head;
	u64 words[2 * SCAN_BYTES / 8 + 4];	/* so that a piece at the end, or a line's name
						 * that is compared with it, stays within */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct scan_room);
} scan_rooms SEC(".maps");

static __always_inline struct scan_room *scan_room_here(void)
{
	return bpf_task_storage_get(&scan_rooms, bpf_get_current_task_btf(), 0,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/* --- several buffers --------------------------------------------------------------------- */

#define GATHER_BUFFERS 64

struct gather {
	struct scan_room *room;
	u64 buffers;
	u64 count;
	u64 left;
	u32 at;
};

static long gather_buffer(u32 index, struct gather *g)
{
	struct iovec iov;
	u32 at = g->at, length;

	if (index >= g->count || !g->left || at >= SCAN_BYTES)
		return 1;
	if (bpf_probe_read_user(&iov, sizeof(iov), (void *)(g->buffers + index * sizeof(iov))))
		return 1;
	if (iov.iov_len > g->left)
		iov.iov_len = g->left;
	length = at_most(iov.iov_len, SCAN_BYTES);
	if (bpf_probe_read_user((u8 *)g->room->words + (at & (SCAN_BYTES - 1)), length,
				iov.iov_base))
		return 1;
	g->left -= iov.iov_len;
	g->at = at + length;
	return 0;
}

/* The first bytes of all buffers, put behind those that are in the room; where they end. */
static __always_inline u32 gather(struct scan_room *room, const struct payload *payload, u32 at)
{
	struct gather g = { .room = room, .buffers = payload->buffers,
			    .count = payload->buffer_count, .left = payload->length, .at = at };

	bpf_loop(GATHER_BUFFERS, gather_buffer, &g, 0);
	return at_most(g.at, SCAN_BYTES);
}

/* The first bytes, where the first buffer holds but a few of them: "GET", " ", "/", ... */
__noinline int peek_gather(struct peek *p, const struct payload *payload)
{
	struct scan_room *room = scan_room_here();

	if (!p || !payload || !room)
		return -1;
	room->words[0] = room->words[1] = 0;
	if (!gather(room, payload, 0))
		return -1;
	p->longs[0] = room->words[0];
	p->longs[1] = room->words[1];
	return 0;
}

/* --- the head of a reply ----------------------------------------------------------------- */

struct scan {
	struct scan_room *room;
	struct head *head;
};

static __always_inline u64 lower(u64 word)
{
	return word | 0x2020202020202020ULL;
}

static __always_inline u64 scan_load(const struct scan_room *room, u32 at)
{
	return *(u64 *)((u8 *)room->words + (at & (SCAN_BYTES - 1)));
}

static __always_inline void scan_number(struct scan *scan, u32 at)
{
	u64 value = 0, word;
	u32 i, digit;

	for (i = 0; i < 4; i++, at++) {
		word = scan_load(scan->room, at);
		if ((word & 0xff) != ' ' && (word & 0xff) != '\t')
			break;
	}
	/* 15 digits: beyond any file */
	for (i = 0; i < 15; i++) {
		if (i == 8)
			word = scan_load(scan->room, at + 8);
		digit = (word & 0xff) - '0';
		if (digit > 9)
			break;
		value = value * 10 + digit;
		word >>= 8;
	}
	if (i) {
		scan->head->content_length = value;
		scan->head->flags |= HEAD_LENGTH;
	}
}

/* The line that begins here; true: it is the empty one, and the head's end. */
static __always_inline bool scan_line(struct scan *scan, u32 at)
{
	u64 word = scan_load(scan->room, at), second;

	if (at <= scan->head->from || at >= scan->head->length)
		return false;
	scan->head->line = at;
	if ((word & 0xff) == '\r') {
		scan->head->end = at + 2;
		return true;
	}
	if ((word & 0xff) == '\n') {
		scan->head->end = at + 1;
		return true;
	}
	word = lower(word);
	if (word == LONG('c', 'o', 'n', 't', 'e', 'n', 't', '-')) {
		second = lower(scan_load(scan->room, at + 8));
		if ((second & 0xffffffffffffffULL) == LONG('l', 'e', 'n', 'g', 't', 'h', ':', 0))
			scan_number(scan, at + 15);
	} else if (word == LONG('t', 'r', 'a', 'n', 's', 'f', 'e', 'r')) {
		second = lower(scan_load(scan->room, at + 8));
		if (second == LONG('-', 'e', 'n', 'c', 'o', 'd', 'i', 'n'))
			scan->head->flags |= HEAD_CHUNKED;
	}
	return false;
}

/* Eight bytes: what follows each end of a line in them is a line. */
static long scan_word(u32 index, struct scan *scan)
{
	u32 at = index * 8;
	u64 ends = scan_load(scan->room, at) ^ 0x0a0a0a0a0a0a0a0aULL, lowest;

	if (at >= scan->head->length)
		return 1;
	/* the upper bit of each byte that is 0 now, exact up to the first one */
	ends = (ends - 0x0101010101010101ULL) & ~ends & 0x8080808080808080ULL;
	for (int i = 0; i < 3 && ends; i++) {
		/* the number of bytes up to it, and with it */
		lowest = ends & -ends;
		lowest = (((lowest - 1) & 0x0101010101010101ULL) * 0x0101010101010101ULL) >> 56;
		if (scan_line(scan, at + lowest))
			return 1;
		ends &= ends - 1;
	}
	return 0;
}

#define HEAD_END WORD('\r', '\n', '\r', '\n')

/*
 * Copies what there is of a reply's head after what is kept of it; its length. The
 * room's piece is left with what there was no room for.
 */
static __always_inline long head_copy(struct connection *c, struct scan_room *room)
{
	struct payload *piece = &room->piece;
	u32 kept = at_most(c->reply.head_length, PPBPF_REPLY_HEAD), length, last = 0, end;
	u64 begin = 0;

	if (kept)
		bpf_probe_read_kernel(room->words, kept, c->reply.head);
	length = at_most(piece->first, SCAN_BYTES - kept);
	/* most often it is in a buffer of its own */
	if (piece->buffers && piece->first <= SCAN_BYTES - kept && (length < 4 ||
	    bpf_probe_read_user(&last, 4, (void *)(piece->base + length - 4)) ||
	    last != HEAD_END) &&
	    !bpf_probe_read_user(&begin, 8, (void *)piece->buffers) && begin == piece->base) {
		end = gather(room, piece, kept);
		length = at_most(end - kept, SCAN_BYTES);
		piece->first = length;
		piece->buffers = 0;
	} else if (bpf_probe_read_user((u8 *)room->words + kept, at_most(length, SCAN_BYTES),
				       (void *)piece->base)) {
		return -1;
	}
	piece->base += length;
	piece->first -= length;
	piece->length -= length;
	/* what is left there of another one's is no part of it */
	end = at_most(kept + length, SCAN_BYTES);
	*(u64 *)((u8 *)room->words + end) = 0;
	return end;
}

/* Looks for its status, for its end, and for what it says of the body. */
__noinline int head_scan(struct head *head)
{
	struct scan scan = { .head = head };
	struct peek p;

	scan.room = scan_room_here();
	if (!head || !scan.room)
		return 0;
	head->end = head->status = head->line = 0;
	p.longs[0] = scan_load(scan.room, head->from);
	p.longs[1] = scan_load(scan.room, head->from + 8);
	if (head->from + 12 <= head->length && is_http_reply(&p))
		head->status = http_status(&p);
	bpf_loop(SCAN_BYTES / 8, scan_word, &scan, 0);
	return 0;
}

/*
 * A head of which the end is still to come. Of a long one its last line alone is kept, with
 * the end of the line before it; nothing that matters is in one which is long itself.
 */
static __always_inline long head_keep(struct connection *c, const struct scan_room *room,
				      const struct head *head)
{
	u32 from = head->from, length = head->length - from, kept;

	if (length > PPBPF_REPLY_HEAD) {
		if (!head->line && !(c->head_flags & HEAD_GOES_ON))
			return -1;
		from = head->line ? head->line - 1 : 0;
		c->head_flags = head->flags | HEAD_GOES_ON;
		c->expected = head->content_length;
	}
	kept = head->length - from;
	if (kept > PPBPF_REPLY_HEAD)
		kept = 2;
	c->head_before += length - kept;
	kept = at_most(kept, PPBPF_REPLY_HEAD);
	if (bpf_probe_read_kernel(c->reply.head, kept,
				  (u8 *)room->words + at_most(from, SCAN_BYTES)))
		return -1;
	c->reply.head_length = kept;
	c->body = BODY_HEAD;
	return 0;
}

static __always_inline void work_forget(struct connection *c)
{
	if (!(c->exchange.flags & PPBPF_EXCHANGE_COUNTED))
		return;
	work_end_one(c->exchange.thread, c->exchange.id);
	work_end_one(c->exchange.tgid | WORK_OF_PROCESS, c->exchange.id);
	c->exchange.flags &= ~PPBPF_EXCHANGE_COUNTED;
}

static __always_inline bool http_has_no_body(const struct connection *c)
{
	u32 status = c->exchange.status;

	return c->request[0] == 'H' || status == 204 || status == 304 || status < 200;
}

/* What is made from now on may be in another one's work: then nothing is said. */
static __always_inline void http_unknown(struct connection *c)
{
	c->body = BODY_UNKNOWN;
	met(PPBPF_REQUEST_LOST_LENGTHS);
	work_forget(c);
}

#define EARLY_REPLIES 4	/* that may come together with the one that counts */

/* Passes over those that say to wait: the real one may be right behind them. */
static __always_inline void head_find(struct connection *c, struct head *head)
{
	for (int i = 0; i <= EARLY_REPLIES; i++) {
		head_scan(head);
		if (!(c->head_flags & HEAD_GOES_ON))
			c->exchange.status = head->status;
		if (!head->end || head->end > head->length || c->exchange.status / 100 != 1 ||
		    c->exchange.status == 101)
			return;
		/* none of the reply: the bytes of this piece are added after this */
		c->exchange.reply_bytes -= c->head_before + head->end - head->from;
		c->head_before = c->head_flags = 0;
		head->from = head->end;
		head->flags = 0;
		if (head->from == head->length)
			return;
	}
}

/*
 * Where the reply that begins with these bytes will end. This function and others below are
 * not static: the verifier then looks at each of them once, and not at every way to it.
 */
__noinline int http_measure(struct connection *c)
{
	struct scan_room *room;
	struct head *head;
	long length = -1;
	u64 size;

	if (!c)
		return 0;
	room = scan_room_here();
	if (room)
		length = head_copy(c, room);
	if (length < 0 || !room) {
		http_unknown(c);
		return 0;
	}
	head = &room->head;
	head->length = at_most(length, SCAN_BYTES);
	head->from = 0;
	head->flags = c->head_flags;
	head->content_length = c->head_flags & HEAD_LENGTH ? c->expected : 0;
	head_find(c, head);
	if (!head->end || head->end > head->length || head->from == head->length) {
		if (head_keep(c, room, head))
			http_unknown(c);
		return 0;
	}
	size = c->head_before + head->end - head->from;
	c->body = BODY_UNKNOWN;
	if (http_has_no_body(c)) {
		c->body = BODY_LENGTH;
		c->expected = size;
	} else if (head->flags & HEAD_CHUNKED) {
		c->body = BODY_CHUNKED;
	} else if (head->flags & HEAD_LENGTH) {
		c->body = BODY_LENGTH;
		c->expected = size + head->content_length;
	}
	return 0;
}

/* Goes on to the next buffer. Not inline, for the stack of its caller's. */
__noinline int payload_next(struct payload *payload)
{
	if (payload)
		payload_many(payload, payload->buffers + sizeof(struct iovec),
			     payload->buffer_count - 1, payload->length);
	return 0;
}

#define HEAD_PIECES 8	/* of SCAN_BYTES: of one send or receive */

/* The same of all that was moved: a head may be longer than the room for it. */
__noinline int http_head(struct connection *c, const struct payload *payload)
{
	struct scan_room *room = scan_room_here();
	struct payload *piece;

	if (!c || !payload)
		return 0;
	if (!room) {
		http_unknown(c);
		return 0;
	}
	piece = &room->piece;
	*piece = *payload;
	for (int i = 0; i < HEAD_PIECES; i++) {
		http_measure(c);
		if (c->body != BODY_HEAD || !piece->length)
			break;
		if (!piece->first && piece->buffers)
			payload_next(piece);
		if (!piece->first)
			break;
	}
	if (c->body == BODY_HEAD && piece->length)
		http_unknown(c);
	return 0;
}

#endif /* PPBPF_HEAD_BPF_H */
