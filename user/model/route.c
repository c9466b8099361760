// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/route.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "model/span.h"

#define HEX_MIN 8	/* "deadbeef" may be a word; with a digit in it, it is none */
#define TOKEN_MIN 16

size_t target_path(const char *target, size_t length)
{
	const char *scheme, *path;

	if (!length || target[0] == '/')
		return 0;
	scheme = memmem(target, length, "://", 3);
	if (!scheme)
		return 0;
	path = memchr(scheme + 3, '/', target + length - scheme - 3);
	return path ? (size_t)(path - target) : length;
}

static bool is_id(const char *text, size_t length)
{
	size_t digits = 0, hex = 0, letters = 0, dashes = 0, other = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = text[i];

		digits += isdigit(c) != 0;
		letters += isalpha(c) != 0;
		hex += isxdigit(c) != 0;
		dashes += c == '-' || c == '_';
		other += !isalnum(c) && c != '-' && c != '_';
	}
	if (other || !digits)
		return text[0] != '@' && memchr(text, '@', length);
	if (!letters)
		return true;			/* 17, 2026-11-24 */
	if (hex + dashes == length && length - dashes >= HEX_MIN)
		return true;			/* a UUID, a commit, an ObjectId */
	return length >= TOKEN_MIN || (digits * 2 > length && length > 2);
}

void route_of(struct buf *out, const char *target, size_t length)
{
	size_t at = target_path(target, length), first = out->length, segment;

	for (segment = 0; segment < length && target[segment] != '?' && target[segment] != '#';)
		segment++;
	length = segment;
	while (at < length && out->length - first < SPAN_NAME_MAX) {
		if (target[at] == '/') {
			buf__putc(out, target[at++]);
			continue;
		}
		for (segment = at; segment < length && target[segment] != '/';)
			segment++;
		if (is_id(target + at, segment - at))
			buf__puts(out, "{id}");
		else
			buf__append(out, target + at, segment - at);
		at = segment;
	}
	if (out->length - first > SPAN_NAME_MAX)
		buf__truncate(out, first + SPAN_NAME_MAX);
	if (out->length == first)
		buf__putc(out, length && target[0] == '*' ? '*' : '/');
}
