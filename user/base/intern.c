// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/intern.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define BLOCK_SIZE (64 * 1024)
#define ALIGNMENT _Alignof(max_align_t)

/* What is kept lies in blocks that never move. */
struct block {
	struct block *next;
	size_t used;
	size_t size;
	_Alignas(max_align_t) char bytes[];
};

struct entry {
	const void *bytes;
	size_t length;
};

struct intern {
	struct hash *numbers; /* by two hashes of the contents; number + 1 */
	struct entry *entries;
	size_t count;
	size_t capacity;
	struct block *blocks;
};

struct intern *intern__new(void)
{
	struct intern *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->numbers = hash__new();
	if (!in->numbers) {
		free(in);
		return NULL;
	}
	return in;
}

void intern__free(struct intern *in)
{
	struct block *next;

	if (!in)
		return;
	for (struct block *block = in->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	hash__free(in->numbers);
	free(in->entries);
	free(in);
}

static uint64_t hash_bytes(const void *bytes, size_t length, uint64_t seed)
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

static void *allocate(struct intern *in, size_t length)
{
	size_t need = (length + 1 + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	size_t size = need > BLOCK_SIZE ? need : BLOCK_SIZE;
	struct block *block = in->blocks;

	if (!block || block->size - block->used < need) {
		block = malloc(sizeof(*block) + size);
		if (!block)
			return NULL;
		*block = (struct block){ .next = in->blocks, .size = size };
		in->blocks = block;
	}
	block->used += need;
	return block->bytes + block->used - need;
}

static int reserve(struct intern *in)
{
	size_t capacity = in->capacity ? in->capacity * 2 : 64;
	struct entry *entries;

	if (in->count < in->capacity)
		return 0;
	entries = reallocarray(in->entries, capacity, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	in->entries = entries;
	in->capacity = capacity;
	return 0;
}

int intern__add(struct intern *in, const void *bytes, size_t length, bool *added)
{
	uint64_t a = hash_bytes(bytes, length, 1), b = hash_bytes(bytes, length, 2);
	uintptr_t found;
	char *copy;

	if (added)
		*added = false;
	/* other contents of the same two hashes have the next place */
	for (;; b++) {
		found = (uintptr_t)hash__get(in->numbers, a, b);
		if (!found)
			break;
		if (in->entries[found - 1].length == length &&
		    (!length || !memcmp(in->entries[found - 1].bytes, bytes, length)))
			return found - 1;
	}
	if (in->count == INT_MAX)
		return -E2BIG;
	copy = reserve(in) ? NULL : allocate(in, length);
	if (!copy || hash__set(in->numbers, a, b, (void *)(uintptr_t)(in->count + 1)))
		return -ENOMEM;
	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	in->entries[in->count] = (struct entry){ copy, length };
	if (added)
		*added = true;
	return in->count++;
}

const void *intern__get(const struct intern *in, size_t number, size_t *length)
{
	if (length)
		*length = in->entries[number].length;
	return in->entries[number].bytes;
}

size_t intern__count(const struct intern *in)
{
	return in->count;
}

const char *intern__string(struct intern *in, const char *text)
{
	int number = text ? intern__add(in, text, strlen(text), NULL) : -EINVAL;

	return number < 0 ? NULL : intern__get(in, number, NULL);
}
