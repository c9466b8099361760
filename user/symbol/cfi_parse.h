/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Between cfi.c (ELF files) and cfi_parse.c (the bytes of a section); nobody else's. */
#ifndef PPBPF_SYMBOL_CFI_PARSE_H
#define PPBPF_SYMBOL_CFI_PARSE_H

#include "symbol/cfi.h"
#include "symbol/cfi_rules.h"

/* What is mapped from the file for execution. */
struct cfi_segment {
	uint64_t address;
	uint64_t offset;
	uint64_t size;
};

struct cfi_section {
	const uint8_t *bytes;	/* stay the caller's, until cfi_parser__finish() */
	size_t size;
	uint64_t address;	/* where it is mapped: what pointers in it are relative to */
	bool debug_frame;
	bool open_ended;	/* its size is not known: a terminator ends it */
};

struct cfi_parser;

/* The segments stay the caller's. NULL: no memory. */
struct cfi_parser *cfi_parser__new(const struct cfi_segment *segments, size_t count);
void cfi_parser__free(struct cfi_parser *parser);

/* Takes note of a section's entries. 0, -ENOMEM or -E2BIG; broken entries are passed over. */
int cfi_parser__section(struct cfi_parser *parser, const struct cfi_section *section);

/* How many were noted. */
size_t cfi_parser__entries(const struct cfi_parser *parser);

/*
 * What holds in `size` bytes from an address on, unless the file itself says
 * something of the first of them. 0 or -ENOMEM.
 */
int cfi_parser__assume(struct cfi_parser *parser, uint64_t address, uint64_t size,
		       const struct cfi_rules *rules);

/* Whether what lies between these offsets of the file is a function that nobody calls. */
typedef bool (*cfi_uncalled_fn)(void *context, uint64_t start, uint64_t end);

/* Asks that of small functions that do not move the stack pointer: stacks end there. */
void cfi_parser__find_uncalled(struct cfi_parser *parser, cfi_uncalled_fn is_uncalled,
			       void *context);

/*
 * Instead of all that: of a program of Go that has nothing else, a row for each
 * segment, which says that frame pointers are kept. 0, -ENODATA or -ENOMEM.
 */
int cfi_parser__go(struct cfi_parser *parser, struct cfi_table *table);

/* Makes the rows of all that was noted. 0, -ENODATA, -E2BIG or -ENOMEM. */
int cfi_parser__finish(struct cfi_parser *parser, struct cfi_table *table);

#endif
