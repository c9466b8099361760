/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_BASE_TEXT_H
#define PPBPF_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Copies what fits, always NUL-terminated (@size > 0); returns the length of @source. */
size_t text_copy(char *target, size_t size, const char *source);

/* A whole-text match of a shell pattern: * ? [...]. */
bool text_glob(const char *pattern, const char *text);

/*
 * The name that was most likely meant by @word, or NULL when none is near.
 * @first points to the name in the first of @count elements, which lie @stride
 * bytes apart, so that a table of structs can be searched:
 *
 *	text_nearest(word, &table[0].name, ARRAY_LENGTH, sizeof(table[0]))
 */
const char *text_nearest(const char *word, const char *const *first, size_t count, size_t stride);

/* Length in bytes of the character that starts @text (@length > 0), 0 when that is not UTF-8. */
size_t utf8_decode(const char *text, size_t length, uint32_t *character);

/*
 * Makes @text fit to be printed on one line of any terminal, in place: ends of
 * lines and tabs become blanks; the bytes of control characters, and of those
 * that change the direction of writing, '?'.
 */
void text_blank_controls(char *text);

/*
 * Columns that @text takes on a terminal, as text_column() would print it.
 * Widths come from the locale: main() calls setlocale(LC_CTYPE, "").
 */
int text_width(const char *text, bool utf8);

/*
 * Appends @text in exactly |@width| columns: as in printf, right-aligned for
 * positive widths, left-aligned for negative ones. What is too long is cut and
 * ends in an ellipsis. Control characters, those that change the direction of
 * writing, and what is not UTF-8 (or not ASCII without @utf8), become '?': a
 * process chooses its own name and arguments.
 */
void text_column(struct buf *b, const char *text, int width, bool utf8);

#endif
