/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_BASE_INDEX_H
#define PPBPF_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Numbers by the hash of what they stand for, which lies elsewhere: 11 to 22
 * bytes each, where a struct hash takes 32 to 64. All zero is an empty one.
 */
struct index {
	struct index_slot *slots;
	size_t slot_count;
	size_t count;
};

/* Whether this number stands for what is looked for, which `what` knows. */
typedef bool (*index_same_fn)(const void *what, uint32_t number);

/* False: there is none. */
bool index__find(const struct index *index, uint64_t hash, index_same_fn same, const void *what,
		 uint32_t *number);

/* For a number below 2^32 - 1 that is not there. 0 or -ENOMEM. */
int index__add(struct index *index, uint64_t hash, uint32_t number);

void index__free(struct index *index);

/* Of these bytes; `seed`: of what else belongs to them, or 0. */
uint64_t index_hash(const void *bytes, size_t length, uint64_t seed);

#endif
