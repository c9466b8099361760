// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/cfi_rules.h"

#include <dwarf.h>
#include <string.h>

#define REG_RAX 0 /* of the x86-64 psABI, figure 3.36 */
#define REG_RBX 3
#define REG_RDI 5
#define REG_RBP 6
#define REG_RSP 7
#define REG_R10 10
#define WORD 8
#define REMEMBERED 16

uint64_t cfi_bytes__fixed(struct cfi_bytes *bytes, unsigned int size)
{
	uint64_t value = 0;

	if ((size_t)(bytes->end - bytes->at) < size) {
		bytes->bad = true;
		bytes->at = bytes->end;
		return 0;
	}
	for (unsigned int i = 0; i < size; i++)
		value |= (uint64_t)bytes->at[i] << (8 * i);
	bytes->at += size;
	return value;
}

/* The value's bits, how many there were, and whether the last byte had its sign. */
static uint64_t leb(struct cfi_bytes *bytes, unsigned int *bits, bool *negative)
{
	uint64_t value = 0;
	uint8_t byte;

	*bits = 0;
	do {
		byte = cfi_bytes__fixed(bytes, 1);
		if (*bits < 64)
			value |= (uint64_t)(byte & 0x7f) << *bits;
		*bits += 7;
	} while (byte & 0x80 && *bits < 140);
	if (byte & 0x80)
		bytes->bad = true;
	*negative = byte & 0x40;
	return value;
}

uint64_t cfi_bytes__uleb(struct cfi_bytes *bytes)
{
	unsigned int bits;
	bool negative;

	return leb(bytes, &bits, &negative);
}

int64_t cfi_bytes__sleb(struct cfi_bytes *bytes)
{
	unsigned int bits;
	bool negative;
	uint64_t value = leb(bytes, &bits, &negative);

	if (negative && bits < 64)
		value |= UINT64_MAX << bits;
	return (int64_t)value;
}

void cfi_bytes__skip(struct cfi_bytes *bytes, uint64_t count)
{
	if (count > (size_t)(bytes->end - bytes->at)) {
		bytes->bad = true;
		count = bytes->end - bytes->at;
	}
	bytes->at += count;
}

uint64_t cfi_bytes__pointer(struct cfi_bytes *bytes, uint8_t encoding, uint64_t here)
{
	uint64_t value = 0;

	switch (encoding & 0x0f) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		value = cfi_bytes__fixed(bytes, 8);
		break;
	case DW_EH_PE_udata4:
		value = cfi_bytes__fixed(bytes, 4);
		break;
	case DW_EH_PE_sdata4:
		value = (uint64_t)(int64_t)(int32_t)cfi_bytes__fixed(bytes, 4);
		break;
	case DW_EH_PE_udata2:
		value = cfi_bytes__fixed(bytes, 2);
		break;
	case DW_EH_PE_sdata2:
		value = (uint64_t)(int64_t)(int16_t)cfi_bytes__fixed(bytes, 2);
		break;
	case DW_EH_PE_uleb128:
		value = cfi_bytes__uleb(bytes);
		break;
	case DW_EH_PE_sleb128:
		value = (uint64_t)cfi_bytes__sleb(bytes);
		break;
	default:
		bytes->bad = true;
	}
	switch (encoding & 0xf0) {
	case DW_EH_PE_absptr:
		return value;
	case DW_EH_PE_pcrel:
		return value + here;
	default: /* relative to what only the dynamic linker knows, or indirect */
		bytes->bad = true;
		return 0;
	}
}

static uint64_t multiply(uint64_t a, int64_t b)
{
	return a * (uint64_t)b;
}

/*
 * What compilers and linkers write as a CFA's expression: the lazy PLT's
 * (rsp + 8 + ((rip & 15) >= N) * 8), and memory beside a register.
 */
