// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/cfi_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/cfi_rules.h"

/* Bytes between two functions that only fill up: no place that code returns to. */
#define PADDING_MAX 16
#define ENTRIES_MAX (1u << 21)
#define GO_DATA_ALIGN (-4)
#define UNCALLED_MAX 64 /* bytes of a function that is only returned to */
#define ASSUMED UINT32_MAX /* the order of what the file itself does not say */

struct entry {
	uint64_t start; /* file offset */
	uint64_t end;
	uint64_t address;
	const uint8_t *code;
	const uint8_t *code_end;
	uint32_t cie;
	uint32_t order;
	bool uncalled; /* its first byte is returned to, and nothing lies behind */
};

struct cie_at {
	size_t offset;
	struct cfi_cie cie;
};

struct cfi_parser {
	const struct cfi_segment *segments;
	size_t segment_count;
	struct entry *entries;
	size_t entry_count, entry_room;
	struct cie_at *cies; /* of one section after the other, each by ascending offset */
	size_t cie_count, cie_room;
	size_t first_cie; /* of the section at hand */
	size_t row_room;
};

struct cfi_parser *cfi_parser__new(const struct cfi_segment *segments, size_t count)
{
	struct cfi_parser *parser = calloc(1, sizeof(*parser));

	if (!parser)
		return NULL;
	parser->segments = segments;
	parser->segment_count = count;
	return parser;
}

void cfi_parser__free(struct cfi_parser *parser)
{
	if (!parser)
		return;
	free(parser->entries);
	free(parser->cies);
	free(parser);
}

/* Room for one more element, doubling; 0 or -ENOMEM. */
static int grow(void **array, size_t count, size_t *room, size_t element)
{
	size_t larger = *room ? *room * 2 : 256;
	void *moved;

	if (count < *room)
		return 0;
	moved = realloc(*array, larger * element);
	if (!moved)
		return -ENOMEM;
	*array = moved;
	*room = larger;
	return 0;
}

static const struct cfi_segment *segment_of(const struct cfi_parser *parser, uint64_t address,
					    uint64_t size)
{
	const struct cfi_segment *segment;

	for (size_t i = 0; i < parser->segment_count; i++) {
		segment = &parser->segments[i];
		if (address >= segment->address && size <= segment->size &&
		    address - segment->address <= segment->size - size)
			return segment;
	}
	return NULL;
}

static int add_cie(struct cfi_parser *parser, const struct cfi_section *section,
		   struct cfi_bytes body, size_t offset)
{
	struct cie_at *at;
	int err = grow((void **)&parser->cies, parser->cie_count, &parser->cie_room, sizeof(*at));

	if (err)
		return err;
	at = &parser->cies[parser->cie_count];
	at->offset = offset;
	if (cfi_cie__parse(&at->cie, body, section->debug_frame))
		parser->cie_count++;
	return 0;
}

