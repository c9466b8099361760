// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/text.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/buf.h"

#define LONGEST_NAME 64

size_t text_copy(char *target, size_t size, const char *source)
{
	size_t length = strlen(source);
	size_t fits = length < size ? length : size - 1;

	memcpy(target, source, fits);
	target[fits] = '\0';
	return length;
}

bool text_glob(const char *pattern, const char *text)
{
	return fnmatch(pattern, text, 0) == 0;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Edits (insert, delete, replace, swap neighbours) from @a to @b, both of at most LONGEST_NAME. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST_NAME + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2], *spare;
	size_t b_length = strlen(b);

	for (size_t j = 0; j <= b_length; j++)
		last[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t change = last[j - 1] + (a[i - 1] != b[j - 1]);

			row[j] = smallest(last[j] + 1, row[j - 1] + 1, change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[b_length];
}

const char *text_nearest(const char *word, const char *const *first, size_t count, size_t stride)
{
	size_t length = strlen(word);
	/* One slip in a short word, one in every three letters of a longer one. */
	size_t best_distance = length < 6 ? 2 : length / 3 + 1;
	const char *best = NULL;

	if (length == 0 || length > LONGEST_NAME)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const char *name = *(const char *const *)((const char *)first + i * stride);
		size_t distance;

		if (strlen(name) > LONGEST_NAME)
			continue;
		distance = edit_distance(word, name);
		if (distance < best_distance) {
			best_distance = distance;
			best = name;
		}
	}
	return best;
}

size_t utf8_decode(const char *text, size_t length, uint32_t *character)
{
	static const uint32_t smallest_of_length[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *byte = (const unsigned char *)text;
	size_t size;
	uint32_t c;

	if (length == 0)
		return 0;
	if (byte[0] < 0x80) {
		*character = byte[0];
		return 1;
	}
	if (byte[0] >= 0xf8 || byte[0] < 0xc0)
		return 0;
	size = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
	if (size > length)
		return 0;
	c = byte[0] & (0x7f >> size);
	for (size_t i = 1; i < size; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (byte[i] & 0x3f);
	}
	/* Overlong forms, halves of UTF-16 pairs, beyond Unicode. */
	if (c < smallest_of_length[size] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return 0;
	*character = c;
	return size;
}

/* Characters that print nothing but turn the order of what follows, even the next column's. */
static bool turns_text(uint32_t c)
{
	return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

static bool is_control(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0);
}

void text_blank_controls(char *text)
{
	size_t length = strlen(text), size;
	uint32_t c;

	for (; length > 0; text += size, length -= size) {
		size = utf8_decode(text, length, &c);
		if (size == 0) {
			/* A byte of another encoding, in which 0x80 to 0x9f may be controls. */
			size = 1;
			c = (unsigned char)*text;
		}
		if (c == '\n' || c == '\t')
			*text = ' ';
		else if (is_control(c) || turns_text(c))
			memset(text, '?', size);
	}
}

struct glyph {
	const char *bytes; /* what is printed */
	size_t length;
	int columns;
	size_t consumed; /* bytes of the text */
};

static struct glyph next_glyph(const char *text, bool utf8)
{
	struct glyph g = { .bytes = "?", .length = 1, .columns = 1, .consumed = 1 };
	uint32_t c;
	size_t size = utf8_decode(text, strnlen(text, 4), &c);
	int columns;

	if (size == 0 || (size > 1 && !utf8)) {
		g.consumed = size ? size : 1;
		return g;
	}
	g.consumed = size;
	columns = size == 1 ? (c >= ' ' && c != 0x7f ? 1 : -1) : wcwidth((wchar_t)c);
	if (columns < 0 || turns_text(c))
		return g;
	g.bytes = text;
	g.length = size;
	g.columns = columns;
	return g;
}

int text_width(const char *text, bool utf8)
{
	int width = 0;

	while (*text) {
		struct glyph g = next_glyph(text, utf8);

		width += g.columns;
		text += g.consumed;
	}
	return width;
}

/* Appends what fits in @width columns and returns the columns taken. */
static int append_fitting(struct buf *b, const char *text, int width, bool utf8)
{
	int taken = 0;

	while (*text) {
		struct glyph g = next_glyph(text, utf8);

		if (taken + g.columns > width)
			break;
		buf__append(b, g.bytes, g.length);
		taken += g.columns;
		text += g.consumed;
	}
	return taken;
}

void text_column(struct buf *b, const char *text, int width, bool utf8)
{
	const char *ellipsis = utf8 ? "…" : "~";
	bool left = width < 0;
	int columns = abs(width), needed = text_width(text, utf8), taken;

	if (columns == 0)
		return;
	if (needed <= columns) {
		if (!left)
			buf__fill(b, ' ', columns - needed);
		append_fitting(b, text, columns, utf8);
		if (left)
			buf__fill(b, ' ', columns - needed);
		return;
	}
	taken = append_fitting(b, text, columns - 1, utf8);
	buf__puts(b, ellipsis);
	buf__fill(b, ' ', columns - 1 - taken);
}
