/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Lines of text for a person, made from left to right. No line is wider than
 * the terminal, colours are left out where they are not wanted, and nothing
 * that a process calls itself reaches the terminal as a control sequence.
 */
#ifndef PPBPF_SINK_PAGE_H
#define PPBPF_SINK_PAGE_H

#include <stdbool.h>

#include "base/buf.h"

struct term;

enum page_style {
	PAGE_PLAIN,
	PAGE_BOLD,
	PAGE_DIM,
	PAGE_GREEN,
	PAGE_YELLOW,
	PAGE_RED,
	PAGE_BLUE,
	PAGE_STYLE_NR,
};

struct page {
	struct buf out;		/* the finished lines; ->error after running out of memory */
	struct buf line;	/* the one that is being made, with marks for styles */
	struct buf widths;	/* an int for each finished line: its columns */
	const struct term *term;
	int column;		/* of the line that is being made */
	int lines;		/* finished ones */
};

void page__init(struct page *page, const struct term *term);
void page__free(struct page *page);

/* Appends; control characters become '?'. */
void page__text(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* In |`width`| columns, right-aligned for positive ones; what is too long is cut. */
void page__column(struct page *page, const char *text, int width);
/* Our own bars and signs, a column each, whatever the process's locale thinks of them. */
void page__glyphs(struct page *page, const char *text);
/* The sign between two remarks. */
void page__dot(struct page *page);
/* Blanks up to a column. */
void page__to(struct page *page, int column);
/* From here on; a line begins plain. */
void page__style(struct page *page, enum page_style style);
void page__end_line(struct page *page);

/* Columns that are left in the line. */
int page__room(const struct page *page);
/* A remark after what is there if it fits, else in a line of its own from `indent` on. */
void page__note(struct page *page, int indent, const char *text);
/* Words over as many lines as it takes, the following ones from `indent` on. */
void page__words(struct page *page, int indent, const char *text);
/* -ENOMEM when some of it was lost for want of memory. */
int page__error(const struct page *page);
/* All lines of another page. */
void page__append(struct page *page, const struct page *other);

/* Rows that the finished lines take when the terminal has become `width` columns wide. */
int page__rows(const struct page *page, int width);

#endif
