/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Named ranges of addresses, which may overlap and lie as strangers please. */
#ifndef PPBPF_SYMBOL_RANGES_H
#define PPBPF_SYMBOL_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t start;
	uint64_t end;		/* exclusive; equal to the start: the end is not known */
	const void *name;	/* the owner's */
	uint32_t rank;
};

/* All zero is an empty table. */
struct ranges {
	struct range *rows;
	uint64_t *reach;	/* the largest end up to each row */
	size_t count;
	size_t capacity;
};

/* 0 or -ENOMEM. */
int ranges__add(struct ranges *ranges, const struct range *row);
/* After adding, before searching: orders them by start, then by rank. 0 or -ENOMEM. */
int ranges__sort(struct ranges *ranges);
void ranges__free(struct ranges *ranges);

/*
 * The range around an address, or NULL: the one that begins last, and of those
 * with one beginning the one of the highest rank.
 */
const struct range *ranges__find(const struct ranges *ranges, uint64_t address);
/* The same, but the one of the highest rank, wherever it begins. */
const struct range *ranges__find_ranked(const struct ranges *ranges, uint64_t address);
/* The one of the highest rank that begins exactly there, ended or not. */
const struct range *ranges__at(const struct ranges *ranges, uint64_t start);

#endif
