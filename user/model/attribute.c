// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/attribute.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"

#define KEY_MAX 96		/* of keys that are put together with all that goes around them */

/* What comes before a value: put together here, for most of it is shorter than a call is long. */
struct head {
	size_t length;
	uint8_t bytes[KEY_MAX + 10 * WIRE_VARINT_MAX];
};

static void put(struct head *head, uint64_t varint)
{
	head->length += wire_encode_varint(head->bytes + head->length, varint);
}

static void put_length(struct head *head, uint32_t number, size_t length)
{
	put(head, (uint64_t)number << 3 | WIRE_BYTES);
	put(head, length);
}

/* A KeyValue up to its AnyValue, which has `size` bytes; sizes are known, so nothing moves. */
static void begin(struct buf *out, struct head *head, const char *key, size_t size)
{
	size_t length = strlen(key);

	head->length = 0;
	put_length(head, ATTRIBUTE, 1 + wire_varint_size(length) + length + 1 +
		   wire_varint_size(size) + size);
	put_length(head, KEY_VALUE_KEY, length);
	if (length <= KEY_MAX) {
		memcpy(head->bytes + head->length, key, length);
		head->length += length;
	} else {
		buf__append(out, head->bytes, head->length);
		buf__append(out, key, length);
		head->length = 0;
	}
	put_length(head, KEY_VALUE_VALUE, size);
}

void attribute_text(struct buf *out, const char *key, const char *value, size_t length)
{
	struct head head;

	if (!value)
		return;
	begin(out, &head, key, 1 + wire_varint_size(length) + length);
	put_length(&head, ATTRIBUTE_STRING, length);
	buf__append(out, head.bytes, head.length);
	buf__append(out, value, length);
}

void attribute_string(struct buf *out, const char *key, const char *value)
{
	attribute_text(out, key, value, value ? strlen(value) : 0);
}

void attribute_int(struct buf *out, const char *key, int64_t value)
{
	struct head head;

	begin(out, &head, key, 1 + wire_varint_size(value));
	put(&head, ATTRIBUTE_INT << 3 | WIRE_VARINT);
	put(&head, value);
	buf__append(out, head.bytes, head.length);
}

void attribute_double(struct buf *out, const char *key, double value)
{
	struct head head;

	begin(out, &head, key, 1 + sizeof(value));
	buf__append(out, head.bytes, head.length);
	wire_put_double(out, ATTRIBUTE_DOUBLE, value);
}

void attribute_bool(struct buf *out, const char *key, bool value)
{
	struct head head;

	begin(out, &head, key, 1 + 1);
	put(&head, ATTRIBUTE_BOOL << 3 | WIRE_VARINT);
	put(&head, value);
	buf__append(out, head.bytes, head.length);
}

static enum wire_type wire_type_of(uint32_t type)
{
	switch (type) {
	case ATTRIBUTE_BOOL:
	case ATTRIBUTE_INT:
		return WIRE_VARINT;
	case ATTRIBUTE_DOUBLE:
		return WIRE_FIXED64;
	default:
		return WIRE_BYTES;
	}
}

int attribute__read_value(struct wire value, struct attribute *out)
{
	struct wire_field field;
	int more;

	out->type = ATTRIBUTE_NONE;
	/* of a oneof that is there twice the last one counts */
	while ((more = wire__next(&value, &field)) > 0) {
		if (field.number > ATTRIBUTE_BYTES)
			continue;
		if (field.type != wire_type_of(field.number))
			return -EBADMSG;
		out->type = field.number;
		out->n = field.number == ATTRIBUTE_BOOL ? !!field.value : (int64_t)field.value;
		out->number = wire_double(field.value);
		out->bytes = (struct bytes){ field.data, field.length };
	}
	return more;
}

int attribute__read(struct wire key_value, struct attribute *out)
{
	struct wire_field field;
	int more, err;

	*out = (struct attribute){ .key = { "", 0 }, .bytes = { "", 0 } };
	while ((more = wire__next(&key_value, &field)) > 0) {
		if (field.number > KEY_VALUE_VALUE)
			continue;
		if (field.type != WIRE_BYTES)
			return -EBADMSG;
		if (field.number == KEY_VALUE_KEY) {
			out->key = (struct bytes){ field.data, field.length };
			continue;
		}
		err = attribute__read_value(wire__within(&field), out);
		if (err)
			return err;
	}
	return more;
}

static int check_value(const struct attribute *value, int depth);

static int check_elements(const struct attribute *value, int depth)
{
	struct wire elements = wire__of(value->bytes.data, value->bytes.length);
	bool is_list = value->type == ATTRIBUTE_LIST;
	struct wire_field field;
	struct attribute element;
	int more, err;

	while ((more = wire__next(&elements, &field)) > 0) {
		if (field.number != ATTRIBUTE)
			continue;
		if (field.type != WIRE_BYTES)
			return -EBADMSG;
		element = (struct attribute){ 0 };
		err = is_list ? attribute__read(wire__within(&field), &element) :
				attribute__read_value(wire__within(&field), &element);
		if (!err)
			err = check_value(&element, depth + 1);
		if (err)
			return err;
	}
	return more;
}

static int check_value(const struct attribute *value, int depth)
{
	if (value->type != ATTRIBUTE_ARRAY && value->type != ATTRIBUTE_LIST)
		return 0;
	return depth < ATTRIBUTE_DEPTH ? check_elements(value, depth) : -EBADMSG;
}

int attribute__check(struct wire key_value)
{
	struct attribute attribute;
	int err = attribute__read(key_value, &attribute);

	return err ? err : check_value(&attribute, 0);
}

bool attributes__next(struct wire *attributes, struct attribute *out)
{
	struct wire_field field;

	while (wire__next(attributes, &field) > 0)
		if (field.number == ATTRIBUTE && field.type == WIRE_BYTES &&
		    !attribute__read(wire__within(&field), out))
			return true;
	return false;
}

bool bytes_equal(const struct bytes *bytes, const char *text)
{
	return bytes->length == strlen(text) && !memcmp(bytes->data, text, bytes->length);
}

bool attributes__find(const struct bytes *attributes, const char *key, struct attribute *out)
{
	struct wire wire = wire__of(attributes->data, attributes->length);

	while (attributes__next(&wire, out))
		if (out->key.length && bytes_equal(&out->key, key))
			return true;
	return false;
}

bool attributes__find_any(const struct bytes *attributes, const char *const *keys,
			  struct attribute *out)
{
	for (; *keys; keys++)
		if (attributes__find(attributes, *keys, out))
			return true;
	return false;
}
