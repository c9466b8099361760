// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Line tables and texts of CPython's code objects. Formats: Objects/lnotab_notes.txt
 * up to 3.10, Objects/locations.md from 3.11 on.
 */
#include <errno.h>
#include <stdbool.h>

#include "base/buf.h"
#include "symbol/python.h"

struct table {
	const uint8_t *at;
	const uint8_t *end;
};

/* co_lnotab: bytes forward, lines forward or back. */
static uint32_t line_by_lnotab(struct table table, int64_t line, uint32_t offset)
{
	uint32_t address = 0;

	while (table.end - table.at >= 2) {
		address += table.at[0];
		if (address > offset)
			break;
		line += (int8_t)table.at[1];
		table.at += 2;
	}
	return line > 0 ? line : 0;
}

#define NO_LINE (-128)

/* 3.10: ranges of bytes; a step of no lines makes the range before it longer. */
static uint32_t line_by_ranges(struct table table, int64_t line, uint32_t offset)
{
	bool has_line = false;
	uint32_t end = 0;

	while (table.end - table.at >= 2) {
		int8_t step = (int8_t)table.at[1];

		end += table.at[0];
		if (step == NO_LINE) {
			has_line = false;
		} else if (step) {
			line += step;
			has_line = true;
		} else if (table.at[0] && end == table.at[0]) {
			has_line = true; /* the first range: on the first line */
		}
		if (offset < end)
			return has_line && line > 0 ? line : 0;
		table.at += 2;
	}
	return 0;
}

/* 6 bits a byte, the lowest first; bit 6: there is more. */
static uint32_t varint(struct table *table)
{
	uint32_t value = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		if (table->at == table->end)
			return 0;
		byte = *table->at++;
		if (shift < 32)
			value |= (uint32_t)(byte & 0x3f) << shift;
		shift += 6;
	} while (byte & 0x40);
	return value;
}

static int64_t svarint(struct table *table)
{
	uint32_t value = varint(table);

	return value & 1 ? -(int64_t)(value >> 1) : (int64_t)(value >> 1);
}

enum location { ONE_LINE = 10, ONE_LINE_LAST = 12, NO_COLUMNS = 13, LONG = 14, NOWHERE = 15 };

/* 3.11: an entry a run of instructions: its kind, its length, how far the line moves. */
static uint32_t line_by_locations(struct table table, int64_t line, uint32_t offset)
{
	uint32_t end = 0;

	while (table.at < table.end) {
		uint8_t first = *table.at++;
		unsigned int kind = first >> 3 & 15;

		if (kind == NO_COLUMNS || kind == LONG)
			line += svarint(&table);
		else if (kind >= ONE_LINE && kind <= ONE_LINE_LAST)
			line += kind - ONE_LINE;
		end += ((first & 7) + 1) * 2;
		if (offset < end)
			return kind == NOWHERE || line < 0 ? 0 : line;
		/* the rest of the entry: up to the next byte with its first bit set */
		while (table.at < table.end && !(*table.at & 0x80))
			table.at++;
	}
	return 0;
}

uint32_t python_line(uint32_t version, uint32_t first_line, const uint8_t *bytes, size_t size,
		     uint32_t offset)
{
	struct table table = { .at = bytes, .end = bytes + size };

	if (version < 0x030a00)
		return line_by_lnotab(table, first_line, offset);
	if (version < 0x030b00)
		return line_by_ranges(table, first_line, offset);
	return line_by_locations(table, first_line, offset);
}

static int put_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80)
		return buf__putc(out, (char)c);
	if (c < 0x800)
		return buf__printf(out, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = 0xfffd;
	if (c < 0x10000)
		return buf__printf(out, "%c%c%c", 0xe0 | c >> 12, 0x80 | (c >> 6 & 0x3f),
				   0x80 | (c & 0x3f));
	return buf__printf(out, "%c%c%c%c", 0xf0 | c >> 18, 0x80 | (c >> 12 & 0x3f),
			   0x80 | (c >> 6 & 0x3f), 0x80 | (c & 0x3f));
}

int python_text(struct buf *out, const void *text, size_t bytes, unsigned int width)
{
	const uint8_t *at = text, *end = at + bytes;
	int err = 0;

	while (!err && width && (size_t)(end - at) >= width) {
		uint32_t c = at[0];

		for (unsigned int i = 1; i < width; i++)
			c |= (uint32_t)at[i] << (8 * i);
		at += width;
		if (!c)
			break;
		err = put_utf8(out, c);
	}
	return err;
}
