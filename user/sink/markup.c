// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/markup.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

/* The character that text begins with; *length is at least 1. '?' for what is none. */
static uint32_t next_character(const char *text, size_t left, size_t *length)
{
	uint32_t character;

	*length = utf8_decode(text, left, &character);
	if (!*length) {
		*length = 1;
		return '?';
	}
	if (character == '\t' || character == '\n' || character == '\r')
		return ' ';
	if (character < ' ' || (character >= 0x7f && character < 0xa0) || character == 0xfffe ||
	    character == 0xffff)
		return '?';
	return character;
}

static const char *entity(uint32_t character)
{
	switch (character) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void put(FILE *out, const char *text, bool markdown)
{
	size_t left = strlen(text), length;

	for (; left; text += length, left -= length) {
		uint32_t character = next_character(text, left, &length);
		const char *escaped = entity(character);

		if (escaped)
			fputs(escaped, out);
		else if (markdown && character < 0x80 && strchr("\\`*_{}[]()#!|~", (int)character))
			fprintf(out, "\\%c", (int)character);
		else if (character == ' ' || character == '?')
			putc((int)character, out);
		else
			fwrite(text, 1, length, out);
	}
}

void markup_text(FILE *out, const char *text)
{
	put(out, text, false);
}

void markdown_text(FILE *out, const char *text)
{
	put(out, text, true);
}
