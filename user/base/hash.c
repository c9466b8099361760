// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_SLOTS 16 /* a power of two, as every size after it */

/*
 * Open addressing with linear probing. A removed entry leaves a tombstone, so
 * that removing while iterating moves nothing; rebuilding drops them.
 */
struct hash {
	struct hash_entry *slots;
	size_t slot_count;
	size_t live;
	size_t used; /* live entries and tombstones */
};

static char tombstone;

static bool is_live(const struct hash_entry *slot)
{
	return slot->value && slot->value != &tombstone;
}

/* Multiply and fold: pids and start times differ in their low bits only. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t x = a * 0x9e3779b97f4a7c15ULL ^ (b + 0x7f4a7c15f39cc060ULL);

	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	return x ^ (x >> 32);
}

struct hash *hash__new(void)
{
	struct hash *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->slots = calloc(FIRST_SLOTS, sizeof(*h->slots));
	h->slot_count = FIRST_SLOTS;
	if (!h->slots) {
		free(h);
		return NULL;
	}
	return h;
}

void hash__free(struct hash *h)
{
	if (!h)
		return;
	free(h->slots);
	free(h);
}

/* The entry, or NULL; then *@free_slot is where it would go. */
static struct hash_entry *find(const struct hash *h, uint64_t a, uint64_t b,
			       struct hash_entry **free_slot)
{
	size_t mask = h->slot_count - 1;
	struct hash_entry *reusable = NULL, *slot;

	for (size_t i = mix(a, b) & mask;; i = (i + 1) & mask) {
		slot = &h->slots[i];
		if (!slot->value)
			break;
		if (slot->value == &tombstone)
			reusable = reusable ? reusable : slot;
		else if (slot->a == a && slot->b == b)
			return slot;
	}
	if (free_slot)
		*free_slot = reusable ? reusable : slot;
	return NULL;
}

/* Doubles when it is the entries that fill the map; else only drops the tombstones. */
static int rebuild(struct hash *h)
{
	size_t slot_count = h->live >= h->slot_count / 2 ? h->slot_count * 2 : h->slot_count;
	struct hash bigger = { .slot_count = slot_count };
	struct hash_entry *slot;

	bigger.slots = calloc(slot_count, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < h->slot_count; i++) {
		if (!is_live(&h->slots[i]))
			continue;
		find(&bigger, h->slots[i].a, h->slots[i].b, &slot);
		*slot = h->slots[i];
	}
	free(h->slots);
	h->slots = bigger.slots;
	h->slot_count = slot_count;
	h->used = h->live;
	return 0;
}

void *hash__get(const struct hash *h, uint64_t a, uint64_t b)
{
	struct hash_entry *entry = find(h, a, b, NULL);

	return entry ? entry->value : NULL;
}

int hash__set(struct hash *h, uint64_t a, uint64_t b, void *value)
{
	struct hash_entry *slot, *entry = find(h, a, b, &slot);

	if (!value)
		return -EINVAL;
	if (entry) {
		entry->value = value;
		return 0;
	}
	if (h->used + 1 > h->slot_count / 4 * 3) {
		if (rebuild(h))
			return -ENOMEM;
		find(h, a, b, &slot);
	}
	if (!slot->value)
		h->used++;
	h->live++;
	*slot = (struct hash_entry){ .a = a, .b = b, .value = value };
	return 0;
}

void *hash__remove(struct hash *h, uint64_t a, uint64_t b)
{
	struct hash_entry *entry = find(h, a, b, NULL);
	void *value;

	if (!entry)
		return NULL;
	value = entry->value;
	entry->value = &tombstone;
	h->live--;
	return value;
}

size_t hash__count(const struct hash *h)
{
	return h->live;
}

bool hash__next(const struct hash *h, size_t *cursor, struct hash_entry *entry)
{
	while (*cursor < h->slot_count) {
		const struct hash_entry *slot = &h->slots[(*cursor)++];

		if (is_live(slot)) {
			*entry = *slot;
			return true;
		}
	}
	return false;
}
