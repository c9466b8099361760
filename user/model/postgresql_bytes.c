// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/postgresql_bytes.h"

#include <errno.h>
#include <string.h>

#define HEADER 5	/* the type, and the length of what follows it, its own four bytes included */
#define VERSION_3 196608
#define REQUEST_SSL 80877103
#define REQUEST_GSS 80877104

static uint32_t be32(const char *bytes)
{
	const uint8_t *b = (const uint8_t *)bytes;

	return (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
}

static bool is_type(char type)
{
	return (type >= 'A' && type <= 'Z') || (type >= 'a' && type <= 'z') ||
	       (type >= '1' && type <= '3');
}

int postgresql_message__read(struct postgresql_message *out, const char *bytes, size_t length,
			     size_t *at)
{
	size_t left = length - *at, size;

	*out = (struct postgresql_message){ 0 };
	if (!left)
		return -ENODATA;
	out->type = bytes[*at];
	if (!is_type(out->type))
		return -EINVAL;
	if (left < HEADER) {
		out->cut = true;
		*at = length;
		return 0;
	}
	size = 1 + (size_t)be32(bytes + *at + 1);
	if (size < HEADER)
		return -EINVAL;
	out->cut = size > left;
	if (out->cut)
		size = left;
	out->body = (struct text){ bytes + *at + HEADER, size - HEADER };
	*at += size;
	return 0;
}

struct text postgresql_string(struct text *body)
{
	size_t length = body->length ? strnlen(body->bytes, body->length) : 0;
	struct text string = { body->bytes, length };

	if (!body->length)
		return (struct text){ "", 0 };	/* a message that is cut may have no address */
	if (length < body->length)
		length++;
	body->bytes += length;
	body->length -= length;
	return string;
}

static bool text_is(struct text text, const char *expected)
{
	return text.length == strlen(expected) && !memcmp(text.bytes, expected, text.length);
}

int postgresql_startup__read(struct postgresql_startup *out, const char *bytes, size_t length)
{
	struct text body, name, value;
	uint32_t version;

	*out = (struct postgresql_startup){ 0 };
	if (length < 8)
		return -EINVAL;
	version = be32(bytes + 4);
	out->request = version == REQUEST_SSL || version == REQUEST_GSS;
	if (out->request)
		return 0;
	if (version != VERSION_3)
		return -EINVAL;
	body = (struct text){ bytes + 8, length - 8 };
	while (body.length) {
		name = postgresql_string(&body);
		if (!name.length)
			break;
		value = postgresql_string(&body);
		if (text_is(name, "user"))
			out->user = value;
		else if (text_is(name, "database"))
			out->database = value;
	}
	/* the database has the user's name where none is given */
	if (!out->database.bytes)
		out->database = out->user;
	return 0;
}

void postgresql_error__read(struct text body, struct text *code, struct text *message)
{
	struct text value;
	char field;

	*code = *message = (struct text){ 0 };
	while (body.length && *body.bytes) {
		field = *body.bytes;
		body.bytes++;
		body.length--;
		value = postgresql_string(&body);
		if (field == 'C')
			*code = value;
		else if (field == 'M')
			*message = value;
	}
}

/* Whether messages, whole ones, lead from here to the end; the error among them. */
static bool leads_to_end(const char *bytes, size_t length, struct text *error)
{
	struct postgresql_message message;
	size_t at = 0;
	int err;

	*error = (struct text){ 0 };
	while (!(err = postgresql_message__read(&message, bytes, length, &at))) {
		if (message.cut)
			return false;
		if (message.type == 'E' && !error->bytes)
			*error = message.body;
	}
	return err == -ENODATA;
}

bool postgresql_error__find(const char *bytes, size_t length, struct text *code,
			    struct text *message)
{
	struct text error;

	for (size_t i = 0; i < length; i++) {
		if (!leads_to_end(bytes + i, length - i, &error))
			continue;
		/* the first place that does: those after it lead through the same messages */
		if (!error.bytes)
			return false;
		postgresql_error__read(error, code, message);
		return true;
	}
	return false;
}