/* Index of the entry's common part, or -1. */
static long find_cie(const struct cfi_parser *parser, size_t offset)
{
	size_t low = parser->first_cie, high = parser->cie_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (parser->cies[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < parser->cie_count && parser->cies[low].offset == offset ? (long)low : -1;
}

static int add_fde(struct cfi_parser *parser, const struct cfi_section *section,
		   struct cfi_bytes body, size_t cie_offset)
{
	long index = find_cie(parser, cie_offset);
	const struct cfi_segment *segment;
	const struct cfi_cie *cie;
	uint64_t address, start, size;
	struct entry *entry;
	int err;

	if (index < 0)
		return 0;
	cie = &parser->cies[index].cie;
	address = cfi_bytes__pointer(&body, cie->encoding,
				     section->address + (uint64_t)(body.at - section->bytes));
	size = cfi_bytes__pointer(&body, cie->encoding & 0x0f, 0);
	if (cie->augmented)
		cfi_bytes__skip(&body, cfi_bytes__uleb(&body));
	segment = segment_of(parser, address, size);
	/* nothing at address 0: what the linker has dropped leaves such entries */
	if (body.bad || !size || !address || !segment)
		return 0;
	start = address - segment->address + segment->offset;
	if (start + size > UINT32_MAX)
		return 0;
	if (parser->entry_count >= ENTRIES_MAX)
		return -E2BIG;
	err = grow((void **)&parser->entries, parser->entry_count, &parser->entry_room,
		   sizeof(*entry));
	if (err)
		return err;
	entry = &parser->entries[parser->entry_count];
	*entry = (struct entry){
		.start = start,
		.end = start + size,
		.address = address,
		.code = body.at,
		.code_end = body.end,
		.cie = index,
		.order = parser->entry_count++,
	};
	return 0;
}

size_t cfi_parser__entries(const struct cfi_parser *parser)
{
	return parser->entry_count;
}

int cfi_parser__assume(struct cfi_parser *parser, uint64_t address, uint64_t size,
		       const struct cfi_rules *rules)
{
	const struct cfi_segment *segment = segment_of(parser, address, size);
	struct entry *entry;
	struct cie_at *at;
	uint64_t start;
	int err;

	if (!segment || !address || !size)
		return 0;
	start = address - segment->address + segment->offset;
	if (start > UINT32_MAX || size > UINT32_MAX - start)
		return 0;
	err = grow((void **)&parser->cies, parser->cie_count, &parser->cie_room, sizeof(*at));
	if (!err)
		err = grow((void **)&parser->entries, parser->entry_count, &parser->entry_room,
			   sizeof(*entry));
	if (err)
		return err;
	at = &parser->cies[parser->cie_count];
	*at = (struct cie_at){ .cie.initial = *rules };
	entry = &parser->entries[parser->entry_count++];
	*entry = (struct entry){
		.start = start,
		.end = start + size,
		.address = address,
		.cie = parser->cie_count++,
		.order = ASSUMED,
	};
	return 0;
}

static bool has_rules(const struct entry *entry)
{
	for (const uint8_t *at = entry->code; at < entry->code_end; at++)
		if (*at) /* DW_CFA_nop */
			return true;
	return false;
}

void cfi_parser__find_uncalled(struct cfi_parser *parser, cfi_uncalled_fn is_uncalled,
			       void *context)
{
	for (size_t i = 0; i < parser->entry_count; i++) {
		struct entry *entry = &parser->entries[i];

		if (entry->end - entry->start <= UNCALLED_MAX && !has_rules(entry))
			entry->uncalled = is_uncalled(context, entry->start, entry->end);
	}
}

int cfi_parser__section(struct cfi_parser *parser, const struct cfi_section *section)
{
	struct cfi_bytes all = { .at = section->bytes, .end = section->bytes + section->size };
	int err = 0;

	parser->first_cie = parser->cie_count;
	while (!err && !all.bad && all.at < all.end) {
		size_t offset = all.at - section->bytes, id_offset;
		struct cfi_bytes body;
		uint64_t length = cfi_bytes__fixed(&all, 4), id, cie_id = UINT32_MAX;
		bool wide = length == UINT32_MAX;

		if (wide)
			length = cfi_bytes__fixed(&all, 8);
		if (!length && section->open_ended)
			break;
		if (!length)
			continue;
		if (all.bad || length > (size_t)(all.end - all.at))
			break;
		body.at = all.at;
		body.end = all.at + length;
		body.bad = false;
		all.at += length;
		id_offset = body.at - section->bytes;
		id = cfi_bytes__fixed(&body, wide ? 8 : 4);
		if (!section->debug_frame)
			cie_id = 0;
		else if (wide)
			cie_id = UINT64_MAX;
		if (body.bad)
			continue;
		if (id == cie_id)
			err = add_cie(parser, section, body, offset);
		else
			err = add_fde(parser, section, body,
				      section->debug_frame ? id : id_offset - id);
	}
	return err;
}

static int by_start(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/*
 * Go's own: what they say of the stack pointer holds, but not where a function goes
 * on with another stack; of the frame pointer, which Go always keeps at the
 * frame's top, they say nothing. No other compiler has this alignment.
 */
static bool is_go(const struct cfi_cie *cie)
{
	return cie->data_align == GO_DATA_ALIGN;
}

/* Where rows go while an entry's program runs; `limit`: where the next entry begins. */
struct rows {
	struct cfi_parser *parser;
	struct cfi_table *table;
	uint64_t address; /* of the entry */
	uint64_t start;	  /* its offset in the file */
	uint64_t limit;
	bool go;
};

static int put_row(struct rows *rows, uint64_t offset, const struct ppbpf_unwind_row *row)
{
	struct cfi_table *table = rows->table;
	struct ppbpf_unwind_row *last = table->count ? &table->rows[table->count - 1] : NULL;
	int err;

	if (last && last->pc == offset)
		table->count--;
	last = table->count ? &table->rows[table->count - 1] : NULL;
	if (last && last->cfa == row->cfa && last->fp == row->fp && last->kind == row->kind)
		return 0;
	if (table->count >= CFI_ROWS_MAX)
		return -E2BIG;
	err = grow((void **)&table->rows, table->count, &rows->parser->row_room, sizeof(*row));
	if (err)
		return err;
	table->rows[table->count] = *row;
	table->rows[table->count++].pc = offset;
	return 0;
}

static int on_row(void *context, uint64_t address, const struct ppbpf_unwind_row *row)
{
	struct rows *rows = context;
	struct ppbpf_unwind_row of_go = *row;
	uint64_t from_start = address - rows->address;

	if (from_start >= rows->limit - rows->start)
		return 0;
	if (rows->go && row->kind == PPBPF_UNWIND_SP) {
		of_go.kind = PPBPF_UNWIND_GO;
		row = &of_go;
	}
	return put_row(rows, rows->start + from_start, row);
}

/* Assumptions about what the file describes itself go. */
static void drop_assumed(struct cfi_parser *parser)
{
	uint64_t described = 0;
	size_t kept = 0;

	for (size_t i = 0; i < parser->entry_count; i++) {
		const struct entry *entry = &parser->entries[i];

		if (entry->order == ASSUMED && entry->start < described)
			continue;
		if (entry->end > described)
			described = entry->end;
		parser->entries[kept++] = *entry;
	}
	parser->entry_count = kept;
}

static int run_entry(struct rows *rows, const struct entry *entry)
{
	static const struct ppbpf_unwind_row stop = { .kind = PPBPF_UNWIND_STOP };
	const struct cfi_cie *cie = &rows->parser->cies[entry->cie].cie;

	rows->address = entry->address;
	rows->start = entry->start;
	rows->go = is_go(cie);
	/* a return address is looked up one byte before */
	if (entry->uncalled)
		return put_row(rows, entry->start - 1, &stop);
	return cfi_cie__run(cie, entry->code, entry->code_end, entry->address, on_row, rows);
}

static int run_entries(struct cfi_parser *parser, struct cfi_table *table)
{
	static const struct ppbpf_unwind_row none = { .kind = PPBPF_UNWIND_NONE };
	struct rows rows = { .parser = parser, .table = table };
	uint64_t next;
	int err = 0;

	for (size_t i = 0; i < parser->entry_count && !err; i++) {
		const struct entry *entry = &parser->entries[i];

		if (i && entry->start == parser->entries[i - 1].start)
			continue;
		next = UINT64_MAX;
		for (size_t j = i + 1; j < parser->entry_count && next == UINT64_MAX; j++)
			if (parser->entries[j].start != entry->start)
				next = parser->entries[j].start;
		rows.limit = entry->end < next ? entry->end : next;
		table->ranges[table->range_count++] =
			(struct cfi_range){ entry->start, rows.limit };
		err = run_entry(&rows, entry);
		if (!err && (next == UINT64_MAX || next - rows.limit > PADDING_MAX))
			err = put_row(&rows, rows.limit, &none);
	}
	return err;
}

static int build_index(struct cfi_table *table)
{
	uint32_t first = table->rows[0].pc >> PPBPF_PAGE_SHIFT;
	uint32_t last = table->rows[table->count - 1].pc >> PPBPF_PAGE_SHIFT;
	size_t row = 0;

	table->first_page = first;
	table->pages = last - first + 1;
	table->index = malloc((table->pages + 1) * sizeof(*table->index));
	if (!table->index)
		return -ENOMEM;
	for (uint32_t page = 0; page <= table->pages; page++) {
		uint64_t begin = (uint64_t)(first + page) << PPBPF_PAGE_SHIFT;

		while (row < table->count && table->rows[row].pc < begin)
			row++;
		table->index[page] = row;
	}
	return 0;
}

int cfi_parser__go(struct cfi_parser *parser, struct cfi_table *table)
{
	static const struct ppbpf_unwind_row go = { .kind = PPBPF_UNWIND_GO }, none;
	struct rows rows = { .parser = parser, .table = table };
	uint64_t end = 0;
	int err = 0;

	for (size_t i = 0; i < parser->segment_count && !err; i++) {
		const struct cfi_segment *segment = &parser->segments[i];

		if (segment->offset < end || segment->size > UINT32_MAX - segment->offset)
			continue;
		end = segment->offset + segment->size;
		err = put_row(&rows, segment->offset, &go);
		if (!err)
			err = put_row(&rows, end, &none);
	}
	if (!err && !table->count)
		err = -ENODATA;
	return err ? err : build_index(table);
}

int cfi_parser__finish(struct cfi_parser *parser, struct cfi_table *table)
{
	void *fitting;
	int err;

	if (!parser->entry_count)
		return -ENODATA;
	qsort(parser->entries, parser->entry_count, sizeof(*parser->entries), by_start);
	drop_assumed(parser);
	table->ranges = malloc(parser->entry_count * sizeof(*table->ranges));
	if (!table->ranges)
		return -ENOMEM;
	err = run_entries(parser, table);
	if (!err && !table->count)
		err = -ENODATA;
	if (!err)
		err = build_index(table);
	if (err)
		return err;
	fitting = realloc(table->rows, table->count * sizeof(*table->rows));
	if (fitting)
		table->rows = fitting;
	return 0;
}
