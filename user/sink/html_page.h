/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A page that holds its data, its style and its script, and loads nothing. */
#ifndef PPBPF_SINK_HTML_PAGE_H
#define PPBPF_SINK_HTML_PAGE_H

#include <stdio.h>

struct buf;

struct html_page {
	const char *title;	/* until the script has a better one; of ours, no markup */
	const char *css, *css_end;
	const char *html, *html_end;
	const char *js, *js_end;
};

/* `data`: JSON, for the script in the element "data". 0 or a negative errno. */
int html_page__write(FILE *out, const struct html_page *page, const struct buf *data);

#endif
