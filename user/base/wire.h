/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_BASE_WIRE_H
#define PPBPF_BASE_WIRE_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * Protocol Buffers' wire format, read and written field by field.
 *
 * Not protobuf-c: that unpacks a whole message into a tree of allocations
 * before anybody may look at it, many times the size of what a stranger has
 * sent, and follows nested messages as deep as they go. Here nothing is
 * allocated, and the nesting is the reader's own.
 */
struct wire {
	const uint8_t *at;
	const uint8_t *end;
};

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_BYTES = 2,
	WIRE_FIXED32 = 5,
};

struct wire_field {
	uint32_t number;
	enum wire_type type;
	uint64_t value;      /* of a varint or a fixed one */
	const uint8_t *data; /* of bytes: in the message that is read */
	size_t length;
};

/* 1: *field is the next one; 0: the end; -EBADMSG: not what the format allows. */
int wire__next(struct wire *w, struct wire_field *field);

/* The message in a field of bytes. */
struct wire wire__within(const struct wire_field *field);
struct wire wire__of(const void *data, size_t length);

/* A fixed 64-bit field as the double that it may be. */
double wire_double(uint64_t value);

/* Each appends a field; running out of memory is the buffer's. */
void wire_put_varint(struct buf *out, uint32_t number, uint64_t value);
void wire_put_fixed64(struct buf *out, uint32_t number, uint64_t value);
void wire_put_fixed32(struct buf *out, uint32_t number, uint32_t value);
void wire_put_double(struct buf *out, uint32_t number, double value);
void wire_put_bytes(struct buf *out, uint32_t number, const void *data, size_t length);
void wire_put_string(struct buf *out, uint32_t number, const char *text);

/* The beginning of a message of a known length, which the caller appends; and lengths. */
void wire_put_length(struct buf *out, uint32_t number, size_t length);
size_t wire_varint_size(uint64_t value);
#define WIRE_VARINT_MAX 10 /* bytes of a 64-bit number, seven bits each */
/* Into at least so many; returns how many. */
size_t wire_encode_varint(uint8_t *out, uint64_t value);

/*
 * A message in a field: what is appended between the two is in it. wire_end()
 * takes what wire_begin() gave.
 */
size_t wire_begin(struct buf *out, uint32_t number);
void wire_end(struct buf *out, size_t begin);

#endif
