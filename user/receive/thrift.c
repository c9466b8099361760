// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "receive/thrift.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define DEPTH_MAX 16

struct thrift thrift__of(const void *data, size_t length)
{
	const uint8_t *at = data;

	return (struct thrift){ .at = at, .end = at ? at + length : at };
}

void thrift__refuse(struct thrift *in)
{
	in->error = -EBADMSG;
	in->at = in->end;
}

static uint64_t read_number(struct thrift *in, size_t size)
{
	uint64_t value = 0;

	if ((size_t)(in->end - in->at) < size) {
		thrift__refuse(in);
		return 0;
	}
	for (size_t i = 0; i < size; i++)
		value = value << 8 | in->at[i];
	in->at += size;
	return value;
}

bool thrift__field(struct thrift *in, struct thrift_field *field)
{
	field->type = read_number(in, 1);
	if (in->error || field->type == THRIFT_STOP)
		return false;
	field->id = read_number(in, 2);
	return !in->error;
}

bool thrift__is(struct thrift *in, const struct thrift_field *field, int16_t id,
		enum thrift_type type)
{
	if (field->id != id)
		return false;
	if (field->type != type)
		thrift__refuse(in);
	return true;
}

bool thrift__bool(struct thrift *in)
{
	return read_number(in, 1) != 0;
}

int32_t thrift__i32(struct thrift *in)
{
	return read_number(in, 4);
}

int64_t thrift__i64(struct thrift *in)
{
	return read_number(in, 8);
}

double thrift__double(struct thrift *in)
{
	return wire_double(read_number(in, 8));
}

struct bytes thrift__string(struct thrift *in)
{
	int32_t length = thrift__i32(in);
	struct bytes text = { in->at, length };

	if (length < 0 || in->end - in->at < length) {
		thrift__refuse(in);
		return (struct bytes){ 0 };
	}
	in->at += length;
	return text;
}

/* Bytes that the smallest value of a type takes; 0: there is no such type. */
static size_t smallest(enum thrift_type type)
{
	switch (type) {
	case THRIFT_BOOL:
	case THRIFT_BYTE:
	case THRIFT_STRUCT:
		return 1;
	case THRIFT_I16:
		return 2;
	case THRIFT_I32:
	case THRIFT_STRING:
		return 4;
	case THRIFT_I64:
	case THRIFT_DOUBLE:
		return 8;
	case THRIFT_LIST:
	case THRIFT_SET:
		return 5;
	case THRIFT_MAP:
		return 6;
	default:
		return 0;
	}
}

/* So many elements of that type need more than there is, or the type is none. */
static uint32_t read_count(struct thrift *in, size_t element)
{
	int32_t count = thrift__i32(in);

	if (!count && !in->error)
		return 0;
	if (count < 0 || !element || (size_t)count > (size_t)(in->end - in->at) / element) {
		thrift__refuse(in);
		return 0;
	}
	return count;
}

uint32_t thrift__list(struct thrift *in, enum thrift_type type)
{
	enum thrift_type found = read_number(in, 1);
	uint32_t count = read_count(in, smallest(found));

	if (count && found != type) {
		thrift__refuse(in);
		return 0;
	}
	return count;
}

static void skip(struct thrift *in, enum thrift_type type, int depth);

static void skip_struct(struct thrift *in, int depth)
{
	struct thrift_field field;

	while (thrift__field(in, &field))
		skip(in, field.type, depth);
}

static void skip_elements(struct thrift *in, int depth, bool is_map)
{
	enum thrift_type first = read_number(in, 1);
	enum thrift_type second = is_map ? read_number(in, 1) : THRIFT_STOP;
	uint32_t count = read_count(in, is_map && !smallest(second) ? 0 :
					smallest(first) + smallest(second));

	for (uint32_t i = 0; i < count && !in->error; i++) {
		skip(in, first, depth);
		if (is_map)
			skip(in, second, depth);
	}
}

static void skip(struct thrift *in, enum thrift_type type, int depth)
{
	if (depth == DEPTH_MAX) {
		thrift__refuse(in);
		return;
	}
	switch (type) {
	case THRIFT_STRING:
		thrift__string(in);
		break;
	case THRIFT_STRUCT:
		skip_struct(in, depth + 1);
		break;
	case THRIFT_LIST:
	case THRIFT_SET:
	case THRIFT_MAP:
		skip_elements(in, depth + 1, type == THRIFT_MAP);
		break;
	default:
		if (smallest(type))
			read_number(in, smallest(type));
		else
			thrift__refuse(in);
	}
}

void thrift__skip(struct thrift *in, enum thrift_type type)
{
	skip(in, type, 0);
}
