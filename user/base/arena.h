/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_BASE_ARENA_H
#define PPBPF_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Memory that is freed all at once: what is read from a file and kept as long
 * as the file's model. Running out of memory is sticky, as in a struct buf.
 */
struct arena {
	struct arena_block *blocks;
	int error; /* 0 or -ENOMEM */
};

/* clang-format off */
#define ARENA_INIT { 0 }
/* clang-format on */

/* Zeroed and aligned for any type; NULL without memory. */
void *arena__alloc(struct arena *a, size_t size);
/* NULL for NULL, and without memory. */
char *arena__strdup(struct arena *a, const char *text);
char *arena__strndup(struct arena *a, const char *text, size_t length);
char *arena__printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Forgets all that it holds; the memory is kept for what comes next. */
void arena__reset(struct arena *a);
void arena__free(struct arena *a);

#endif
