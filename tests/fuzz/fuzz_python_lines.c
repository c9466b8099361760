// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What a Python process may have in its memory where a line table and a name
 * are looked for. Two bytes choose the format and the width of characters, four
 * are the instruction's offset, the rest is the table, and the name.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "symbol/python.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t versions[] = { 0x030800, 0x030900, 0x030a00, 0x030b00, 0x030d00 };
	struct buf text = BUF_INIT;
	uint32_t offset;
	uint8_t *bytes;

	if (size < 6)
		return 0;
	memcpy(&offset, data + 2, sizeof(offset));
	bytes = malloc(size - 6 ? size - 6 : 1);
	memcpy(bytes, data + 6, size - 6);
	python_line(versions[data[0] % 5], offset >> 8, bytes, size - 6, offset & 0xffff);
	python_text(&text, bytes, size - 6, 1u << data[1] % 3);
	buf__free(&text);
	free(bytes);
	return 0;
}
