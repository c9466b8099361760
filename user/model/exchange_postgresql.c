// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/exchange_link.h"
#include "model/postgresql_bytes.h"
#include "model/sql.h"

#define IDS 16
#define PREPARED_MAX 512	/* statements of one connection */

static bool text_equals(struct text text, const char *string)
{
	return text.length == strlen(string) &&
	       (!text.length || !memcmp(text.bytes, string, text.length));
}

/* --- prepared statements ------------------------------------------------------------------- */

static struct prepared *find_prepared(const struct link *link, struct text name)
{
	struct prepared *prepared = link ? link->prepared : NULL;

	while (prepared && !text_equals(name, prepared->name))
		prepared = prepared->next;
	return prepared;
}

static int prepare(struct exchanges *x, const struct record *record, struct text name,
		   struct text statement)
{
	struct link *link = exchanges__link(x, record->exchange);
	struct prepared *prepared = find_prepared(link, name);
	struct buf text = BUF_INIT;

	if (!link)
		return -ENOMEM;
	if (!prepared) {
		if (link->prepared_count >= PREPARED_MAX)
			return 0;
		prepared = calloc(1, sizeof(*prepared));
		if (!prepared)
			return -ENOMEM;
		prepared->name = strndup(name.bytes, name.length);
		prepared->next = link->prepared;
		link->prepared = prepared;
		link->prepared_count++;
	}
	free(prepared->statement);
	sql_redact(&text, statement);
	prepared->statement = text.length || text.error ? buf__take(&text, NULL) : strdup("");
	return prepared->name && prepared->statement ? 0 : -ENOMEM;
}

/* --- one turn: what a client sends until it waits for the reply ----------------------------- */

struct turn {
	struct exchanges *x;
	const struct record *record;
	struct link *link;
	struct text parsed;	/* of the last Parse in this turn, as it was sent */
	struct text parsed_name;
	bool has_parsed;
	struct text bound;	/* the name of the statement of the last Bind */
	unsigned int executed;	/* statements so far */
	unsigned int failed;	/* the number of the one that failed, -1U: none */
	struct text error, error_message;
};

/* `alone`: an error in the reply is this statement's, whatever came before it. */
static int deliver(struct turn *turn, struct text statement, bool alone)
{
	struct exchanges *x = turn->x;
	unsigned int number = turn->executed++;
	struct request request;

	request_fill(&request, turn->record);
	request.id += number < IDS ? number : IDS - 1;
	request.statement = statement;
	request.operation = sql_operation(statement);
	request.collection = sql_collection(statement);
	if (turn->link && turn->link->database)
		request.database = (struct text){ turn->link->database,
						  strlen(turn->link->database) };
	if (turn->link && turn->link->user)
		request.user = (struct text){ turn->link->user, strlen(turn->link->user) };
	/* what comes after a failed one, up to where the client waits, is not done */
	if (turn->failed != -1U && (alone || number >= turn->failed)) {
		request.error = turn->error;
		request.error_message = turn->error_message;
	}
	return exchanges__deliver(x, &request);
}

static int deliver_sent(struct turn *turn, struct text statement)
{
	struct buf *text = &turn->x->text;
	int err;

	buf__truncate(text, 0);
	err = sql_redact(text, statement);
	return err ? err : deliver(turn, (struct text){ text->data, text->length }, true);
}

static int on_parse(struct turn *turn, struct text body)
{
	turn->parsed_name = postgresql_string(&body);
	turn->parsed = postgresql_string(&body);
	turn->has_parsed = true;
	return prepare(turn->x, turn->record, turn->parsed_name, turn->parsed);
}

static int on_execute(struct turn *turn)
{
	struct prepared *prepared;
	struct text empty = { 0 };

	turn->link = turn->link ? turn->link : exchanges__find(turn->x, turn->record->exchange);
	prepared = find_prepared(turn->link, turn->bound);
	if (!prepared)
		return deliver(turn, empty, false);	/* prepared before the start */
	return deliver(turn, (struct text){ prepared->statement, strlen(prepared->statement) },
		       false);
}

static int on_message(struct turn *turn, const struct postgresql_message *message)
{
	struct text body = message->body;

	switch (message->type) {
	case 'Q':
		return deliver_sent(turn, postgresql_string(&body));
	case 'P':
		return on_parse(turn, body);
	case 'B':
		postgresql_string(&body);	/* the portal */
		turn->bound = postgresql_string(&body);
		return 0;
	case 'E':
		return on_execute(turn);
	default:
		return 0;
	}
}

/* --- its reply ------------------------------------------------------------------------------ */

/* The error among the first messages, and which of the statements it is of. */
static void read_reply(struct turn *turn)
{
	struct text reply = turn->record->reply, end = turn->record->reply_end;
	struct postgresql_message message;
	unsigned int completed = 0;
	size_t at = 0;

	turn->failed = -1U;
	while (!postgresql_message__read(&message, reply.bytes, reply.length, &at)) {
		if (message.type == 'C' || message.type == 'I' || message.type == 's')
			completed++;
		if (message.type != 'E')
			continue;
		postgresql_error__read(message.body, &turn->error, &turn->error_message);
		if (!turn->error.length)
			break;	/* cut before its code: it may be whole at the end */
		turn->failed = completed;
		return;
	}
	if (turn->record->exchange->reply_bytes > reply.length &&
	    postgresql_error__find(end.bytes, end.length, &turn->error, &turn->error_message))
		turn->failed = completed;
}

/* --- the connection --------------------------------------------------------------------------- */

static int on_startup(struct exchanges *x, const struct record *record,
		      const struct postgresql_startup *startup)
{
	struct link *link;

	if (startup->request || !startup->user.bytes)
		return 0;
	link = exchanges__link(x, record->exchange);
	if (!link)
		return -ENOMEM;
	free(link->database);
	free(link->user);
	link->database = strndup(startup->database.bytes, startup->database.length);
	link->user = strndup(startup->user.bytes, startup->user.length);
	return link->database && link->user ? 0 : -ENOMEM;
}

/* A statement that could not even be parsed was never executed, and is told of all the same. */
static int deliver_failed_parse(struct turn *turn)
{
	if (turn->executed || !turn->has_parsed || turn->failed == -1U)
		return 0;
	return deliver_sent(turn, turn->parsed);
}

int exchange_postgresql(struct exchanges *x, const struct record *record)
{
	struct turn turn = { .x = x, .record = record };
	struct postgresql_startup startup;
	struct postgresql_message message;
	size_t at = 0;
	int err = 0;

	if (record->exchange->flags & PPBPF_EXCHANGE_NO_REQUEST)
		return 0;	/* notifications, and what comes after the first of several replies */
	if (!postgresql_startup__read(&startup, record->bytes.bytes, record->bytes.length))
		return on_startup(x, record, &startup);
	turn.link = x->newest ? exchanges__find(x, record->exchange) : NULL;
	read_reply(&turn);
	while (!err) {
		err = postgresql_message__read(&message, record->bytes.bytes, record->bytes.length,
					       &at);
		if (!err && message.type == 'X' && turn.link) {
			exchanges__drop(x, turn.link);
			return 0;
		}
		if (!err)
			err = on_message(&turn, &message);
	}
	if (err == -ENODATA)
		return deliver_failed_parse(&turn);
	if (err != -EINVAL)
		return err;
	x->counts[EXCHANGE_NOT_UNDERSTOOD]++;
	return 0;
}
