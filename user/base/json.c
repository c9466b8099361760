// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/json.h"

#include <assert.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define MAX_DEPTH 32
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

struct level {
	char closing; /* '}' or ']' */
	bool has_values;
};

struct json {
	FILE *stream; /* one of the two */
	struct buf *buffer;
	enum json_style style;
	struct level levels[MAX_DEPTH];
	int depth;
	bool after_key;
	bool has_document;
	int error;
};

static struct json *new_writer(FILE *stream, struct buf *buffer, enum json_style style)
{
	struct json *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->stream = stream;
	j->buffer = buffer;
	j->style = style;
	return j;
}

struct json *json__new(FILE *stream, enum json_style style)
{
	return new_writer(stream, NULL, style);
}

struct json *json__new_buf(struct buf *buffer, enum json_style style)
{
	return new_writer(NULL, buffer, style);
}

void json__free(struct json *j)
{
	free(j);
}

static void put(struct json *j, const char *bytes, size_t length)
{
	int err = 0;

	if (j->error || length == 0)
		return;
	if (j->buffer)
		err = buf__append(j->buffer, bytes, length);
	else if (fwrite(bytes, 1, length, j->stream) != length)
		err = errno ? -errno : -EIO;
	j->error = err;
}

static void new_line(struct json *j)
{
	static const char spaces[] = "                                ";

	if (j->style != JSON_PRETTY)
		return;
	put(j, "\n", 1);
	for (int left = j->depth * 2; left > 0; left -= (int)sizeof(spaces) - 1)
		put(j, spaces, left < (int)sizeof(spaces) ? (size_t)left : sizeof(spaces) - 1);
}

/* The comma and the line before an element. */
static void begin_element(struct json *j)
{
	struct level *level = &j->levels[j->depth - 1];

	if (level->has_values)
		put(j, ",", 1);
	level->has_values = true;
	new_line(j);
}

static void begin_value(struct json *j)
{
	if (j->depth == 0) {
		assert(!j->has_document && "json: a second value in a document");
		j->has_document = true;
	} else if (j->levels[j->depth - 1].closing == '}') {
		assert(j->after_key && "json: a value without a key in an object");
		j->after_key = false;
	} else {
		begin_element(j);
	}
}

static void begin(struct json *j, const char *opening, char closing)
{
	begin_value(j);
	assert(j->depth < MAX_DEPTH && "json: nested too deeply");
	put(j, opening, 1);
	j->levels[j->depth++] = (struct level){ .closing = closing };
}

static void end(struct json *j, char closing)
{
	bool had_values;

	assert(j->depth > 0 && j->levels[j->depth - 1].closing == closing &&
	       "json: an end without its begin");
	assert(!j->after_key && "json: a key without a value");
	had_values = j->levels[--j->depth].has_values;
	if (had_values)
		new_line(j);
	put(j, &closing, 1);
}

void json__object_begin(struct json *j)
{
	begin(j, "{", '}');
}

void json__object_end(struct json *j)
{
	end(j, '}');
}

void json__array_begin(struct json *j)
{
	begin(j, "[", ']');
}

void json__array_end(struct json *j)
{
	end(j, ']');
}

static void put_escaped(struct json *j, unsigned char c)
{
	static const char names[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
				      ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\' };
	char text[8];
	int length;

	if (c < sizeof(names) && names[c])
		length = snprintf(text, sizeof(text), "\\%c", names[c]);
	else
		length = snprintf(text, sizeof(text), "\\u%04x", c);
	put(j, text, length);
}

static void put_string(struct json *j, const char *text, size_t length)
{
	size_t plain = 0, i = 0; /* [plain, i) needs no change */

	put(j, "\"", 1);
	while (i < length) {
		uint32_t c;
		size_t size = utf8_decode(text + i, length - i, &c);

		if (size > 1 || (size == 1 && c >= ' ' && c != '"' && c != '\\' && c != 0x7f)) {
			i += size;
			continue;
		}
		put(j, text + plain, i - plain);
		if (size == 0)
			put(j, REPLACEMENT, strlen(REPLACEMENT));
		else
			put_escaped(j, c);
		plain = ++i;
	}
	put(j, text + plain, i - plain);
	put(j, "\"", 1);
}

void json__key(struct json *j, const char *name)
{
	assert(j->depth > 0 && j->levels[j->depth - 1].closing == '}' &&
	       "json: a key outside an object");
	assert(!j->after_key && "json: a key after a key");
	begin_element(j);
	put_string(j, name, strlen(name));
	put(j, ": ", j->style == JSON_PRETTY ? 2 : 1);
	j->after_key = true;
}

void json__string_n(struct json *j, const char *text, size_t length)
{
	begin_value(j);
	put_string(j, text, length);
}

void json__string(struct json *j, const char *text)
{
	if (text)
		json__string_n(j, text, strlen(text));
	else
		json__null(j);
}

static void put_value(struct json *j, const char *text)
{
	begin_value(j);
	put(j, text, strlen(text));
}

void json__u64(struct json *j, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put_value(j, text);
}

void json__i64(struct json *j, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	put_value(j, text);
}

/* The locale's decimal point, of whatever bytes, becomes '.'. */
static void put_number(struct json *j, const char *text)
{
	static const char allowed[] = "0123456789+-e";
	size_t whole = strspn(text, allowed);
	size_t point = strcspn(text + whole, allowed);

	begin_value(j);
	put(j, text, whole);
	if (point > 0)
		put(j, ".", 1);
	put(j, text + whole + point, strlen(text + whole + point));
}

void json__double(struct json *j, double value)
{
	/* Any number of up to 15 digits survives %.15g; subnormal ones may need far fewer. */
	int precision = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
	char text[40];

	if (!isfinite(value)) {
		json__null(j);
		return;
	}
	do {
		snprintf(text, sizeof(text), "%.*g", precision, value);
	} while (strtod(text, NULL) != value && ++precision <= DBL_DECIMAL_DIG);
	put_number(j, text);
}

void json__rounded(struct json *j, double value, int decimals)
{
	char text[48];
	size_t length;

	assert(decimals >= 0 && decimals <= DBL_DIG);
	/* Beyond 2^53 there is nothing to round. */
	if (!(fabs(value) < 9007199254740992.0)) {
		json__double(j, value);
		return;
	}
	length = snprintf(text, sizeof(text), "%.*f", decimals, value);
	while (decimals > 0 && text[length - 1] == '0') {
		text[--length] = '\0';
		decimals--;
	}
	while (length > 0 && (text[length - 1] < '0' || text[length - 1] > '9'))
		text[--length] = '\0'; /* the point that nothing follows */
	put_number(j, strcmp(text, "-0") == 0 ? "0" : text);
}

void json__bool(struct json *j, bool value)
{
	put_value(j, value ? "true" : "false");
}

void json__null(struct json *j)
{
	put_value(j, "null");
}

int json__finish(struct json *j)
{
	assert(j->depth == 0 && "json: a document left open");
	assert(j->has_document && "json: an empty document");
	put(j, "\n", 1);
	if (j->stream && fflush(j->stream) && !j->error)
		j->error = errno ? -errno : -EIO;
	j->has_document = false;
	return j->error;
}
