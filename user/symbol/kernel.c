// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/kernel.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* A symbol ends where the next one begins, but no function is as large as this. */
#define FUNCTION_MAX (1UL << 20)
#define NAME_SIZE 512
#define MODULE_SIZE 64
#define BPF_TAG_DIGITS 16

/* The symbol that begins last, up to an address and after the one before it. */
struct slot {
	uint64_t address;
	uint64_t start;
	uint32_t rank;	/* 0: no code */
	bool found;
	char name[NAME_SIZE];
	char module[MODULE_SIZE + 2];	/* with its brackets */
};

struct kernel_symbols {
	struct slot *slots;	/* ascending */
	size_t count;
	bool hidden;		/* all addresses are 0 */
	bool empty;
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

/* Global names before local ones, which "__pfx_" padding and aliases are beside. */
static uint32_t rank_of(const struct line *line)
{
	size_t underscores = strspn(line->name, "_");

	return (line->type == 'T' ? 64 : line->type == 't' ? 32 : 0) +
	       (underscores < 16 ? 16 - underscores : 0);
}

/* The first that is not below an address, or `count`. */
static size_t slot_at(const struct kernel_symbols *kernel, uint64_t address)
{
	size_t low = 0, high = kernel->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kernel->slots[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_line(struct kernel_symbols *kernel, const struct line *line)
{
	size_t at = slot_at(kernel, line->address);
	uint32_t rank = strchr("tTwW", line->type) ? rank_of(line) + 1 : 0;
	struct slot *slot = &kernel->slots[at];

	kernel->empty = false;
	kernel->hidden &= !line->address;
	if (at == kernel->count)
		return;
	if (slot->found && (slot->start > line->address ||
			    (slot->start == line->address && slot->rank >= rank)))
		return;
	slot->found = true;
	slot->start = line->address;
	slot->rank = rank;
	text_copy(slot->name, sizeof(slot->name), line->name);
	if (line->module)
		snprintf(slot->module, sizeof(slot->module), "[%.*s]", MODULE_SIZE - 1,
			 line->module);
	else
		text_copy(slot->module, sizeof(slot->module), "[kernel]");
}

static int read_lines(struct kernel_symbols *kernel, const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	ssize_t length;
	struct line line;

	if (!file)
		return -errno;
	while ((length = getline(&text, &size, file)) > 0) {
		if (text[length - 1] == '\n')
			text[length - 1] = '\0';
		if (parse_line(text, &line))
			add_line(kernel, &line);
	}
	free(text);
	fclose(file);
	if (kernel->empty)
		return -ENODATA;
	return kernel->hidden ? -EPERM : 0;
}

static int by_address(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* With a slot an address, and nothing in them. NULL: no memory. */
static struct kernel_symbols *slots_new(const uint64_t *addresses, size_t count)
{
	struct kernel_symbols *kernel = calloc(1, sizeof(*kernel));

	if (!kernel)
		return NULL;
	kernel->hidden = kernel->empty = true;
	kernel->slots = calloc(count + 1, sizeof(*kernel->slots));
	if (!kernel->slots) {
		kernel_symbols__free(kernel);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		kernel->slots[i].address = addresses[i];
	kernel->count = count;
	qsort(kernel->slots, count, sizeof(*kernel->slots), by_address);
	return kernel;
}

int kernel_symbols__new(struct kernel_symbols **out, const char *path, const uint64_t *addresses,
			size_t count)
{
	struct kernel_symbols *kernel = slots_new(addresses, count);
	int err = kernel ? read_lines(kernel, path ? path : "/proc/kallsyms") : -ENOMEM;

	*out = err ? NULL : kernel;
	if (err)
		kernel_symbols__free(kernel);
	return err;
}

/* Programs and their trampolines are not told from functions by the kernel's format. */
static bool is_bpf(const char *name)
{
	static const char program[] = "bpf_prog_", trampoline[] = "bpf_trampoline_";

	if (!strncmp(name, program, strlen(program)))
		return strspn(name + strlen(program), "0123456789abcdef") >= BPF_TAG_DIGITS;
	return !strncmp(name, trampoline, strlen(trampoline)) &&
	       isdigit((unsigned char)name[strlen(trampoline)]);
}

/* "vfs_read+0x1f/0x2d0 [module]"; anything else is the kernel's way to say that it has none. */
static bool take_answer(struct slot *slot, char *text)
{
	char *plus = strrchr(text, '+'), *module = plus ? strchr(plus, ' ') : NULL;
	uint64_t offset, size;

	slot->found = true;
	if (!plus || plus == text || sscanf(plus, "+0x%" SCNx64 "/0x%" SCNx64, &offset, &size) != 2)
		return false;
	*plus = '\0';
	slot->rank = 1;
	slot->start = slot->address - offset;
	text_copy(slot->name, sizeof(slot->name), text);
	if (module)
		text_copy(slot->module, sizeof(slot->module), module + 1);
	else
		text_copy(slot->module, sizeof(slot->module), is_bpf(text) ? "[bpf]" : "[kernel]");
	return true;
}

int kernel_symbols__ask(struct kernel_symbols **out, kernel_names_fn names,
			const uint64_t *addresses, size_t count)
{
	struct kernel_symbols *kernel = slots_new(addresses, count);
	char(*texts)[PPBPF_KERNEL_TEXT] = calloc(count + 1, sizeof(*texts));
	uint64_t *sorted = calloc(count + 1, sizeof(*sorted));
	int err = kernel && texts && sorted ? 0 : -ENOMEM;
	bool named = !count;

	for (size_t i = 0; i < count && !err; i++)
		sorted[i] = kernel->slots[i].address;
	if (!err)
		err = names(sorted, count, texts);
	for (size_t i = 0; i < count && !err; i++)
		named |= take_answer(&kernel->slots[i], texts[i]);
	if (!err && !named)
		err = -ENOENT;
	free(texts);
	free(sorted);
	*out = err ? NULL : kernel;
	if (err)
		kernel_symbols__free(kernel);
	return err;
}

void kernel_symbols__free(struct kernel_symbols *kernel)
{
	if (!kernel)
		return;
	free(kernel->slots);
	free(kernel);
}

int kernel_symbols__find(const struct kernel_symbols *kernel, uint64_t address,
			 struct kernel_symbol *symbol)
{
	size_t at = slot_at(kernel, address);
	const struct slot *slot = &kernel->slots[at];

	if (at == kernel->count || slot->address != address)
		return -ENOENT;
	/* addresses in one function: only the first has it after the one before */
	while (!slot->found && at > 0)
		slot = &kernel->slots[--at];
	if (!slot->found || !slot->rank || address - slot->start >= FUNCTION_MAX)
		return -ENOENT;
	*symbol = (struct kernel_symbol){ slot->name, slot->module, slot->start };
	return 0;
}
