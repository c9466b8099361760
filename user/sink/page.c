// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/page.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "base/text.h"

/* Marks in a line: control characters, which no text that is put into it keeps. */
#define MARK_STYLE 0x01		/* + enum page_style */
#define MARK_GLYPHS 0x0e	/* up to MARK_TEXT: a column a character */
#define MARK_TEXT 0x0f

void page__init(struct page *page, const struct term *term)
{
	*page = (struct page){ .term = term };
}

void page__free(struct page *page)
{
	buf__free(&page->out);
	buf__free(&page->line);
	buf__free(&page->widths);
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

void page__text(struct page *page, const char *format, ...)
{
	size_t from = page->line.length;
	va_list args;

	va_start(args, format);
	buf__vprintf(&page->line, format, args);
	va_end(args);
	for (size_t i = from; i < page->line.length; i++)
		if (is_control(page->line.data[i]))
			page->line.data[i] = '?';
	page->column += text_width(buf__str(&page->line) + from, page->term->utf8);
}

void page__column(struct page *page, const char *text, int width)
{
	text_column(&page->line, text, width, page->term->utf8);
	page->column += abs(width);
}

static int glyph_count(const char *text, size_t length)
{
	int count = 0;

	for (size_t i = 0; i < length; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

void page__glyphs(struct page *page, const char *text)
{
	buf__putc(&page->line, MARK_GLYPHS);
	buf__puts(&page->line, text);
	buf__putc(&page->line, MARK_TEXT);
	page->column += glyph_count(text, strlen(text));
}

void page__dot(struct page *page)
{
	page__glyphs(page, page->term->utf8 ? " · " : " | ");
}

void page__to(struct page *page, int column)
{
	if (page->column < column) {
		buf__fill(&page->line, ' ', column - page->column);
		page->column = column;
	}
}

void page__style(struct page *page, enum page_style style)
{
	buf__putc(&page->line, MARK_STYLE + style);
}

int page__room(const struct page *page)
{
	return page->term->width - page->column;
}

static void put_style(struct page *page, enum page_style style)
{
	static const char *const codes[PAGE_STYLE_NR] = {
		[PAGE_PLAIN] = "\033[0m", [PAGE_BOLD] = "\033[1m", [PAGE_DIM] = "\033[2m",
		[PAGE_GREEN] = "\033[32m", [PAGE_YELLOW] = "\033[33m", [PAGE_RED] = "\033[31m",
		[PAGE_BLUE] = "\033[34m",
	};

	if (page->term->colour && style < PAGE_STYLE_NR)
		buf__puts(&page->out, codes[style]);
}

/* Whole glyphs, as many as fit. */
static int put_glyphs(struct page *page, const char *text, size_t length, int left)
{
	while (length && left > 0) {
		size_t size = 1;

		while (size < length && ((unsigned char)text[size] & 0xc0) == 0x80)
			size++;
		buf__append(&page->out, text, size);
		text += size;
		length -= size;
		left--;
	}
	return left;
}

/* A run of text; what does not fit ends in an ellipsis in the one column kept for it. */
static int put_text(struct page *page, const char *text, size_t length, int left)
{
	bool utf8 = page->term->utf8;
	char *copy = strndup(text, length);
	int width;

	if (!copy) {
		page->out.error = -ENOMEM;
		return 0;
	}
	width = text_width(copy, utf8);
	if (width <= left)
		text_column(&page->out, copy, -width, utf8);
	else
		text_column(&page->out, copy, -(left + 1), utf8);
	free(copy);
	return width <= left ? left - width : -1;
}

/* Returns whether anything was left in a style other than plain. */
static bool put_line(struct page *page, int left)
{
	const char *at = buf__str(&page->line), *end = at + page->line.length;
	bool styled = false;
	size_t length;

	while (at < end && left >= 0) {
		if (*at == MARK_GLYPHS) {
			length = strcspn(at + 1, "\x0f");
			left = put_glyphs(page, at + 1, length, left);
			at += length + 2;
		} else if (is_control(*at)) {
			styled = *at != MARK_STYLE + PAGE_PLAIN;
			put_style(page, *at++ - MARK_STYLE);
		} else {
			for (length = 1; at + length < end && !is_control(at[length]); length++)
				;
			left = put_text(page, at, length, left);
			at += length;
		}
	}
	return styled;
}

static void drop_blanks(struct page *page)
{
	struct buf *line = &page->line;

	while (line->length && line->data[line->length - 1] == ' ') {
		buf__truncate(line, line->length - 1);
		page->column--;
	}
}

void page__end_line(struct page *page)
{
	int width = page->term->width, columns;
	bool fits;

	drop_blanks(page);
	fits = page->column <= width;
	columns = fits ? page->column : width;
	if (put_line(page, fits ? width : width - 1))
		put_style(page, PAGE_PLAIN);
	buf__putc(&page->out, '\n');
	buf__append(&page->widths, &columns, sizeof(columns));
	buf__truncate(&page->line, 0);
	page->column = 0;
	page->lines++;
}

void page__note(struct page *page, int indent, const char *text)
{
	if (page->column > indent && page__room(page) < text_width(text, page->term->utf8) + 3) {
		page__end_line(page);
		page__to(page, indent);
	} else if (page->column > indent) {
		page__text(page, "   ");
	}
	page__text(page, "%s", text);
}

/* Up to the next blank at which a line may be broken: "14.0 MB" stays together. */
static size_t word_length(const char *text)
{
	size_t length = strcspn(text, " ");

	while (length && isdigit((unsigned char)text[length - 1]) && text[length])
		length += 1 + strcspn(text + length + 1, " ");
	return length;
}

void page__words(struct page *page, int indent, const char *text)
{
	bool begins = true;

	while (*text) {
		size_t length = word_length(text);
		char *word = strndup(text, length);

		if (!word) {
			page->out.error = -ENOMEM;
			return;
		}
		if (!begins && text_width(word, page->term->utf8) + 1 > page__room(page)) {
			page__end_line(page);
			page__to(page, indent);
			begins = true;
		}
		page__text(page, "%s%s", begins ? "" : " ", word);
		begins = false;
		free(word);
		text += length;
		text += strspn(text, " ");
	}
}

int page__error(const struct page *page)
{
	return page->out.error ? page->out.error : page->line.error;
}

void page__append(struct page *page, const struct page *other)
{
	if (page__error(other))
		page->out.error = page__error(other);
	buf__append(&page->out, buf__str(&other->out), other->out.length);
	buf__append(&page->widths, buf__str(&other->widths), other->widths.length);
	page->lines += other->lines;
}

int page__rows(const struct page *page, int width)
{
	const char *data = buf__str(&page->widths);
	int rows = 0, columns;

	for (int i = 0; i < page->lines && width > 0; i++) {
		memcpy(&columns, data + i * sizeof(columns), sizeof(columns));
		rows += columns > width ? (columns + width - 1) / width : 1;
	}
	return rows;
}
