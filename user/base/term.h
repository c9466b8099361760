/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_BASE_TERM_H
#define PPBPF_BASE_TERM_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* What the other end of a file descriptor can show. */
struct term {
	bool is_terminal;
	bool utf8;   /* the locale's character set (LC_ALL, LC_CTYPE, LANG) */
	bool colour; /* a terminal, not a dumb one, and no NO_COLOR */
	int width;   /* columns: the terminal's, else COLUMNS, else 80; 100 in a pipe */
	int height;  /* rows of a terminal; 0 in a pipe */
};

void term__detect(struct term *t, int fd);

/* The window may have changed (SIGWINCH). */
void term__resize(struct term *t, int fd);

/*
 * Appends a bar of @width columns for @total: each of the @count parts in its
 * own shade, in order, blank after the last. A part above 0 gets a column at
 * least, as long as there are enough.
 */
void term_bar(struct buf *b, const double *parts, size_t count, double total, int width, bool utf8);

/* The shade of part @index in term_bar(), for a legend. */
const char *term_shade(size_t index, bool utf8);

/*
 * Appends a line of at most @width columns, from 0 to the largest value. More
 * values than columns: each column shows its largest, so that peaks are kept.
 * NaN (not known) is blank.
 */
void term_sparkline(struct buf *b, const double *values, size_t count, int width, bool utf8);

#endif
