// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "receive/spans_in.h"

#include <errno.h>
#include <string.h>

int spans_in__read(int (*read)(const void *body, size_t length, struct spans_in *in),
		   const void *body, size_t length, struct spans_in *in)
{
	struct spans_in look = { 0 };
	int err = read(body, length, &look);

	return err ? err : read(body, length, in);
}

void span_draft__clear(struct span_draft *draft)
{
	struct buf *const parts[] = {
		&draft->name, &draft->status_message, &draft->trace_state, &draft->attributes,
		&draft->events, &draft->links,
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		buf__truncate(parts[i], 0);
	draft->span = (struct span){ 0 };
}

void span_draft__free(struct span_draft *draft)
{
	struct buf *const parts[] = {
		&draft->name, &draft->status_message, &draft->trace_state, &draft->scope,
		&draft->scope_version, &draft->attributes, &draft->events, &draft->links,
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		buf__free(parts[i]);
}

static const char *text_or_null(const struct buf *text)
{
	return text->length ? text->data : NULL;
}

static struct bytes bytes_of(const struct buf *b)
{
	return (struct bytes){ b->data, b->length };
}

static int draft_error(const struct span_draft *draft)
{
	const struct buf *const parts[] = {
		&draft->name, &draft->status_message, &draft->trace_state, &draft->scope,
		&draft->scope_version, &draft->attributes, &draft->events, &draft->links,
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i]->error)
			return parts[i]->error;
	return 0;
}

int span_draft__emit(struct span_draft *draft, struct spans_in *in)
{
	struct span *span = &draft->span;
	int err = draft_error(draft);

	if (err)
		return err;
	if (!trace_id_known(&span->trace_id) || !span->span_id) {
		in->rejected++;
		return 0;
	}
	in->taken++;
	if (!in->on_span)
		return 0;
	span->name = buf__str(&draft->name);
	span->status_message = text_or_null(&draft->status_message);
	span->trace_state = text_or_null(&draft->trace_state);
	span->scope = text_or_null(&draft->scope);
	span->scope_version = text_or_null(&draft->scope_version);
	span->attributes = bytes_of(&draft->attributes);
	span->events = bytes_of(&draft->events);
	span->links = bytes_of(&draft->links);
	return in->on_span(span, in->context);
}

struct resource *spans_in__resource(const struct spans_in *in, const struct buf *attributes,
				    int *err)
{
	const struct bytes bytes = bytes_of(attributes);
	struct resource *resource = NULL;

	*err = attributes->error;
	if (!*err && in->on_span) {
		resource = resource__new(&bytes);
		*err = resource ? 0 : -ENOMEM;
	}
	return resource;
}
