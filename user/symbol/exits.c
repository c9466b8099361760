// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/exits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbol/capstone.h"
#include "symbol/elf.h"
#include "symbol/sites.h"

#define CODE_MAX (1 << 20)	/* bytes of one function */
#define RANGES 4		/* a function and its cold parts */

struct range {
	uint64_t from;
	uint64_t to;
	bool cold;
};

struct code_map {
	struct elf *elf;
	struct range *ranges;
	size_t count;
	size_t capacity;
};

static int on_function(const struct elf_symbol *symbol, void *context)
{
	struct code_map *map = context;
	size_t capacity = map->capacity ? 2 * map->capacity : 1024;
	struct range *more;

	if (!symbol->size || symbol->size > UINT64_MAX - symbol->address)
		return 0;
	if (map->count == map->capacity) {
		more = realloc(map->ranges, capacity * sizeof(*more));
		if (!more)
			return -ENOMEM;
		map->ranges = more;
		map->capacity = capacity;
	}
	map->ranges[map->count++] = (struct range){
		.from = symbol->address,
		.to = symbol->address + symbol->size,
		.cold = strstr(symbol->name, ".cold"),
	};
	return 0;
}

struct code_map *code_map__new(struct elf *elf, const char *path, pid_t pid)
{
	struct code_map *map = calloc(1, sizeof(*map));

	if (!map)
		return NULL;
	map->elf = elf;
	if (elf__functions(elf, path, pid, on_function, map) == -ENOMEM) {
		code_map__free(map);
		return NULL;
	}
	return map;
}

void code_map__free(struct code_map *map)
{
	if (!map)
		return;
	free(map->ranges);
	free(map);
}

void exits__free(struct exits *exits)
{
	free(exits->offsets);
	*exits = (struct exits){ 0 };
}

struct walk {
	const struct code_map *map;
	struct exits *exits;
	struct range ranges[RANGES];	/* of the function */
	size_t count;
};

static bool is_within(const struct walk *walk, uint64_t address)
{
	for (size_t i = 0; i < walk->count; i++)
		if (address >= walk->ranges[i].from && address < walk->ranges[i].to)
			return true;
	return false;
}

/* A jump to a cold part of its own: that has to be walked, too. */
static bool goes_cold(struct walk *walk, uint64_t target)
{
	const struct range *range = walk->map->ranges;

	for (size_t i = 0; i < walk->map->count; i++, range++) {
		if (!range->cold || target < range->from || target >= range->to)
			continue;
		if (walk->count < RANGES)
			walk->ranges[walk->count++] = *range;
		return true;
	}
	return false;
}

#if defined(__x86_64__)
static bool open_decoder(const struct capstone *cs, csh *decoder)
{
	return !cs->open(CS_ARCH_X86, CS_MODE_64, decoder);
}

static bool is_exit(struct walk *walk, const cs_insn *insn)
{
	const cs_x86_op *operand = &insn->detail->x86.operands[0];

	if (insn->id == X86_INS_RET)
		return true;
	if (insn->detail->x86.op_count != 1)
		return false;
	if (operand->type == X86_OP_IMM && insn->id != X86_INS_CALL) {
		if (is_within(walk, operand->imm) || goes_cold(walk, operand->imm))
			return false;
		return insn->id == X86_INS_JMP;
	}
	/* through a table of functions; one with an index is a switch */
	return insn->id == X86_INS_JMP && operand->type == X86_OP_MEM &&
	       operand->mem.index == X86_REG_INVALID;
}
#elif defined(__aarch64__)
static bool open_decoder(const struct capstone *cs, csh *decoder)
{
	return !cs->open(CS_ARCH_ARM64, CS_MODE_ARM, decoder);
}

static bool is_exit(struct walk *walk, const cs_insn *insn)
{
	const cs_arm64_op *operand = &insn->detail->arm64.operands[0];

	if (insn->id == ARM64_INS_RET)
		return true;
	if (insn->id != ARM64_INS_B || insn->detail->arm64.op_count != 1 ||
	    operand->type != ARM64_OP_IMM)
		return false;
	if (is_within(walk, operand->imm) || goes_cold(walk, operand->imm))
		return false;
	return insn->detail->arm64.cc == ARM64_CC_INVALID || insn->detail->arm64.cc == ARM64_CC_AL;
}
#endif

static int add_exit(struct walk *walk, uint64_t address)
{
	struct exits *exits = walk->exits;
	uint64_t *more = realloc(exits->offsets, (exits->count + 1) * sizeof(*more)), offset;

	if (!more)
		return -ENOMEM;
	exits->offsets = more;
	if (elf__offset_of(walk->map->elf, address, &offset))
		return 0;
	more[exits->count++] = offset;
	return 0;
}

static int walk_range(struct walk *walk, const struct capstone *cs, csh decoder, int fd,
		      const struct range *range)
{
	uint64_t address = range->from, offset;
	size_t size = range->to - range->from;
	const uint8_t *at;
	uint8_t *code;
	cs_insn *insn;
	int err = 0;

	if (size > CODE_MAX || elf__offset_of(walk->map->elf, address, &offset))
		return 0;
	code = malloc(size);
	insn = cs->malloc(decoder);
	if (!code || !insn)
		err = -ENOMEM;
	at = code;
	if (!err && pread(fd, code, size, (off_t)offset) == (ssize_t)size)
		while (!err && cs->disasm_iter(decoder, &at, &size, &address, insn))
			if (insn->detail && insn->id && is_exit(walk, insn))
				err = add_exit(walk, insn->address);
	if (insn)
		cs->free(insn, 1);
	free(code);
	return err;
}

int exits__find(struct exits *exits, const struct code_map *map, int fd, const struct site *site)
{
	struct walk walk = { .map = map, .exits = exits, .count = 1 };
	struct range range;
	const struct capstone *cs = capstone__get();
	csh decoder;
	int err = 0;

	*exits = (struct exits){ 0 };
	walk.ranges[0] = (struct range){ .from = site->address, .to = site->address + site->size };
	if (!cs)
		return -ELIBACC;
	if (!open_decoder(cs, &decoder))
		return -ENOMEM;
	cs->option(decoder, CS_OPT_DETAIL, CS_OPT_ON);
	cs->option(decoder, CS_OPT_SKIPDATA, CS_OPT_ON);
	for (size_t i = 0; i < walk.count && !err; i++) {
		range = walk.ranges[i];	/* the list grows meanwhile */
		err = walk_range(&walk, cs, decoder, fd, &range);
	}
	cs->close(&decoder);
	return err;
}

bool elf_may_throw(struct elf *elf)
{
	static const char *const tables[] = { ".dynstr", ".strtab" };
	static const char *const names[] = { "_Unwind_Resume", "_Unwind_RaiseException",
					     "__gxx_personality_v0", "rust_eh_personality" };
	struct elf_section section;
	bool has_names = false;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (elf__section(elf, tables[i], true, &section) || !section.data)
			continue;
		has_names = true;
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			if (memmem(section.data, section.size, names[k], strlen(names[k])))
				return true;
	}
	/* stripped and static: landing pads are all that can be seen */
	return !has_names && !elf__section(elf, ".gcc_except_table", false, &section);
}
