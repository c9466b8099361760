/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_MARKUP_H
#define PPBPF_SINK_MARKUP_H

#include <stdio.h>

/*
 * A text that others chose, safe as text and as an attribute's value of XML and of HTML:
 * control characters, which neither knows, and what is not UTF-8 become '?'.
 */
void markup_text(FILE *out, const char *text);

/* A text within a row of a table in GitHub's Markdown: nothing in it is markup. */
void markdown_text(FILE *out, const char *text);

#endif
