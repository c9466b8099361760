// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/arena.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 16384

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	max_align_t bytes[];
};

static struct arena_block *block_new(struct arena *a, size_t size)
{
	struct arena_block *block = calloc(1, sizeof(*block) + size);

	if (!block) {
		a->error = -ENOMEM;
		return NULL;
	}
	block->size = size;
	block->next = a->blocks;
	a->blocks = block;
	return block;
}

void *arena__alloc(struct arena *a, size_t size)
{
	const size_t align = sizeof(max_align_t);
	struct arena_block *block = a->blocks;
	void *at;

	if (a->error || size > SIZE_MAX / 2) {
		a->error = -ENOMEM;
		return NULL;
	}
	size = (size + align - 1) / align * align;
	if (!block || block->size - block->used < size)
		block = block_new(a, size > BLOCK ? size : BLOCK);
	if (!block)
		return NULL;
	at = (char *)block->bytes + block->used;
	block->used += size;
	return at;
}

char *arena__strndup(struct arena *a, const char *text, size_t length)
{
	char *copy = arena__alloc(a, length + 1);

	if (copy)
		memcpy(copy, text, length);
	return copy;
}

char *arena__strdup(struct arena *a, const char *text)
{
	return text ? arena__strndup(a, text, strlen(text)) : NULL;
}

char *arena__printf(struct arena *a, const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = length < 0 ? NULL : arena__alloc(a, length + 1);
	if (!text)
		return NULL;
	va_start(args, format);
	vsnprintf(text, length + 1, format, args);
	va_end(args);
	return text;
}

void arena__reset(struct arena *a)
{
	struct arena_block *block = a->blocks;
	size_t size = 0;

	if (block && !block->next && !a->error) {
		memset(block->bytes, 0, block->used);
		block->used = 0;
		return;
	}
	for (; block; block = block->next)
		size += block->size;
	arena__free(a);
	if (size)
		block_new(a, size);
}

void arena__free(struct arena *a)
{
	struct arena_block *block = a->blocks, *next;

	for (; block; block = next) {
		next = block->next;
		free(block);
	}
	*a = (struct arena)ARENA_INIT;
}
