/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_BASE_HASH_H
#define PPBPF_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A map of two 64-bit numbers, such as (tgid, start time), to a pointer. The
 * values are the caller's; NULL cannot be stored.
 */
struct hash;

struct hash *hash__new(void); /* NULL: no memory */
void hash__free(struct hash *h);

/* NULL when it is not there. */
void *hash__get(const struct hash *h, uint64_t a, uint64_t b);

/* Adds or replaces; returns 0 or -ENOMEM, and then the map is as it was. */
int hash__set(struct hash *h, uint64_t a, uint64_t b, void *value);

/* Returns the value that was there, or NULL. */
void *hash__remove(struct hash *h, uint64_t a, uint64_t b);

size_t hash__count(const struct hash *h);

struct hash_entry {
	uint64_t a;
	uint64_t b;
	void *value;
};

/*
 * Visits all, in no particular order: start with *@cursor = 0, until false.
 * Removing is allowed meanwhile, setting is not.
 */
bool hash__next(const struct hash *h, size_t *cursor, struct hash_entry *entry);

#endif
