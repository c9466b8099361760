// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/span.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* Where the copies go, one after the other. */
struct copy {
	char *at;
};

static size_t room_for(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static const char *copy_text(struct copy *copy, const char *text)
{
	size_t size = room_for(text);
	char *at = copy->at;

	if (!text)
		return NULL;
	memcpy(at, text, size);
	copy->at += size;
	return at;
}

static struct bytes copy_bytes(struct copy *copy, const struct bytes *bytes)
{
	struct bytes copied = { copy->at, bytes->length };

	if (bytes->length)
		memcpy(copy->at, bytes->data, bytes->length);
	copy->at += bytes->length;
	return copied;
}

uint64_t random_id(void)
{
	static _Thread_local uint64_t state;
	uint64_t z;

	if (!state && getrandom(&state, sizeof(state), 0) != sizeof(state))
		state = (uintptr_t)&state ^ (uint64_t)time(NULL) << 32;
	do { /* SplitMix64 (Steele, Lea and Flood), seeded by the kernel */
		z = state += 0x9e3779b97f4a7c15;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		z ^= z >> 31;
	} while (!z);
	return z;
}

static size_t text_room(const struct attribute *value)
{
	return value->type == ATTRIBUTE_STRING ? value->bytes.length + 1 : 0;
}

/* A NUL in a name ends it. */
static const char *copy_value(struct copy *copy, const struct attribute *value, const char *without)
{
	char *at = copy->at;

	if (!text_room(value) || !value->bytes.length)
		return without;
	memcpy(at, value->bytes.data, value->bytes.length);
	at[value->bytes.length] = '\0';
	copy->at += value->bytes.length + 1;
	return at;
}

struct resource *resource__new(const struct bytes *attributes)
{
	static const char *const program[] = { "process.executable.name", "process.command", NULL };
	struct attribute service = { 0 }, process = { 0 }, pid = { 0 };
	struct resource *resource;
	struct copy copy;

	if (!attributes__find(attributes, "service.name", &service))
		service.type = ATTRIBUTE_NONE;
	if (!attributes__find_any(attributes, program, &process))
		process.type = ATTRIBUTE_NONE;
	resource = calloc(1, sizeof(*resource) + text_room(&service) + text_room(&process) +
			  attributes->length);
	if (!resource)
		return NULL;
	copy.at = (char *)(resource + 1);
	resource->references = 1;
	resource->attributes = copy_bytes(&copy, attributes);
	resource->service = copy_value(&copy, &service, "unknown_service");
	resource->process = copy_value(&copy, &process, "");
	if (attributes__find(attributes, "process.pid", &pid) && pid.type == ATTRIBUTE_INT &&
	    pid.n > 0 && pid.n <= INT32_MAX)
		resource->pid = pid.n;
	return resource;
}

struct resource *resource__get(struct resource *resource)
{
	resource->references++;
	return resource;
}

void resource__put(struct resource *resource)
{
	if (resource && !--resource->references)
		free(resource);
}

struct span *span__new(const struct span *from)
{
	size_t size = sizeof(*from) + room_for(from->name ? from->name : "") +
		      room_for(from->status_message) + room_for(from->trace_state) +
		      room_for(from->scope) + room_for(from->scope_version) +
		      from->attributes.length + from->events.length + from->links.length;
	struct span *span = malloc(size);
	struct copy copy;

	if (!span)
		return NULL;
	*span = *from;
	copy.at = (char *)(span + 1);
	span->next = NULL;
	span->trace = NULL;
	memset(span->waits, 0, sizeof(span->waits));
	span->size = size;
	span->name = copy_text(&copy, from->name ? from->name : "");
	span->status_message = copy_text(&copy, from->status_message);
	span->trace_state = copy_text(&copy, from->trace_state);
	span->scope = copy_text(&copy, from->scope);
	span->scope_version = copy_text(&copy, from->scope_version);
	span->attributes = copy_bytes(&copy, &from->attributes);
	span->events = copy_bytes(&copy, &from->events);
	span->links = copy_bytes(&copy, &from->links);
	span->resource = resource__get(from->resource);
	if (!span->span_id)
		span->span_id = random_id();
	if (span->end_ns < span->start_ns)
		span->end_ns = span->start_ns;
	return span;
}

void span__free(struct span *span)
{
	if (!span)
		return;
	resource__put(span->resource);
	free(span);
}

static int code_of(const struct bytes *text)
{
	const char *digits = text->data;
	int code = 0;

	for (size_t i = 0; i < text->length; i++) {
		if (text->length != 3 || digits[i] < '0' || digits[i] > '9')
			return 0;
		code = code * 10 + digits[i] - '0';
	}
	return code;
}

int span__http_status(const struct span *span)
{
	static const char *const keys[] = { "http.response.status_code", "http.status_code", NULL };
	struct attribute status;
	int64_t code = 0;

	if (!attributes__find_any(&span->attributes, keys, &status))
		return 0;
	if (status.type == ATTRIBUTE_INT)
		code = status.n;
	else if (status.type == ATTRIBUTE_DOUBLE && status.number >= 100 && status.number < 1000)
		code = status.number;
	else if (status.type == ATTRIBUTE_STRING)
		code = code_of(&status.bytes);
	return code >= 100 && code <= 999 ? code : 0;
}

bool span__is_error(const struct span *span)
{
	int code;

	if (span->status == SPAN_STATUS_ERROR)
		return true;
	/* of what was seen ourselves the status says all */
	if (span->source == SPAN_FROM_EBPF)
		return false;
	code = span__http_status(span);
	if (span->kind == SPAN_KIND_CLIENT)
		return code >= 400;
	return span->kind == SPAN_KIND_SERVER && code >= 500;
}

char *trace_id_text(char *out, const struct trace_id *id)
{
	snprintf(out, TRACE_ID_TEXT, "%016" PRIx64 "%016" PRIx64, id->high, id->low);
	return out;
}

char *span_id_text(char *out, uint64_t id)
{
	snprintf(out, SPAN_ID_TEXT, "%016" PRIx64, id);
	return out;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int span_id_parse(const char *text, size_t length, uint64_t *id)
{
	uint64_t value = 0;

	if (length != SPAN_ID_TEXT - 1)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return -EINVAL;
		value = value << 4 | digit;
	}
	*id = value;
	return 0;
}

int trace_id_parse(const char *text, size_t length, struct trace_id *id)
{
	struct trace_id parsed;

	if (length != TRACE_ID_TEXT - 1 || span_id_parse(text, length / 2, &parsed.high) ||
	    span_id_parse(text + length / 2, length / 2, &parsed.low))
		return -EINVAL;
	*id = parsed;
	return 0;
}