static void cfa_expression(struct cfi_rules *rules, struct cfi_bytes code)
{
	static const uint8_t plt_begin[] = {
		DW_OP_breg7, 8, DW_OP_breg16, 0, DW_OP_lit15, DW_OP_and
	};
	static const uint8_t plt_end[] = { DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus };
	size_t size = code.end - code.at;
	uint8_t op;

	rules->cfa = CFI_CFA_UNKNOWN;
	if (size == sizeof(plt_begin) + 1 + sizeof(plt_end) &&
	    !memcmp(code.at, plt_begin, sizeof(plt_begin)) &&
	    !memcmp(code.at + sizeof(plt_begin) + 1, plt_end, sizeof(plt_end))) {
		op = code.at[sizeof(plt_begin)];
		if (op < DW_OP_lit0 || op > DW_OP_lit15)
			return;
		rules->cfa = CFI_CFA_PLT;
		rules->offset = op - DW_OP_lit0;
		return;
	}
	op = cfi_bytes__fixed(&code, 1);
	if (op != DW_OP_breg6 && op != DW_OP_breg7)
		return;
	rules->reg = op - DW_OP_breg0;
	rules->offset = cfi_bytes__sleb(&code);
	rules->addend = 0;
	op = code.at < code.end ? cfi_bytes__fixed(&code, 1) : 0;
	if (op == DW_OP_deref && code.at < code.end) {
		if (cfi_bytes__fixed(&code, 1) != DW_OP_plus_uconst)
			return;
		rules->addend = (int64_t)cfi_bytes__uleb(&code);
	}
	if (code.bad || code.at != code.end)
		return;
	if (op == DW_OP_deref)
		rules->cfa = CFI_CFA_DEREF;
	else if (!op)
		rules->cfa = CFI_CFA_REGISTER;
}

static void saved_at(const struct cfi_cie *cie, struct cfi_rules *rules, uint64_t reg,
		     int64_t offset)
{
	if (reg == REG_RBP)
		rules->fp = offset % WORD ? PPBPF_FP_SAME : offset / WORD;
	if (reg == REG_RBX)
		rules->bx = offset % WORD ? 0 : offset / WORD;
	if (reg == cie->ra) {
		rules->ra_undefined = false;
		rules->ra_elsewhere = offset != -WORD;
		rules->ra_in_rdi = false;
	}
}

static void saved_by_expression(const struct cfi_cie *cie, struct cfi_rules *rules, uint64_t reg,
				struct cfi_bytes code, bool is_value)
{
	if (reg == cie->ra)
		rules->ra_elsewhere = true;
	if (reg == REG_RBX)
		rules->bx = 0;
	if (reg != REG_RBP)
		return;
	rules->fp = PPBPF_FP_SAME;
	if (!is_value && code.end - code.at == 2 && code.at[0] == DW_OP_breg6 && !code.at[1])
		rules->fp = PPBPF_FP_AT_FP;
}

static void restored(const struct cfi_cie *cie, struct cfi_rules *rules, uint64_t reg)
{
	if (reg == REG_RBP)
		rules->fp = cie->initial.fp;
	if (reg == REG_RBX)
		rules->bx = cie->initial.bx;
	if (reg == cie->ra) {
		rules->ra_undefined = cie->initial.ra_undefined;
		rules->ra_elsewhere = cie->initial.ra_elsewhere;
		rules->ra_in_rdi = false;
	}
}

struct machine {
	const struct cfi_cie *cie;
	struct cfi_bytes code;
	struct cfi_rules rules;
	struct cfi_rules remembered[REMEMBERED];
	unsigned int depth;
	uint64_t address;
	cfi_row_fn on_row; /* NULL: a CIE's instructions, which only set rules */
	void *context;
};

