/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * PostgreSQL's protocol 3 as it was captured ("Message Formats" in its manual):
 * strangers' bytes, and not always all of them.
 */
#ifndef PPBPF_MODEL_POSTGRESQL_BYTES_H
#define PPBPF_MODEL_POSTGRESQL_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/request.h"

struct postgresql_message {
	char type;
	struct text body;
	bool cut;	/* it goes on beyond the bytes */
};

/* The message at *at, which goes on to the next one. 0; -ENODATA at the end; -EINVAL. */
int postgresql_message__read(struct postgresql_message *out, const char *bytes, size_t length,
			     size_t *at);

/* A string of a message, up to its NUL, off the front of *body; cut, what is there. */
struct text postgresql_string(struct text *body);

/* What a connection begins with: 0, or -EINVAL when these bytes are no such thing. */
struct postgresql_startup {
	bool request;		/* for encryption: no startup yet */
	struct text user;
	struct text database;
};

int postgresql_startup__read(struct postgresql_startup *out, const char *bytes, size_t length);

/* The code and the text of an ErrorResponse's body. */
void postgresql_error__read(struct text body, struct text *code, struct text *message);

/*
 * An ErrorResponse within the last bytes of a reply, which begin anywhere: messages that
 * lead to their very end. False: there is none.
 */
bool postgresql_error__find(const char *bytes, size_t length, struct text *code,
			    struct text *message);

#endif
