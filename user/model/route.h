/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What requests have in common: /users/17 and /users/18 are /users/{id}. */
#ifndef PPBPF_MODEL_ROUTE_H
#define PPBPF_MODEL_ROUTE_H

#include <stddef.h>

struct buf;

/*
 * Appends the route of a request's target: its path without query and fragment (of
 * http://host/path, too), with {id} for what looks like the name of one thing: numbers,
 * UUIDs, digests, tokens.
 */
void route_of(struct buf *out, const char *target, size_t length);

/*
 * Where the path of a request's target begins: 0, but of "http://user@host:80/path" behind the
 * host. The length: it names none.
 */
size_t target_path(const char *target, size_t length);

#endif
