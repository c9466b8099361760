// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/cfi.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/cfi_crt.h"
#include "symbol/cfi_parse.h"
#include "symbol/cfi_rules.h"
#include "symbol/elf.h"

#define SEGMENTS_MAX 64
#define HEADERLESS_MAX (64u << 20)

struct reading {
	struct elf *elf;
	struct cfi_segment segments[SEGMENTS_MAX];
	size_t segment_count;
	GElf_Phdr frame_header; /* PT_GNU_EH_FRAME; p_filesz 0: none */
	struct cfi_parser *parser;
};

static int read_segments(struct reading *reading)
{
	GElf_Phdr program;
	size_t count;

	if (!elf__is_64_bit(reading->elf) || elf__machine(reading->elf) != EM_X86_64)
		return -ENODATA;
	if (elf_getphdrnum(elf__handle(reading->elf), &count))
		return -ENODATA;
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf__handle(reading->elf), i, &program))
			break;
		if (program.p_type == PT_GNU_EH_FRAME)
			reading->frame_header = program;
		if (program.p_type != PT_LOAD || !(program.p_flags & PF_X) ||
		    reading->segment_count == SEGMENTS_MAX)
			continue;
		reading->segments[reading->segment_count++] = (struct cfi_segment){
			.address = program.p_vaddr,
			.offset = program.p_offset,
			.size = program.p_filesz,
		};
	}
	return reading->segment_count ? 0 : -ENODATA;
}

static int read_section(struct reading *reading, const char *name, bool debug_frame)
{
	struct cfi_section input = { .debug_frame = debug_frame };
	struct elf_section section;
	int err = elf__section(reading->elf, name, true, &section);

	if (err) /* absent, or broken: other parts may do */
		return err == -ENOMEM ? err : 0;
	input.bytes = section.data;
	input.size = section.size;
	input.address = section.address;
	return input.bytes ? cfi_parser__section(reading->parser, &input) : 0;
}

static Elf_Data *raw(const struct reading *reading, uint64_t offset, uint64_t size)
{
	Elf_Data *data;

	data = elf_getdata_rawchunk(elf__handle(reading->elf), offset, size, ELF_T_BYTE);
	return data && data->d_buf ? data : NULL;
}

/* Where section headers were stripped: the loader's header points to the same bytes. */
static int read_frame_header(struct reading *reading)
{
	struct cfi_section input = { .open_ended = true };
	const GElf_Phdr *header = &reading->frame_header;
	struct cfi_bytes bytes = { 0 };
	uint64_t offset, size;
	size_t file_size;
	Elf_Data *data;
	uint8_t encoding;

	if (!header->p_filesz || !elf_rawfile(elf__handle(reading->elf), &file_size))
		return 0;
	data = raw(reading, header->p_offset, header->p_filesz);
	if (!data)
		return 0;
	bytes.at = data->d_buf;
	bytes.end = bytes.at + data->d_size;
	if (cfi_bytes__fixed(&bytes, 1) != 1)
		return 0;
	encoding = cfi_bytes__fixed(&bytes, 1);
	cfi_bytes__skip(&bytes, 2);
	input.address = cfi_bytes__pointer(&bytes, encoding, header->p_vaddr + 4);
	/* it lies in the same segment, and mostly right behind */
	offset = input.address - header->p_vaddr + header->p_offset;
	if (bytes.bad || offset >= file_size)
		return 0;
	size = file_size - offset;
	data = raw(reading, offset, size < HEADERLESS_MAX ? size : HEADERLESS_MAX);
	if (!data)
		return 0;
	input.bytes = data->d_buf;
	input.size = data->d_size;
	return cfi_parser__section(reading->parser, &input);
}

/* Its tables for the runtime stay when all for debuggers is stripped. */
static bool is_go(struct elf *elf)
{
	struct elf_section section;

	return !elf__section(elf, ".gopclntab", false, &section) ||
	       !elf__section(elf, ".data.rel.ro.gopclntab", false, &section);
}

static int read_all(struct reading *reading, struct cfi_table *table)
{
	int err = read_section(reading, ".eh_frame", false);

	if (!err)
		err = read_section(reading, ".debug_frame", true);
	if (!err && !cfi_parser__entries(reading->parser))
		err = read_frame_header(reading);
	if (!err && !cfi_parser__entries(reading->parser))
		return is_go(reading->elf) ? cfi_parser__go(reading->parser, table) : -ENODATA;
	if (!err)
		err = cfi_crt__assume(reading->parser, reading->elf);
	if (!err)
		cfi_crt__find_uncalled(reading->parser, reading->elf);
	return err ? err : cfi_parser__finish(reading->parser, table);
}

int cfi__read(struct cfi_table *table, struct elf *elf)
{
	struct reading reading = { .elf = elf };
	int err;

	memset(table, 0, sizeof(*table));
	err = read_segments(&reading);
	if (err)
		return err;
	reading.parser = cfi_parser__new(reading.segments, reading.segment_count);
	if (!reading.parser)
		return -ENOMEM;
	err = read_all(&reading, table);
	cfi_parser__free(reading.parser);
	if (err)
		cfi__free(table);
	return err;
}

void cfi__free(struct cfi_table *table)
{
	free(table->rows);
	free(table->ranges);
	free(table->index);
	memset(table, 0, sizeof(*table));
}

const struct ppbpf_unwind_row *cfi__row(const struct cfi_table *table, uint32_t offset)
{
	uint32_t page = offset >> PPBPF_PAGE_SHIFT, low, high;

	if (!table->count || page < table->first_page || page - table->first_page >= table->pages)
		return NULL;
	low = table->index[page - table->first_page];
	high = table->index[page - table->first_page + 1];
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (table->rows[middle].pc <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &table->rows[low - 1] : NULL;
}

const struct cfi_range *cfi__range(const struct cfi_table *table, uint32_t offset)
{
	size_t low = 0, high = table->range_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->ranges[middle].end <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < table->range_count && table->ranges[low].start <= offset ? &table->ranges[low]
									      : NULL;
}
