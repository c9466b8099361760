// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Hostile unwind information. The first byte says what follows: a whole ELF
 * file (even), or the bytes of a section, with the next ones choosing which
 * kind and where it is mapped. Whatever table comes out of it is looked up in.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/cfi.h"
#include "symbol/cfi_parse.h"
#include "symbol/elf.h"
#include "symbol/python.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As the kernel's search relies on it. */
static void check_table(const struct cfi_table *table)
{
	for (size_t i = 1; i < table->count; i++)
		if (table->rows[i - 1].pc >= table->rows[i].pc)
			abort();
	for (size_t i = 1; i < table->range_count; i++)
		if (table->ranges[i - 1].end > table->ranges[i].start)
			abort();
	for (size_t i = 0; i < table->count; i++)
		if (cfi__row(table, table->rows[i].pc) != &table->rows[i])
			abort();
	if (table->index[table->pages] != table->count)
		abort();
}

static void fuzz_file(const uint8_t *data, size_t size)
{
	struct ppbpf_python python;
	struct cfi_table table;
	struct elf *elf = NULL;
	uint32_t version;
	void *image = malloc(size ? size : 1);
	int err;

	memcpy(image, data, size);
	if (elf__open_image(&elf, image, size)) {
		free(image);
		return;
	}
	err = cfi__read(&table, elf);
	if (!err)
		check_table(&table);
	python_find(&python, &version, elf, err ? NULL : &table);
	if (!err)
		cfi__free(&table);
	elf__free(elf);
	free(image);
}

static void fuzz_section(const uint8_t *data, size_t size)
{
	static const struct cfi_segment segments[] = {
		{ .address = 0x1000, .offset = 0x1000, .size = 0x10000 },
		{ .address = 0x400000, .offset = 0x20000, .size = 0x4000 },
	};
	struct cfi_parser *parser = cfi_parser__new(segments, 2);
	struct cfi_section section = {
		.size = size - 3,
		.address = data[2] * 0x100,
		.debug_frame = data[1] & 1,
		.open_ended = data[1] & 2,
	};
	const struct cfi_rules jump = { .cfa = CFI_CFA_REGISTER, .reg = 7, .offset = 8 };
	struct cfi_table table = { 0 };
	uint8_t *bytes = malloc(section.size ? section.size : 1);
	int err;

	memcpy(bytes, data + 3, section.size);
	section.bytes = bytes;
	err = cfi_parser__section(parser, &section);
	if (!err && data[1] & 4)
		err = cfi_parser__assume(parser, 0x1040, data[2], &jump);
	if (!err)
		err = cfi_parser__finish(parser, &table);
	if (!err)
		check_table(&table);
	cfi__free(&table);
	cfi_parser__free(parser);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 4)
		return 0;
	if (data[0] & 1)
		fuzz_section(data, size);
	else
		fuzz_file(data + 1, size - 1);
	return 0;
}
