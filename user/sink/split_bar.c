// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/split_bar.h"

#include <stdlib.h>
#include <string.h>

#include "base/term.h"

const enum page_style split_bar_styles[SPLIT_BAR_PARTS] = {
	PAGE_GREEN, PAGE_YELLOW, PAGE_RED, PAGE_BLUE,
};

/* The colour repeats what the shade says already. */
void split_bar__print(struct page *page, const double *parts, double total, int width)
{
	bool utf8 = page->term->utf8;
	struct buf bar = BUF_INIT;
	const char *at;

	term_bar(&bar, parts, SPLIT_BAR_PARTS, total, width, utf8);
	at = buf__str(&bar);
	for (size_t part = 0; part < SPLIT_BAR_PARTS; part++) {
		const char *shade = term_shade(part, utf8);
		size_t size = strlen(shade), length = 0;
		char *run;

		while (!strncmp(at + length, shade, size))
			length += size;
		run = strndup(at, length);
		if (run && length) {
			page__style(page, split_bar_styles[part]);
			page__glyphs(page, run);
			page__style(page, PAGE_PLAIN);
		}
		free(run);
		at += length;
	}
	page__text(page, "%s", at);
	buf__free(&bar);
}
