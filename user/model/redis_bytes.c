// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/redis_bytes.h"

#include <errno.h>
#include <string.h>

#define NAME_MAX_LENGTH 64
#define VALUES_MAX (1 << 20)	/* of one reply, nested ones included */

/* Digits, or "-1": -1. */
static int read_number(struct text text, int64_t *value)
{
	bool negative = text.length && text.bytes[0] == '-';

	*value = 0;
	if (text.length == negative || text.length > 12)
		return -EINVAL;
	for (size_t i = negative; i < text.length; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return -EINVAL;
		*value = *value * 10 + (text.bytes[i] - '0');
	}
	if (negative)
		*value = -1;
	return 0;
}

static bool is_command_name(struct text name)
{
	if (!name.length || name.length > NAME_MAX_LENGTH)
		return false;
	for (size_t i = 0; i < name.length; i++)
		if ((name.bytes[i] | 0x20) < 'a' || (name.bytes[i] | 0x20) > 'z')
			if (!strchr(".-_0123456789", name.bytes[i]) || !name.bytes[i])
				return false;
	return true;
}

static int read_inline(struct redis_command *out, const char *bytes, size_t length)
{
	struct text line;
	size_t at = 0, end = 0;

	if (!text__line(bytes, length, &at, &line))
		return -EINVAL;
	while (end < line.length && line.bytes[end] != ' ')
		end++;
	out->name = (struct text){ line.bytes, end };
	if (!is_command_name(out->name))
		return -EINVAL;
	for (size_t i = end; i < line.length; i++)
		out->arguments += line.bytes[i] == ' ' && i + 1 < line.length &&
				  line.bytes[i + 1] != ' ';
	out->size = at;
	return 0;
}

/* One string of a command; false: it is not all there. */
static int read_string(const char *bytes, size_t length, size_t *at, struct text *string)
{
	struct text line;
	int64_t size;

	if (!text__line(bytes, length, at, &line))
		return -EAGAIN;
	if (!line.length || line.bytes[0] != '$' ||
	    read_number((struct text){ line.bytes + 1, line.length - 1 }, &size) || size < 0)
		return -EINVAL;
	*string = (struct text){ bytes + *at, size };
	if ((uint64_t)size > length - *at || length - *at - size < 2)
		return -EAGAIN;
	*at += size + 2;
	return 0;
}

int redis_command__read(struct redis_command *out, const char *bytes, size_t length)
{
	struct text line, string;
	int64_t count;
	size_t at = 0;
	int err = 0;

	*out = (struct redis_command){ 0 };
	if (!length)
		return -EINVAL;
	if (bytes[0] != '*')
		return read_inline(out, bytes, length);
	if (!text__line(bytes, length, &at, &line) ||
	    read_number((struct text){ line.bytes + 1, line.length - 1 }, &count) || count < 1)
		return -EINVAL;
	for (int64_t i = 0; i < count && !err; i++) {
		err = read_string(bytes, length, &at, &string);
		if (i)
			continue;
		if (err || !is_command_name(string))
			return -EINVAL;
		out->name = string;
	}
	if (err == -EINVAL)
		return err;
	out->arguments = count - 1;
	out->cut = err == -EAGAIN;
	out->size = out->cut ? length : at;
	return 0;
}

/* How many values follow the line, and how many bytes of a string. -EINVAL: it begins no value. */
static int read_type(struct text line, int64_t *values, int64_t *string)
{
	int64_t number = 0;
	struct text rest = { line.bytes + 1, line.length - 1 };

	*values = 0;
	*string = -1;
	if (!line.length)
		return -EINVAL;
	switch (line.bytes[0]) {
	case '+':
	case '-':
	case ':':
	case '_':
	case '#':
	case ',':
	case '(':
		return 0;
	case '$':
	case '!':
	case '=':
		return read_number(rest, string);
	case '*':
	case '~':
	case '>':
		if (read_number(rest, &number))
			return -EINVAL;
		*values = number > 0 ? number : 0;
		return 0;
	case '%':
	case '|':
		if (read_number(rest, &number))
			return -EINVAL;
		*values = number > 0 ? 2 * number : 0;
		/* attributes come before the value that they are of */
		*values += line.bytes[0] == '|';
		return 0;
	default:
		return -EINVAL;
	}
}

static void read_error(struct redis_reply *out, struct text line)
{
	size_t end = 1;

	while (end < line.length && line.bytes[end] != ' ')
		end++;
	out->error = (struct text){ line.bytes + 1, end - 1 };
	out->message = (struct text){ line.bytes + 1, line.length - 1 };
}

int redis_reply__read(struct redis_reply *out, const char *bytes, size_t length)
{
	int64_t left = 1, values, string;
	struct text line;
	size_t at = 0;

	*out = (struct redis_reply){ 0 };
	if (!length)
		return -EINVAL;
	for (size_t i = 0; left && i < VALUES_MAX; i++, left--) {
		if (!text__line(bytes, length, &at, &line))
			break;
		if (read_type(line, &values, &string) || values > INT32_MAX)
			return -EINVAL;
		if (!i && line.bytes[0] == '-')
			read_error(out, line);
		left += values;
		if (string < 0)
			continue;
		if ((uint64_t)string > length - at || length - at - string < 2) {
			out->whole = left == 1 ? at + string + 2 : 0;
			break;
		}
		at += string + 2;
	}
	out->cut = left > 0;
	out->size = out->cut ? length : at;
	return 0;
}
