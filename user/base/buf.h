/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_BASE_BUF_H
#define PPBPF_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

/*
 * A growing buffer of bytes. What is in it is always followed by a NUL, so
 * that buf__str() is a string when no NUL was appended.
 *
 * Running out of memory is sticky: from then on every call does nothing and
 * returns -ENOMEM, and so a writer may check once, at the end (->error).
 */
struct buf {
	char *data; /* NULL until something is appended; owned by the buffer */
	size_t length;
	size_t capacity;
	int error; /* 0 or -ENOMEM */
};

/* clang-format off */
#define BUF_INIT { 0 }
/* clang-format on */

/* Each returns 0 or -ENOMEM. */
int buf__append(struct buf *b, const void *bytes, size_t length);
int buf__puts(struct buf *b, const char *text);
int buf__putc(struct buf *b, char c);
int buf__fill(struct buf *b, char c, size_t count);
int buf__printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
int buf__vprintf(struct buf *b, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Makes room for @extra more bytes and the NUL. */
int buf__reserve(struct buf *b, size_t extra);

/* Forgets what comes after @length bytes; the memory is kept. */
void buf__truncate(struct buf *b, size_t length);

/* The contents as a string, never NULL; valid until the next call that appends. */
const char *buf__str(const struct buf *b);

/*
 * Hands the contents over: the caller frees them. The buffer is empty and
 * usable after. NULL (and the buffer freed) when it had run out of memory.
 */
char *buf__take(struct buf *b, size_t *length);

/* Frees the contents; the buffer is empty and usable after. */
void buf__free(struct buf *b);

#endif
