// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/wire.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"


static int read_varint(struct wire *w, uint64_t *value)
{
	*value = 0;
	for (int i = 0; i < WIRE_VARINT_MAX; i++) {
		uint8_t byte;

		if (w->at == w->end)
			return -EBADMSG;
		byte = *w->at++;
		if (i == WIRE_VARINT_MAX - 1 && byte > 1)
			return -EBADMSG;
		*value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80))
			return 0;
	}
	return -EBADMSG;
}

static int read_fixed(struct wire *w, size_t size, uint64_t *value)
{
	uint64_t bytes = 0;

	if ((size_t)(w->end - w->at) < size)
		return -EBADMSG;
	memcpy(&bytes, w->at, size);
	w->at += size;
	*value = le64toh(bytes);
	return 0;
}

int wire__next(struct wire *w, struct wire_field *field)
{
	uint64_t key, length;

	if (w->at == w->end)
		return 0;
	if (read_varint(w, &key) || key >> 3 == 0 || key >> 3 > 0x1fffffff)
		return -EBADMSG;
	*field = (struct wire_field){ .number = key >> 3, .type = key & 7 };
	switch (key & 7) {
	case WIRE_VARINT:
		return read_varint(w, &field->value) ? -EBADMSG : 1;
	case WIRE_FIXED64:
		return read_fixed(w, 8, &field->value) ? -EBADMSG : 1;
	case WIRE_FIXED32:
		return read_fixed(w, 4, &field->value) ? -EBADMSG : 1;
	case WIRE_BYTES:
		if (read_varint(w, &length) || length > (size_t)(w->end - w->at))
			return -EBADMSG;
		field->data = w->at;
		field->length = length;
		w->at += length;
		return 1;
	default: /* groups went out of use long before OTLP began */
		return -EBADMSG;
	}
}

struct wire wire__of(const void *data, size_t length)
{
	return (struct wire){ data, data ? (const uint8_t *)data + length : NULL };
}

struct wire wire__within(const struct wire_field *field)
{
	return wire__of(field->data, field->length);
}

double wire_double(uint64_t value)
{
	double number;

	memcpy(&number, &value, sizeof(number));
	return number;
}

size_t wire_encode_varint(uint8_t *out, uint64_t value)
{
	size_t length = 0;

	while (value > 0x7f) {
		out[length++] = value | 0x80;
		value >>= 7;
	}
	out[length++] = value;
	return length;
}

static void put_varint(struct buf *out, uint64_t value)
{
	uint8_t bytes[WIRE_VARINT_MAX];

	buf__append(out, bytes, wire_encode_varint(bytes, value));
}

static void put_key(struct buf *out, uint32_t number, enum wire_type type)
{
	put_varint(out, (uint64_t)number << 3 | type);
}

void wire_put_varint(struct buf *out, uint32_t number, uint64_t value)
{
	put_key(out, number, WIRE_VARINT);
	put_varint(out, value);
}

void wire_put_fixed64(struct buf *out, uint32_t number, uint64_t value)
{
	uint64_t bytes = htole64(value);

	put_key(out, number, WIRE_FIXED64);
	buf__append(out, &bytes, sizeof(bytes));
}

void wire_put_fixed32(struct buf *out, uint32_t number, uint32_t value)
{
	uint32_t bytes = htole32(value);

	put_key(out, number, WIRE_FIXED32);
	buf__append(out, &bytes, sizeof(bytes));
}

void wire_put_double(struct buf *out, uint32_t number, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	wire_put_fixed64(out, number, bits);
}

void wire_put_bytes(struct buf *out, uint32_t number, const void *data, size_t length)
{
	put_key(out, number, WIRE_BYTES);
	put_varint(out, length);
	buf__append(out, data, length);
}

void wire_put_string(struct buf *out, uint32_t number, const char *text)
{
	wire_put_bytes(out, number, text, strlen(text));
}

void wire_put_length(struct buf *out, uint32_t number, size_t length)
{
	put_key(out, number, WIRE_BYTES);
	put_varint(out, length);
}

size_t wire_varint_size(uint64_t value)
{
	size_t size = 1;

	while (value >>= 7)
		size++;
	return size;
}

size_t wire_begin(struct buf *out, uint32_t number)
{
	put_key(out, number, WIRE_BYTES);
	return out->length;
}

void wire_end(struct buf *out, size_t begin)
{
	uint8_t bytes[WIRE_VARINT_MAX];
	size_t length = out->length - begin, size = wire_encode_varint(bytes, length);

	/* the length comes first, and is known last */
	if (buf__fill(out, 0, size))
		return;
	memmove(out->data + begin + size, out->data + begin, length);
	memcpy(out->data + begin, bytes, size);
}
