// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/buf.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64

int buf__reserve(struct buf *b, size_t extra)
{
	size_t needed, capacity;
	char *data;

	if (b->error)
		return b->error;
	if (extra >= PTRDIFF_MAX - b->length)
		return b->error = -ENOMEM;
	needed = b->length + extra + 1;
	if (needed <= b->capacity)
		return 0;

	capacity = b->capacity ? b->capacity : FIRST_CAPACITY;
	while (capacity < needed)
		capacity *= 2;
	data = realloc(b->data, capacity);
	if (!data)
		return b->error = -ENOMEM;
	if (!b->data)
		data[0] = '\0';
	b->data = data;
	b->capacity = capacity;
	return 0;
}

int buf__append(struct buf *b, const void *bytes, size_t length)
{
	int err = buf__reserve(b, length);

	if (err)
		return err;
	if (length > 0)
		memcpy(b->data + b->length, bytes, length);
	b->length += length;
	b->data[b->length] = '\0';
	return 0;
}

int buf__puts(struct buf *b, const char *text)
{
	return buf__append(b, text, strlen(text));
}

int buf__putc(struct buf *b, char c)
{
	return buf__append(b, &c, 1);
}

int buf__fill(struct buf *b, char c, size_t count)
{
	int err = buf__reserve(b, count);

	if (err)
		return err;
	memset(b->data + b->length, c, count);
	b->length += count;
	b->data[b->length] = '\0';
	return 0;
}

int buf__vprintf(struct buf *b, const char *format, va_list args)
{
	va_list again;
	int length, err;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	/* Longer than an int can say. */
	if (length < 0)
		return b->error = -ENOMEM;

	err = buf__reserve(b, length);
	if (err)
		return err;
	vsnprintf(b->data + b->length, (size_t)length + 1, format, args);
	b->length += length;
	return 0;
}

int buf__printf(struct buf *b, const char *format, ...)
{
	va_list args;
	int err;

	va_start(args, format);
	err = buf__vprintf(b, format, args);
	va_end(args);
	return err;
}

void buf__truncate(struct buf *b, size_t length)
{
	if (length >= b->length)
		return;
	b->length = length;
	b->data[length] = '\0';
}

const char *buf__str(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf__take(struct buf *b, size_t *length)
{
	char *data;

	buf__reserve(b, 0); /* an empty buffer gives an empty string */
	if (b->error) {
		buf__free(b);
		return NULL;
	}
	data = b->data;
	if (length)
		*length = b->length;
	*b = (struct buf)BUF_INIT;
	return data;
}

void buf__free(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT;
}
