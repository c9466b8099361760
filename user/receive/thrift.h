/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Thrift's TBinaryProtocol, as far as Jaeger's clients use it, read in place. Lengths and
 * nesting are a stranger's: checked against what there is. The first error is sticky.
 */
#ifndef PPBPF_RECEIVE_THRIFT_H
#define PPBPF_RECEIVE_THRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/attribute.h"

enum thrift_type {
	THRIFT_STOP = 0,
	THRIFT_BOOL = 2,
	THRIFT_BYTE = 3,
	THRIFT_DOUBLE = 4,
	THRIFT_I16 = 6,
	THRIFT_I32 = 8,
	THRIFT_I64 = 10,
	THRIFT_STRING = 11,
	THRIFT_STRUCT = 12,
	THRIFT_MAP = 13,
	THRIFT_SET = 14,
	THRIFT_LIST = 15,
};

struct thrift {
	const uint8_t *at;
	const uint8_t *end;
	int error;	/* 0 or -EBADMSG */
};

struct thrift_field {
	enum thrift_type type;
	int16_t id;
};

struct thrift thrift__of(const void *data, size_t length);
void thrift__refuse(struct thrift *in);

/* The next field of the open struct; false: it has ended, or an error. */
bool thrift__field(struct thrift *in, struct thrift_field *field);
/* Whether a field is the one with that id; then its type has to be right, too. */
bool thrift__is(struct thrift *in, const struct thrift_field *field, int16_t id,
		enum thrift_type type);

bool thrift__bool(struct thrift *in);
int32_t thrift__i32(struct thrift *in);
int64_t thrift__i64(struct thrift *in);
double thrift__double(struct thrift *in);
struct bytes thrift__string(struct thrift *in);
/* The number of a list's elements, which have to be of that type. */
uint32_t thrift__list(struct thrift *in, enum thrift_type type);
void thrift__skip(struct thrift *in, enum thrift_type type);

#endif
