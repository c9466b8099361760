// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/http_bytes.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define METHOD_MAX 24

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static struct text trim(struct text text)
{
	while (text.length && (*text.bytes == ' ' || *text.bytes == '\t')) {
		text.bytes++;
		text.length--;
	}
	while (text.length && (text.bytes[text.length - 1] == ' ' ||
			       text.bytes[text.length - 1] == '\t'))
		text.length--;
	return text;
}

/* "METHOD SP target SP HTTP/1.x"; of a line that is cut, what there is of it. */
static int read_request_line(struct http_request *out, struct text line, bool whole)
{
	static const char version[] = "HTTP/1.";
	const char *space = memchr(line.bytes, ' ', line.length), *last;
	size_t left;

	if (!space || space == line.bytes || space - line.bytes > METHOD_MAX)
		return -EINVAL;
	out->method = (struct text){ line.bytes, space - line.bytes };
	for (size_t i = 0; i < out->method.length; i++)
		if (!is_upper(line.bytes[i]) && line.bytes[i] != '-' && line.bytes[i] != '_')
			return -EINVAL;
	space++;
	left = line.length - (space - line.bytes);
	out->target = (struct text){ space, left };
	if (!whole)
		return -EAGAIN;
	last = memrchr(space, ' ', left);
	if (!last || last == space)
		return -EINVAL;
	out->target.length = last - space;
	left = line.bytes + line.length - (last + 1);
	if (left != sizeof(version) || strncmp(last + 1, version, sizeof(version) - 1) != 0)
		return -EINVAL;
	out->minor = last[sizeof(version)] - '0';
	return out->minor > 9 ? -EINVAL : 0;
}

static void read_length(struct http_request *out, struct text value)
{
	uint64_t length = 0;

	for (size_t i = 0; i < value.length; i++) {
		if (value.bytes[i] < '0' || value.bytes[i] > '9' || length > UINT64_MAX / 100)
			return;
		length = length * 10 + (value.bytes[i] - '0');
	}
	out->content_length = length;
}

static bool is_name(struct text name, const char *expected)
{
	return name.length == strlen(expected) &&
	       !strncasecmp(name.bytes, expected, name.length);
}

/* A client may split tracestate over several lines: the first one is kept. */
static void read_header(struct http_request *out, struct text line)
{
	const char *colon = memchr(line.bytes, ':', line.length);
	struct text name, value;

	if (!colon)
		return;
	name = (struct text){ line.bytes, colon - line.bytes };
	value = trim((struct text){ colon + 1, line.bytes + line.length - (colon + 1) });
	if (is_name(name, "host") && !out->host.bytes)
		out->host = value;
	else if (is_name(name, "traceparent") && !out->traceparent.bytes)
		out->traceparent = value;
	else if (is_name(name, "tracestate") && !out->tracestate.bytes)
		out->tracestate = value;
	else if (is_name(name, "user-agent") && !out->user_agent.bytes)
		out->user_agent = value;
	else if (is_name(name, "content-length"))
		read_length(out, value);
	else if (is_name(name, "transfer-encoding"))
		out->chunked = true;
}

int http_request__read(struct http_request *out, const char *bytes, size_t length)
{
	struct text line;
	size_t at = 0;
	int err;

	*out = (struct http_request){ .minor = 1 };
	if (!text__line(bytes, length, &at, &line)) {
		line = (struct text){ bytes, length };
		return read_request_line(out, line, false);
	}
	err = read_request_line(out, line, true);
	if (err)
		return err;
	while (text__line(bytes, length, &at, &line)) {
		if (!line.length) {
			out->whole = true;
			out->head = at;
			return 0;
		}
		read_header(out, line);
	}
	return -EAGAIN;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A chunk's size; false: there is none. */
static bool chunk_size(struct text line, uint64_t *size)
{
	size_t i;

	*size = 0;
	for (i = 0; i < line.length && hex_digit(line.bytes[i]) >= 0; i++) {
		if (*size >> 56)
			return false;
		*size = *size << 4 | hex_digit(line.bytes[i]);
	}
	return i > 0;
}

static size_t chunked_size(const char *bytes, size_t length, size_t at)
{
	struct text line;
	uint64_t size;

	do {
		if (!text__line(bytes, length, &at, &line))
			return length + 1;
		if (!chunk_size(line, &size))
			return 0;
		if (size) {
			if (size > length - at || length - at - size < 2)
				return length + 1;
			at += size + 2;
		}
	} while (size);
	/* trailers, then an empty line */
	while (text__line(bytes, length, &at, &line))
		if (!line.length)
			return at;
	return length + 1;
}

size_t http_request__size(const struct http_request *request, const char *bytes, size_t length)
{
	if (!request->whole)
		return length + 1;
	if (request->chunked)
		return chunked_size(bytes, length, request->head);
	if (request->content_length > length - request->head)
		return length + 1;
	return request->head + request->content_length;
}
