// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/kernel.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/intern.h"
#include "symbol/ranges.h"

#define FILE_MAX (256UL << 20)
/* A symbol ends where the next one begins, but no function is as large as this. */
#define FUNCTION_MAX (1UL << 20)

struct entry {
	const char *name;	/* in the text; NULL: no code, an end of what is before it */
	const char *module;
};

struct kernel_symbols {
	struct buf text;
	struct intern *modules;
	struct entry *entries;
	size_t count;
	struct ranges ranges;	/* name: struct entry */
	bool hidden;		/* all addresses are 0 */
};

/* "ffffffff81000000 T _stext\t[module]" */
struct line {
	uint64_t address;
	char type;
	char *name;
	char *module;	/* without its brackets; or NULL */
};

static bool parse_line(char *text, struct line *line)
{
	char *end;

	line->address = strtoull(text, &end, 16);
	if (end == text || end[0] != ' ' || !isalpha((unsigned char)end[1]) || end[2] != ' ')
		return false;
	line->type = end[1];
	line->name = end + 3;
	line->module = strchr(line->name, '\t');
	if (line->module) {
		*line->module++ = '\0';
		line->module += *line->module == '[';
		line->module[strcspn(line->module, "]")] = '\0';
	}
	return line->name[0];
}

static const char *module_of(struct kernel_symbols *kernel, const char *name)
{
	struct buf text = BUF_INIT;
	const char *module;

	if (!name)
		return "[kernel]";
	buf__printf(&text, "[%s]", name);
	module = text.error ? NULL : intern__string(kernel->modules, buf__str(&text));
	buf__free(&text);
	return module;
}

/* Global names before local ones, which "__pfx_" padding and aliases are beside. */
static uint32_t rank_of(const struct line *line)
{
	size_t underscores = strspn(line->name, "_");

	return (line->type == 'T' ? 64 : line->type == 't' ? 32 : 0) +
	       (underscores < 16 ? 16 - underscores : 0);
}

static int add_line(struct kernel_symbols *kernel, const struct line *line)
{
	struct entry *entry = &kernel->entries[kernel->count];
	struct range row = { .start = line->address, .name = entry };

	*entry = (struct entry){ 0 };
	if (strchr("tTwW", line->type)) {
		entry->name = line->name;
		entry->module = module_of(kernel, line->module);
		if (!entry->module)
			return -ENOMEM;
		row.rank = rank_of(line) + 1;
	}
	kernel->hidden &= !line->address;
	kernel->count++;
	return ranges__add(&kernel->ranges, &row);
}

/* Each ends where the next one with another address begins. */
static void set_ends(struct ranges *ranges)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = ranges->count; i-- > 0;) {
		struct range *row = &ranges->rows[i];

		if (i + 1 < ranges->count && ranges->rows[i + 1].start != row->start)
			next = ranges->rows[i + 1].start;
		row->end = next - row->start > FUNCTION_MAX ? row->start + FUNCTION_MAX : next;
	}
}

static int read_lines(struct kernel_symbols *kernel)
{
	char *at = kernel->text.data, *end;
	struct line line;
	size_t lines = 1;
	int err = 0;

	for (size_t i = 0; i < kernel->text.length; i++)
		lines += at[i] == '\n';
	kernel->entries = calloc(lines, sizeof(*kernel->entries));
	if (!kernel->entries)
		return -ENOMEM;
	kernel->hidden = true;
	for (; at && *at && !err; at = end ? end + 1 : NULL) {
		end = strchr(at, '\n');
		if (end)
			*end = '\0';
		if (parse_line(at, &line))
			err = add_line(kernel, &line);
	}
	if (!err && kernel->hidden)
		err = -EPERM;
	if (!err)
		err = ranges__sort(&kernel->ranges);
	if (!err) {
		set_ends(&kernel->ranges);
		err = ranges__sort(&kernel->ranges);
	}
	return err;
}

int kernel_symbols__new(struct kernel_symbols **out, const char *path)
{
	struct kernel_symbols *kernel = calloc(1, sizeof(*kernel));
	int err;

	*out = kernel;
	if (!kernel)
		return -ENOMEM;
	kernel->modules = intern__new();
	err = kernel->modules ? read_file(path ? path : "/proc/kallsyms", FILE_MAX, &kernel->text,
					  NULL) : -ENOMEM;
	if (!err)
		err = kernel->text.length ? read_lines(kernel) : -ENODATA;
	if (err) {
		kernel_symbols__free(kernel);
		*out = NULL;
	}
	return err;
}

void kernel_symbols__free(struct kernel_symbols *kernel)
{
	if (!kernel)
		return;
	buf__free(&kernel->text);
	intern__free(kernel->modules);
	free(kernel->entries);
	ranges__free(&kernel->ranges);
	free(kernel);
}

int kernel_symbols__find(const struct kernel_symbols *kernel, uint64_t address,
			 struct kernel_symbol *symbol)
{
	const struct range *range = ranges__find(&kernel->ranges, address);
	const struct entry *entry = range ? range->name : NULL;

	if (!entry || !entry->name)
		return -ENOENT;
	*symbol = (struct kernel_symbol){ entry->name, entry->module, range->start };
	return 0;
}
