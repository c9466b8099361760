/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What spans have in common: the operation that they are an instance of. */
#ifndef PPBPF_MODEL_OPERATION_H
#define PPBPF_MODEL_OPERATION_H

#include <stdbool.h>

#include "model/span.h"

struct buf;

/*
 * Appends the name by which spans are grouped: of a request its method and route, also
 * where the span is called just "GET"; else the span's name.
 */
void operation_of(struct buf *out, const struct span *span);

/*
 * Whether a pattern (* ? [...]) is that of a span: its name, its operation, its route, or
 * one of those with dots: GET /api/orders/{id} is api.orders.{id} and api.orders, a
 * statement in SQL db.query, db.select, db.postgresql and db.postgresql.select, another
 * database's command db.get and so on, a remote call rpc.SERVICE.METHOD.
 */
bool operation_matches(const struct span *span, const char *pattern);

#endif
