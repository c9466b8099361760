// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/exchange_link.h"
#include "model/redis_bytes.h"

#define IDS 16
#define SHOWN_ARGUMENTS 8

/* Whose replies go on without end: the first one is theirs. */
static bool goes_on(struct text name)
{
	static const char *const names[] = { "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (name.length == strlen(names[i]) &&
		    !strncasecmp(name.bytes, names[i], name.length))
			return true;
	return false;
}

/* "SET ? ?": into the buffer of texts, which a later text may move. */
static int describe(struct buf *text, const struct redis_command *command)
{
	for (size_t i = 0; i < command->name.length; i++)
		buf__putc(text, toupper((unsigned char)command->name.bytes[i]));
	for (uint64_t i = 0; i < command->arguments && i < SHOWN_ARGUMENTS; i++)
		buf__puts(text, " ?");
	if (command->arguments > SHOWN_ARGUMENTS)
		buf__puts(text, " ...");
	return text->error;
}

static int fill(struct exchanges *x, struct request *request, const struct record *record,
		const struct redis_command *command)
{
	int err;

	buf__truncate(&x->text, 0);
	err = describe(&x->text, command);
	if (err)
		return err;
	request_fill(request, record);
	request->cut = command->cut;
	request->operation = (struct text){ x->text.data, command->name.length };
	request->statement = (struct text){ x->text.data, x->text.length };
	if (goes_on(command->name) && request->first_byte_ns)
		request->end_ns = request->first_byte_ns;
	return 0;
}

static void fill_reply(struct request *request, const struct redis_reply *reply)
{
	request->error = reply->error;
	request->error_message = reply->message;
}

static int deliver_waiting(struct exchanges *x, struct link *link,
			   const struct ppbpf_exchange *exchange, const struct redis_reply *reply)
{
	struct waiting *waiting = link__next(link);
	int err;

	if (!waiting) {
		x->counts[EXCHANGE_STRAY_REPLIES]++;
		return 0;
	}
	request_fill_reply(&waiting->request, exchange);
	fill_reply(&waiting->request, reply);
	err = exchanges__deliver(x, &waiting->request);
	free(waiting);
	return err;
}

/* Several replies at once: those that are captured are told apart. */
static int replies(struct exchanges *x, struct link *link, const struct record *record)
{
	struct redis_reply one = { 0 };
	uint64_t left = record->exchange->reply_bytes;
	size_t at = 0;
	int err = 0;

	if (!record->exchange->first)
		return 0;
	while (!err && at < record->reply.length && link->first) {
		if (redis_reply__read(&one, record->reply.bytes + at, record->reply.length - at))
			break;
		if (one.cut && one.whole >= left - at)
			at = left;
		else if (one.cut)
			break;
		else
			at += one.size;
		err = deliver_waiting(x, link, record->exchange, &one);
	}
	/* beyond what is captured: answered by now, but it is not known how */
	for (one = (struct redis_reply){ 0 }; !err && at < left && link->first;) {
		x->counts[EXCHANGE_UNTOLD_REPLIES]++;
		err = deliver_waiting(x, link, record->exchange, &one);
	}
	return err;
}

static int all_wait(struct exchanges *x, struct link *link, const struct record *record)
{
	struct redis_command command;
	struct request request;
	size_t at = 0;
	int err = 0;

	for (unsigned int i = 0; !err && at < record->bytes.length; i++) {
		if (redis_command__read(&command, record->bytes.bytes + at,
					record->bytes.length - at)) {
			x->counts[EXCHANGE_NOT_UNDERSTOOD]++;
			break;
		}
		err = fill(x, &request, record, &command);
		if (err)
			return err;
		request.id += i < IDS ? i : IDS - 1;
		request.sequence += at;
		err = exchanges__wait(x, link, &request);
		at += command.size;
	}
	return err;
}

static bool is_simple(const struct record *record, const struct link *link,
		      const struct redis_command *command)
{
	return !(record->exchange->flags & PPBPF_EXCHANGE_PART) && !(link && link->first) &&
	       (command->size == record->bytes.length || command->cut);
}

bool exchange_redis_is_simple(struct exchanges *x, const struct record *record)
{
	struct link *link = x->newest ? exchanges__find(x, record->exchange) : NULL;
	struct redis_command command;

	return !(record->exchange->flags & PPBPF_EXCHANGE_NO_REQUEST) &&
	       !redis_command__read(&command, record->bytes.bytes, record->bytes.length) &&
	       is_simple(record, link, &command);
}

bool exchange_redis_is_whole(const struct record *record)
{
	struct redis_reply reply;

	return !redis_reply__read(&reply, record->reply.bytes, record->reply.length) &&
	       !reply.cut && reply.size == record->exchange->reply_bytes;
}

int exchange_redis(struct exchanges *x, const struct record *record)
{
	struct link *link = x->newest ? exchanges__find(x, record->exchange) : NULL;
	struct redis_command command;
	struct redis_reply reply = { 0 };
	struct request request;
	int err;

	if (record->exchange->flags & PPBPF_EXCHANGE_NO_REQUEST) {
		if (!link || !link->first) {
			x->counts[EXCHANGE_STRAY_REPLIES]++;
			return 0;
		}
	} else if (redis_command__read(&command, record->bytes.bytes, record->bytes.length)) {
		x->counts[EXCHANGE_NOT_UNDERSTOOD]++;
		return 0;
	} else if (is_simple(record, link, &command)) {
		err = fill(x, &request, record, &command);
		if (err)
			return err;
		redis_reply__read(&reply, record->reply.bytes, record->reply.length);
		fill_reply(&request, &reply);
		return exchanges__deliver(x, &request);
	}
	link = exchanges__link(x, record->exchange);
	if (!link)
		return -ENOMEM;
	err = all_wait(x, link, record);
	if (!err && !(record->exchange->flags & PPBPF_EXCHANGE_PART))
		err = replies(x, link, record);
	exchanges__drop_empty(x, link);
	return err;
}
