/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What is left of what we started: as a subreaper we are the parent of every
 * orphan among our descendants, daemons included. Children that were there
 * before (a library's caller may have some) are let alone.
 */
#ifndef PPBPF_OP_DESCENDANTS_H
#define PPBPF_OP_DESCENDANTS_H

#include <stdbool.h>
#include <stddef.h>

struct descendants;

/* Makes this process a subreaper. NULL: no memory. */
struct descendants *descendants__new(void);
/* Puts it back. */
void descendants__free(struct descendants *d);

/* Whether any is left: costs one system call when there is none. */
bool descendants__any(const struct descendants *d);

/* Sends a signal to all that live; returns how many there are. Reaps nobody. */
size_t descendants__signal(const struct descendants *d, int signal);

/*
 * Ends all: SIGTERM, SIGKILL after `patience_ms`; reaps them. Returns how many
 * there were; `name` (of 16 bytes) gets the first one's.
 */
size_t descendants__end(const struct descendants *d, unsigned int patience_ms, char *name);

#endif