/* A register and an offset to it. */
static void row_by_register(struct ppbpf_unwind_row *row, const struct cfi_rules *rules)
{
	bool far = rules->offset > PPBPF_UNWIND_NEAR_MAX;
	uint32_t eighth = rules->offset / WORD;

	if (rules->offset < 0 || rules->offset > PPBPF_UNWIND_OFFSET_MAX || rules->offset % WORD)
		return;
	if (rules->reg == REG_RSP)
		row->kind = far ? PPBPF_UNWIND_SP_FAR : PPBPF_UNWIND_SP;
	else if (rules->reg == REG_RBP)
		row->kind = far ? PPBPF_UNWIND_FP_FAR : PPBPF_UNWIND_FP;
	else if (far)
		return;
	else if (rules->reg == REG_RBX)
		row->kind = PPBPF_UNWIND_BX;
	else if (rules->reg == REG_R10)
		row->kind = PPBPF_UNWIND_R10;
	else if (rules->reg == REG_RAX)
		row->kind = PPBPF_UNWIND_RAX;
	row->cfa = (int16_t)(uint16_t)eighth;
	if (far)
		row->kind |= eighth >> 16 << 4;
	else if (row->kind && rules->bx < -1 && rules->bx > -16)
		row->kind |= -rules->bx << 4;
}

/* Memory beside a register. */
static void row_by_memory(struct ppbpf_unwind_row *row, const struct cfi_rules *rules)
{
	int64_t slot = rules->offset / WORD;

	if (rules->offset % WORD || slot < -2048 || slot > 2047 || rules->addend % WORD ||
	    rules->addend < 0 || rules->addend / WORD > 15)
		return;
	row->kind = rules->reg == REG_RSP ? PPBPF_UNWIND_SP_DEREF : PPBPF_UNWIND_FP_DEREF;
	if (rules->bx < -1 && rules->bx > -16)
		row->kind |= -rules->bx << 4;
	row->cfa = slot * 16 + rules->addend / WORD;
}

static struct ppbpf_unwind_row row_of(const struct cfi_cie *cie, const struct cfi_rules *rules)
{
	struct ppbpf_unwind_row row = { .kind = PPBPF_UNWIND_NONE };

	if (cie->signal) {
		row.kind = PPBPF_UNWIND_SIGNAL;
		return row;
	}
	if (rules->ra_undefined) {
		row.kind = PPBPF_UNWIND_STOP;
		return row;
	}
	if (rules->ra_elsewhere) {
		if (rules->ra_in_rdi && rules->cfa == CFI_CFA_REGISTER && rules->reg == REG_RSP &&
		    rules->offset >= 0 && rules->offset <= PPBPF_UNWIND_NEAR_MAX) {
			row.kind = PPBPF_UNWIND_RA_DI;
			row.cfa = (int16_t)(rules->offset / WORD);
		}
		return row;
	}
	if (rules->cfa == CFI_CFA_PLT) {
		row.kind = PPBPF_UNWIND_PLT;
		row.cfa = rules->offset;
	} else if (rules->cfa == CFI_CFA_DEREF) {
		row_by_memory(&row, rules);
	} else if (rules->cfa == CFI_CFA_REGISTER) {
		row_by_register(&row, rules);
	}
	if (row.kind && (rules->fp == PPBPF_FP_AT_FP || (rules->fp > -128 && rules->fp < 128)))
		row.fp = rules->fp;
	return row;
}

static int flush(struct machine *machine)
{
	struct ppbpf_unwind_row row = row_of(machine->cie, &machine->rules);

	return machine->on_row ? machine->on_row(machine->context, machine->address, &row) : 0;
}

static int advance(struct machine *machine, uint64_t by)
{
	int err = flush(machine);
	uint64_t to = machine->address + by * machine->cie->code_align;

	if (to < machine->address)
		machine->code.bad = true;
	else
		machine->address = to;
	return err;
}

static struct cfi_bytes block(struct machine *machine)
{
	uint64_t size = cfi_bytes__uleb(&machine->code);
	struct cfi_bytes bytes = { .at = machine->code.at };

	cfi_bytes__skip(&machine->code, size);
	bytes.end = machine->code.at;
	return bytes;
}

