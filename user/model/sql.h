/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* SQL as it may be shown: what was in its literals is nobody's business. */
#ifndef PPBPF_MODEL_SQL_H
#define PPBPF_MODEL_SQL_H

#include "model/request.h"

struct buf;

#define SQL_SHOWN 2048	/* bytes of a statement at most */

/*
 * Appends the statement with '?' in the place of strings and numbers, without comments and
 * with single blanks. A string that is cut off by the statement's end is a literal, too.
 * 0 or -ENOMEM.
 */
int sql_redact(struct buf *out, struct text statement);

/*
 * "SELECT", "INSERT": its first word in upper case, or what comes after WITH's list; and the
 * table that is named first, as it is written. Both point into `statement`, or to constants;
 * of length 0 when there is none. `statement` is what sql_redact() has made.
 */
struct text sql_operation(struct text statement);
struct text sql_collection(struct text statement);

#endif
