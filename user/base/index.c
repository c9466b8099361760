// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 16 /* a power of two, as every size after it */

struct index_slot {
	uint32_t hash;	 /* folded */
	uint32_t number; /* and 1; 0: it is free */
};

uint64_t index_hash(const void *bytes, size_t length, uint64_t seed)
{
	const char *at = bytes;
	uint64_t h = seed ^ length * 0x9e3779b97f4a7c15ULL, word;

	for (; length; at += sizeof(word)) {
		size_t n = length < sizeof(word) ? length : sizeof(word);

		word = 0;
		memcpy(&word, at, n);
		h = (h ^ word) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
		length -= n;
	}
	return h;
}

/* All bits of the hash take part in each of these. */
static uint32_t fold(uint64_t hash)
{
	return hash * 0x9e3779b97f4a7c15ULL >> 32;
}

bool index__find(const struct index *index, uint64_t hash, index_same_fn same, const void *what,
		 uint32_t *number)
{
	size_t mask = index->slot_count - 1;
	const struct index_slot *slot;
	uint32_t folded = fold(hash);

	if (!index->slot_count)
		return false;
	for (size_t i = folded & mask;; i = (i + 1) & mask) {
		slot = &index->slots[i];
		if (!slot->number)
			return false;
		if (slot->hash == folded && same(what, slot->number - 1))
			break;
	}
	*number = slot->number - 1;
	return true;
}

static void put(struct index *index, struct index_slot slot)
{
	size_t mask = index->slot_count - 1, i = slot.hash & mask;

	while (index->slots[i].number)
		i = (i + 1) & mask;
	index->slots[i] = slot;
}

static int grow(struct index *index)
{
	struct index larger = { .count = index->count };

	larger.slot_count = index->slot_count ? index->slot_count * 2 : FIRST_SLOTS;
	larger.slots = calloc(larger.slot_count, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < index->slot_count; i++)
		if (index->slots[i].number)
			put(&larger, index->slots[i]);
	free(index->slots);
	*index = larger;
	return 0;
}

int index__add(struct index *index, uint64_t hash, uint32_t number)
{
	if (index->count + 1 > index->slot_count / 4 * 3 && grow(index))
		return -ENOMEM;
	put(index, (struct index_slot){ fold(hash), number + 1 });
	index->count++;
	return 0;
}

void index__free(struct index *index)
{
	free(index->slots);
	*index = (struct index){ 0 };
}