/* Rules of registers other than the CFA; false: not one of those. */
static bool step_register(struct machine *machine, uint8_t op)
{
	const struct cfi_cie *cie = machine->cie;
	struct cfi_rules *rules = &machine->rules;
	struct cfi_bytes *code = &machine->code;
	uint64_t reg = cfi_bytes__uleb(code), operand;

	switch (op) {
	case DW_CFA_offset_extended:
		saved_at(cie, rules, reg, multiply(cfi_bytes__uleb(code), cie->data_align));
		return true;
	case DW_CFA_offset_extended_sf:
		saved_at(cie, rules, reg, multiply(cfi_bytes__sleb(code), cie->data_align));
		return true;
	case DW_CFA_GNU_negative_offset_extended:
		saved_at(cie, rules, reg, -multiply(cfi_bytes__uleb(code), cie->data_align));
		return true;
	case DW_CFA_restore_extended:
		restored(cie, rules, reg);
		return true;
	case DW_CFA_undefined:
		rules->ra_undefined |= reg == cie->ra;
		return true;
	case DW_CFA_same_value:
		if (reg == REG_RBP)
			rules->fp = PPBPF_FP_SAME;
		if (reg == REG_RBX)
			rules->bx = 0;
		return true;
	case DW_CFA_register:
	case DW_CFA_val_offset:
	case DW_CFA_val_offset_sf:
		operand = cfi_bytes__uleb(code);
		rules->ra_elsewhere |= reg == cie->ra;
		if (reg == cie->ra)
			rules->ra_in_rdi = op == DW_CFA_register && operand == REG_RDI;
		return true;
	case DW_CFA_expression:
	case DW_CFA_val_expression:
		saved_by_expression(cie, rules, reg, block(machine), op == DW_CFA_val_expression);
		return true;
	default:
		return false;
	}
}

static void cfa_is(struct cfi_rules *rules, uint64_t reg, int64_t offset)
{
	rules->cfa = CFI_CFA_REGISTER;
	rules->reg = reg;
	rules->offset = offset;
}

/* The CFA's own rules; false: not one of those. */
static bool step_cfa(struct machine *machine, uint8_t op)
{
	int64_t align = machine->cie->data_align;
	struct cfi_rules *rules = &machine->rules;
	struct cfi_bytes *code = &machine->code;
	uint64_t reg;

	switch (op) {
	case DW_CFA_def_cfa:
		reg = cfi_bytes__uleb(code);
		cfa_is(rules, reg, cfi_bytes__uleb(code));
		return true;
	case DW_CFA_def_cfa_sf:
		reg = cfi_bytes__uleb(code);
		cfa_is(rules, reg, multiply(cfi_bytes__sleb(code), align));
		return true;
	case DW_CFA_def_cfa_register:
		cfa_is(rules, cfi_bytes__uleb(code), rules->offset);
		return true;
	case DW_CFA_def_cfa_offset:
		rules->offset = cfi_bytes__uleb(code);
		return true;
	case DW_CFA_def_cfa_offset_sf:
		rules->offset = multiply(cfi_bytes__sleb(code), align);
		return true;
	case DW_CFA_def_cfa_expression:
		cfa_expression(rules, block(machine));
		return true;
	default:
		return false;
	}
}

/* Moves on, remembers, does nothing; or one of the above. */
static int step_extended(struct machine *machine, uint8_t op)
{
	struct cfi_bytes *code = &machine->code;
	uint64_t to;
	int err;

	switch (op) {
	case DW_CFA_nop:
		return 0;
	case DW_CFA_GNU_args_size:
		cfi_bytes__uleb(code);
		return 0;
	case DW_CFA_set_loc:
		to = cfi_bytes__pointer(code, machine->cie->encoding & 0x0f, 0);
		err = flush(machine);
		machine->address = to > machine->address ? to : machine->address;
		return err;
	case DW_CFA_advance_loc1:
		return advance(machine, cfi_bytes__fixed(code, 1));
	case DW_CFA_advance_loc2:
		return advance(machine, cfi_bytes__fixed(code, 2));
	case DW_CFA_advance_loc4:
		return advance(machine, cfi_bytes__fixed(code, 4));
	case DW_CFA_remember_state:
		if (machine->depth == REMEMBERED)
			code->bad = true;
		else
			machine->remembered[machine->depth++] = machine->rules;
		return 0;
	case DW_CFA_restore_state:
		if (!machine->depth)
			code->bad = true;
		else
			machine->rules = machine->remembered[--machine->depth];
		return 0;
	default:
		if (!step_cfa(machine, op) && !step_register(machine, op))
			code->bad = true;
		return 0;
	}
}

