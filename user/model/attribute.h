/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Attributes of spans and resources: keys and typed values, kept as what OTLP has on the
 * wire (opentelemetry-proto's common.proto: KeyValue messages, here each in a field 1), so
 * that what was received goes out again as it came.
 */
#ifndef PPBPF_MODEL_ATTRIBUTE_H
#define PPBPF_MODEL_ATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/wire.h"

struct buf;

/* Bytes of a span: text without a NUL of its own, or encoded messages. */
struct bytes {
	const void *data;
	size_t length;
};

/* Numbers of KeyValue's and AnyValue's fields. */
enum {
	KEY_VALUE_KEY = 1, KEY_VALUE_VALUE = 2,
	ATTRIBUTE = 1,		/* a KeyValue in struct bytes, an ArrayValue or a KeyValueList */
};

enum attribute_type {
	ATTRIBUTE_NONE = 0,	/* a key without a value */
	ATTRIBUTE_STRING = 1,
	ATTRIBUTE_BOOL = 2,
	ATTRIBUTE_INT = 3,
	ATTRIBUTE_DOUBLE = 4,
	ATTRIBUTE_ARRAY = 5,
	ATTRIBUTE_LIST = 6,	/* of keys and values */
	ATTRIBUTE_BYTES = 7,
};

struct attribute {
	struct bytes key;
	enum attribute_type type;
	struct bytes bytes;	/* of a string, of bytes; the message of an array or list */
	int64_t n;		/* of an int or bool */
	double number;
};

/* Arrays and lists in one another, at most. */
#define ATTRIBUTE_DEPTH 16

/* Each appends one; a NULL text is left out. Running out of memory is the buffer's. */
void attribute_string(struct buf *out, const char *key, const char *value);
void attribute_text(struct buf *out, const char *key, const char *value, size_t length);
void attribute_int(struct buf *out, const char *key, int64_t value);
void attribute_double(struct buf *out, const char *key, double value);
void attribute_bool(struct buf *out, const char *key, bool value);

/* An AnyValue, as in an array. 0 or -EBADMSG. */
int attribute__read_value(struct wire value, struct attribute *out);
/* A KeyValue. 0 or -EBADMSG. */
int attribute__read(struct wire key_value, struct attribute *out);
/* Whether a stranger's KeyValue is one, all the way down. 0 or -EBADMSG. */
int attribute__check(struct wire key_value);

/* One after the other of what was checked: begin with wire_of(bytes). */
bool attributes__next(struct wire *attributes, struct attribute *out);
bool attributes__find(const struct bytes *attributes, const char *key, struct attribute *out);
/* The first of the keys (NULL at the end) that is there. */
bool attributes__find_any(const struct bytes *attributes, const char *const *keys,
			  struct attribute *out);

bool bytes_equal(const struct bytes *bytes, const char *text);

#endif
