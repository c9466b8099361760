// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/intern.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"

#define BLOCK_SIZE (64 * 1024)
#define ALIGNMENT _Alignof(uint64_t)

/* What is kept lies in blocks that never move. */
struct block {
	struct block *next;
	size_t used;
	size_t size;
	_Alignas(uint64_t) char bytes[];
};

struct entry {
	const void *bytes;
	size_t length;
};

struct intern {
	struct index numbers;
	struct entry *entries;
	size_t count;
	size_t capacity;
	struct block *blocks;
};

struct intern *intern__new(void)
{
	return calloc(1, sizeof(struct intern));
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
	index__free(&in->numbers);
	free(in->entries);
	free(in);
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

struct content {
	const struct intern *in;
	const void *bytes;
	size_t length;
};

static bool is_content(const void *what, uint32_t number)
{
	const struct content *content = what;
	const struct entry *entry = &content->in->entries[number];

	return entry->length == content->length &&
	       (!entry->length || !memcmp(entry->bytes, content->bytes, entry->length));
}

int intern__add(struct intern *in, const void *bytes, size_t length, bool *added)
{
	struct content content = { in, bytes, length };
	uint64_t hash = index_hash(bytes, length, 0);
	uint32_t found;
	char *copy;

	if (added)
		*added = false;
	if (index__find(&in->numbers, hash, is_content, &content, &found))
		return found;
	if (in->count == INT_MAX)
		return -E2BIG;
	copy = reserve(in) ? NULL : allocate(in, length);
	if (!copy || index__add(&in->numbers, hash, in->count))
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