static int step(struct machine *machine)
{
	uint8_t byte = cfi_bytes__fixed(&machine->code, 1), operand = byte & 0x3f;

	switch (byte & 0xc0) {
	case DW_CFA_advance_loc:
		return advance(machine, operand);
	case DW_CFA_offset:
		saved_at(machine->cie, &machine->rules, operand,
			 multiply(cfi_bytes__uleb(&machine->code), machine->cie->data_align));
		return 0;
	case DW_CFA_restore:
		restored(machine->cie, &machine->rules, operand);
		return 0;
	default:
		return step_extended(machine, byte);
	}
}

static int run(struct machine *machine)
{
	int err = 0;

	while (!err && machine->code.at < machine->code.end && !machine->code.bad)
		err = step(machine);
	if (!err && machine->code.bad)
		machine->rules = (struct cfi_rules){ .cfa = CFI_CFA_UNKNOWN };
	return err ? err : flush(machine);
}

int cfi_cie__run(const struct cfi_cie *cie, const uint8_t *code, const uint8_t *end,
		 uint64_t address, cfi_row_fn on_row, void *context)
{
	struct machine machine = {
		.cie = cie,
		.code = { .at = code, .end = end },
		.rules = cie->initial,
		.address = address,
		.on_row = on_row,
		.context = context,
	};

	return run(&machine);
}

static bool parse_augmentation(struct cfi_cie *cie, struct cfi_bytes *body, const char *letters)
{
	struct cfi_bytes data;
	uint64_t size;

	if (!*letters)
		return true;
	if (*letters != 'z') /* its data's size is not known, and where its code begins */
		return false;
	cie->augmented = true;
	size = cfi_bytes__uleb(body);
	data.at = body->at;
	cfi_bytes__skip(body, size);
	data.end = body->at;
	data.bad = false;
	for (const char *letter = letters + 1; *letter; letter++) {
		if (*letter == 'R') {
			cie->encoding = cfi_bytes__fixed(&data, 1);
		} else if (*letter == 'P') {
			uint8_t encoding = cfi_bytes__fixed(&data, 1);

			cfi_bytes__pointer(&data, encoding & 0x0f, 0);
		} else if (*letter == 'L') {
			cfi_bytes__skip(&data, 1);
		} else if (*letter == 'S') {
			cie->signal = true;
		} else if (*letter != 'B') {
			break; /* what is unknown comes last, as the size tells its end */
		}
	}
	return !data.bad;
}

bool cfi_cie__parse(struct cfi_cie *cie, struct cfi_bytes body, bool debug_frame)
{
	uint8_t version = cfi_bytes__fixed(&body, 1);
	const char *letters = (const char *)body.at;
	struct machine machine = { .cie = cie };

	*cie = (struct cfi_cie){ .encoding = DW_EH_PE_absptr };
	cie->initial.cfa = CFI_CFA_UNKNOWN;
	if (version != 1 && version != 3 && version != 4)
		return false;
	while (!body.bad && cfi_bytes__fixed(&body, 1))
		;
	if (body.bad)
		return false;
	if (version == 4) {
		if (cfi_bytes__fixed(&body, 1) != WORD || cfi_bytes__fixed(&body, 1))
			return false;
	}
	cie->code_align = cfi_bytes__uleb(&body);
	cie->data_align = cfi_bytes__sleb(&body);
	cie->ra = version == 1 ? cfi_bytes__fixed(&body, 1) : cfi_bytes__uleb(&body);
	if (!parse_augmentation(cie, &body, letters) || body.bad)
		return false;
	if (debug_frame)
		cie->encoding = DW_EH_PE_absptr;
	machine.code = body;
	machine.rules = cie->initial;
	run(&machine);
	cie->initial = machine.rules;
	return true;
}
