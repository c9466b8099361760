// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/symtab.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/plt.h"
#include "symbol/ranges.h"

struct symtab {
	struct elf *elf;	/* not owned */
	struct elf *other;	/* where the symbols are that `elf` lacks; owned */
	bool debug_is_other;
	bool whole;
	struct plt *plt;
	struct ranges ranges;
};

/*
 * Of several names for one place, the one that perf, too, would show: sized,
 * not weak, global, with fewer leading underscores, longer.
 */
static uint32_t rank_of(const struct elf_symbol *symbol)
{
	size_t underscores = strspn(symbol->name, "_"), length = strcspn(symbol->name, "@");
	uint32_t rank = 0;

	rank |= (uint32_t)(symbol->size > 0) << 31;
	rank |= (uint32_t)(symbol->binding != STB_WEAK) << 30;
	rank |= (uint32_t)(symbol->binding == STB_GLOBAL) << 29;
	rank |= (uint32_t)(symbol->type != STT_NOTYPE) << 28;
	rank |= (underscores < 15 ? 15 - underscores : 0) << 24;
	return rank | (length < 0xffffff ? length : 0xffffff);
}

static int add_symbol(const struct elf_symbol *symbol, void *context)
{
	struct symtab *symtab = context;
	struct range row = { .start = symbol->address, .end = symbol->address + symbol->size,
			     .name = symbol->name, .rank = rank_of(symbol) };

	if (row.end < row.start)
		return 0;
	return ranges__add(&symtab->ranges, &row);
}

/* Of the dynamic table only what has a size: the linker's own marks have none. */
static int add_sized(const struct elf_symbol *symbol, void *context)
{
	return symbol->size ? add_symbol(symbol, context) : 0;
}

static bool has_debug(struct elf *elf)
{
	struct elf_section section;

	return elf && (!elf__section(elf, ".debug_info", false, &section) ||
		       !elf__section(elf, ".zdebug_info", false, &section));
}

static int read_symbols(struct symtab *symtab, const char *path, int root)
{
	struct elf *elf = symtab->elf;
	int err = elf__symbols(elf, ELF_SYMTAB, add_symbol, symtab);
	bool bare = err == -ENOENT || !symtab->ranges.count;

	/* lines may be elsewhere, though there are symbols */
	if (err != -ENOMEM && (bare || !has_debug(elf)))
		symtab->debug_is_other = !elf__open_debug_at(&symtab->other, elf, path, root);
	if (bare && !symtab->other)
		elf__open_packed(&symtab->other, elf);
	if (bare && symtab->other)
		err = elf__symbols(symtab->other, ELF_SYMTAB, add_symbol, symtab);
	symtab->whole = symtab->ranges.count;
	if (err != -ENOMEM)
		err = elf__symbols(elf, ELF_DYNSYM, add_sized, symtab);
	return err == -ENOMEM ? err : 0;
}

static int add_stub(uint64_t start, uint64_t end, const char *name, void *context)
{
	struct symtab *symtab = context;
	struct range row = { .start = start, .end = end, .name = name };

	return ranges__add(&symtab->ranges, &row);
}

int symtab__new(struct symtab **out, struct elf *elf, const char *path, int root)
{
	struct symtab *symtab = calloc(1, sizeof(*symtab));
	int err;

	*out = symtab;
	if (!symtab)
		return -ENOMEM;
	symtab->elf = elf;
	err = read_symbols(symtab, path, root);
	if (!err)
		err = plt__new(&symtab->plt, elf, add_stub, symtab);
	if (!err)
		err = ranges__sort(&symtab->ranges);
	if (err) {
		symtab__free(symtab);
		*out = NULL;
	}
	return err;
}

void symtab__free(struct symtab *symtab)
{
	if (!symtab)
		return;
	ranges__free(&symtab->ranges);
	plt__free(symtab->plt);
	elf__free(symtab->other);
	free(symtab);
}

bool symtab__is_whole(const struct symtab *symtab)
{
	return symtab->whole;
}

const char *symtab__find(const struct symtab *symtab, uint64_t address, uint64_t *start)
{
	const struct range *range = ranges__find(&symtab->ranges, address);

	if (!range)
		return NULL;
	*start = range->start;
	return range->name;
}

const char *symtab__at(const struct symtab *symtab, uint64_t start)
{
	const struct range *range = ranges__at(&symtab->ranges, start);

	return range ? range->name : NULL;
}

struct elf *symtab__debug(const struct symtab *symtab)
{
	if (has_debug(symtab->elf))
		return symtab->elf;
	return symtab->debug_is_other && has_debug(symtab->other) ? symtab->other : NULL;
}
