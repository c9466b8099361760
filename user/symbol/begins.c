// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/begins.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbol/capstone.h"
#include "symbol/sites.h"

#define CODE_MAX (1 << 20)	/* bytes of one function */
#define SKIPPED_MAX 4		/* instructions */

#if defined(__x86_64__)
bool is_emulated(const uint8_t *code)
{
	if (code[0] == 0x41)	/* a push of r8 to r15 */
		return (code[1] & 0xf8) == 0x50;
	if (code[0] == 0x0f)	/* a long no-op, a far conditional jump */
		return code[1] == 0x1f || (code[1] & 0xf0) == 0x80;
	return (code[0] & 0xf8) == 0x50 || (code[0] & 0xf0) == 0x70 || code[0] == 0x90 ||
	       code[0] == 0xe8 || code[0] == 0xe9 || code[0] == 0xeb;
}

static bool is_locked(const cs_insn *insn)
{
	return insn->detail->x86.prefix[0] == X86_PREFIX_LOCK;
}

/* The stack pointer stays, and the next instruction is the next one that runs. */
static bool is_plain(const struct capstone *cs, csh decoder, const cs_insn *insn)
{
	static const uint8_t elsewhere[] = { CS_GRP_JUMP, CS_GRP_CALL, CS_GRP_RET, CS_GRP_INT,
					     CS_GRP_PRIVILEGE };
	cs_regs read, written;
	uint8_t reads, writes;

	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (cs->insn_group(decoder, insn, elsewhere[i]))
			return false;
	if (cs->regs_access(decoder, insn, read, &reads, written, &writes))
		return false;
	for (uint8_t i = 0; i < writes; i++)
		if (written[i] == X86_REG_RSP || written[i] == X86_REG_ESP ||
		    written[i] == X86_REG_SP)
			return false;
	return true;
}

/* A jump whose target lies in what is skipped, or is not known. */
static bool may_jump_into(const struct capstone *cs, csh decoder, const cs_insn *insn,
			  uint64_t from, uint64_t to)
{
	const cs_x86_op *target = &insn->detail->x86.operands[0];

	if (!cs->insn_group(decoder, insn, CS_GRP_JUMP) || insn->detail->x86.op_count != 1)
		return false;
	if (target->type != X86_OP_IMM)
		return true;
	return (uint64_t)target->imm >= from && (uint64_t)target->imm <= to;
}

struct code {
	const struct capstone *cs;
	csh decoder;
	cs_insn *insn;
	const uint8_t *bytes;
	size_t size;
	uint64_t address;
};

/* The decoder moved on by one instruction. This one is newer than Debian 12's capstone. */
static bool decode(struct code *code, const uint8_t **at, size_t *left, uint64_t *address,
		   bool *mark)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

	*mark = *left >= sizeof(endbr64) && !memcmp(*at, endbr64, sizeof(endbr64));
	if (!*mark)
		return code->cs->disasm_iter(code->decoder, at, left, address, code->insn);
	*at += sizeof(endbr64);
	*left -= sizeof(endbr64);
	*address += sizeof(endbr64);
	return true;
}

static bool is_jumped_into(struct code *code, size_t skip)
{
	const uint8_t *at = code->bytes;
	uint64_t address = code->address;
	size_t left = code->size;
	bool mark;

	while (decode(code, &at, &left, &address, &mark))
		if (!mark && may_jump_into(code->cs, code->decoder, code->insn,
					   code->address, code->address + skip))
			return true;
	return left > 0;	/* what cannot be decoded may do anything */
}

static size_t find_skip(struct code *code)
{
	size_t left = code->size, locked = 0, skip;
	const uint8_t *at = code->bytes;
	uint64_t address = code->address;
	bool all_locked = true, mark;

	for (int i = 0; i <= SKIPPED_MAX && left >= 2; i++) {
		skip = at - code->bytes;
		if (is_emulated(at))
			return skip;
		if (!decode(code, &at, &left, &address, &mark) ||
		    (!mark && !is_plain(code->cs, code->decoder, code->insn)))
			break;
		all_locked = all_locked && !mark && is_locked(code->insn);
		if (all_locked)
			locked = at - code->bytes;
	}
	return locked;
}

static size_t skip_in(const uint8_t *bytes, const struct site *site)
{
	const struct capstone *cs = capstone__get();
	struct code code = {
		.cs = cs, .bytes = bytes, .size = site->size, .address = site->address,
	};
	size_t skip = 0;

	if (!cs || cs->open(CS_ARCH_X86, CS_MODE_64, &code.decoder))
		return 0;
	cs->option(code.decoder, CS_OPT_DETAIL, CS_OPT_ON);
	code.insn = cs->malloc(code.decoder);
	if (code.insn) {
		skip = find_skip(&code);
		if (skip >= site->size || (skip && is_jumped_into(&code, skip)))
			skip = 0;
		cs->free(code.insn, 1);
	}
	cs->close(&code.decoder);
	return skip;
}

size_t begin_skip(int fd, const struct site *site)
{
	uint8_t first[2], *bytes;
	size_t skip = 0;

	if (pread(fd, first, sizeof(first), (off_t)site->offset) != sizeof(first) ||
	    is_emulated(first) || site->size > CODE_MAX)
		return 0;
	bytes = malloc(site->size);
	if (bytes && pread(fd, bytes, site->size, (off_t)site->offset) == (ssize_t)site->size)
		skip = skip_in(bytes, site);
	free(bytes);
	return skip;
}
#else
/* Instructions all have one size there, and most are simulated. */
bool is_emulated(const uint8_t *code)
{
	(void)code;
	return true;
}

size_t begin_skip(int fd, const struct site *site)
{
	(void)fd;
	(void)site;
	return 0;
}
#endif
