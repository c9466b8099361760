// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* The twin of bpf/unwind.bpf.h; docs/unwinding.md has the rules. */
#include "collect/rest.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "collect/modules.h"

#define FRAME_BYTES_MAX (1UL << 24)
#define UCONTEXT_RBP 120 /* of struct ucontext: uc_mcontext.gregs[REG_RBP] */
#define GO_ON (-1)

/* A walk under way. */
struct rest {
	const struct ppbpf_rest_event *event;
	uint64_t ip, sp, fp, bx;
	bool is_return;
	bool innermost;
};

int rest_check(const void *data, size_t size)
{
	const struct ppbpf_rest_event *event = data;
	size_t before = offsetof(struct ppbpf_rest_event, stack);

	if (size < before || event->mapping_count > PPBPF_REST_MAPPINGS ||
	    event->stack_bytes > size - before)
		return -EINVAL;
	return 0;
}

/* Of the stack, as it was. False: that is not here. */
static bool read_stack(const struct rest *rest, void *to, size_t size, uint64_t from)
{
	uint64_t base = rest->event->sp & ~(PPBPF_REST_PAGE - 1UL);
	uint64_t bytes = rest->event->stack_bytes;

	if (from < base || size > bytes || from - base > bytes - size)
		return false;
	memcpy(to, rest->event->stack + (from - base), size);
	return true;
}

static const struct ppbpf_rest_mapping *mapping_find(const struct rest *rest, uint64_t address)
{
	const struct ppbpf_rest_mapping *mapping = rest->event->mappings;

	for (uint32_t i = 0; i < rest->event->mapping_count; i++, mapping++)
		if (address >= mapping->start && address < mapping->end)
			return mapping;
	return NULL;
}

static int go_up(struct rest *rest, uint64_t ip, uint64_t sp)
{
	rest->ip = ip;
	rest->sp = sp;
	rest->is_return = true;
	rest->innermost = false;
	return ip ? GO_ON : PPBPF_STACK_COMPLETE;
}

static int step_signal(struct rest *rest)
{
	uint64_t regs[7]; /* rbp, rbx, rdx, rax, rcx, rsp, rip */

	if (!read_stack(rest, regs, sizeof(regs), rest->sp + UCONTEXT_RBP))
		return PPBPF_STACK_PENDING;
	rest->fp = regs[0];
	rest->bx = regs[1];
	go_up(rest, regs[6], regs[5]);
	rest->is_return = false;
	return GO_ON;
}

/*
 * Where no row holds: by the frame pointer. The code itself is not here, by which
 * the program knows CPython's trampolines: their frames are two words, and what
 * they leave in the frame pointer mostly leads nowhere.
 */
static int step_by_frame(struct rest *rest, int why_not)
{
	uint64_t frame[2], at = rest->fp, caller;
	bool chained = !(at & 7) && at >= rest->sp && at - rest->sp <= FRAME_BYTES_MAX &&
		       read_stack(rest, frame, sizeof(frame), at);

	if (chained && (!frame[1] || mapping_find(rest, frame[1] - 1))) {
		rest->fp = frame[0];
		return go_up(rest, frame[1], at + sizeof(frame));
	}
	if (why_not == PPBPF_STACK_NO_FRAME && rest->is_return &&
	    read_stack(rest, &caller, sizeof(caller), rest->sp + sizeof(caller)) &&
	    mapping_find(rest, caller - 1))
		return go_up(rest, caller, rest->sp + 2 * sizeof(caller));
	if (!rest->fp && rest->is_return)
		return PPBPF_STACK_COMPLETE;
	return why_not;
}

/* The canonical frame address; 0: not to be had. */
static uint64_t cfa_of(const struct rest *rest, const struct ppbpf_unwind_row *row)
{
	unsigned int kind = row->kind & PPBPF_UNWIND_KIND_MASK;
	uint64_t offset = (uint16_t)row->cfa * 8UL;
	uint64_t far = ((uint64_t)(row->kind >> 4) << 19) + offset, at;

	switch (kind) {
	case PPBPF_UNWIND_SP:
		return rest->sp + offset;
	case PPBPF_UNWIND_FP:
		return rest->fp + offset;
	case PPBPF_UNWIND_SP_FAR:
		return rest->sp + far;
	case PPBPF_UNWIND_FP_FAR:
		return rest->fp + far;
	case PPBPF_UNWIND_BX:
		return rest->bx + offset;
	case PPBPF_UNWIND_PLT:
		return rest->sp + ((int)(rest->ip & 15) >= row->cfa ? 16 : 8);
	case PPBPF_UNWIND_R10:
		return rest->innermost ? rest->event->r10 + offset : 0;
	case PPBPF_UNWIND_RAX:
		return rest->innermost ? rest->event->ax + offset : 0;
	default:
		at = kind == PPBPF_UNWIND_SP_DEREF ? rest->sp : rest->fp;
		if (!read_stack(rest, &at, sizeof(at), at + (row->cfa >> 4) * 8L))
			return 0;
		return at + (row->cfa & 15) * 8;
	}
}

static int step_by_row(struct rest *rest, const struct ppbpf_unwind_row *row)
{
	uint64_t cfa = cfa_of(rest, row), ip;
	unsigned int bx = row->kind >> 4;

	if (!cfa || cfa < rest->sp || !read_stack(rest, &ip, sizeof(ip), cfa - sizeof(ip)))
		return PPBPF_STACK_PENDING;
	if (bx && (row->kind & PPBPF_UNWIND_KIND_MASK) < PPBPF_UNWIND_SP_FAR &&
	    !read_stack(rest, &rest->bx, sizeof(rest->bx), cfa - bx * 8UL))
		return PPBPF_STACK_PENDING;
	if (row->fp == PPBPF_FP_AT_FP) {
		if (!read_stack(rest, &rest->fp, sizeof(rest->fp), rest->fp))
			return PPBPF_STACK_PENDING;
	} else if (row->fp != PPBPF_FP_SAME &&
		   !read_stack(rest, &rest->fp, sizeof(rest->fp), cfa + row->fp * 8L)) {
		return PPBPF_STACK_PENDING;
	}
	return go_up(rest, ip, cfa);
}

static int step_go(struct rest *rest, const struct ppbpf_unwind_row *row,
		   const struct ppbpf_rest_mapping *mapping)
{
	uint64_t size = (uint16_t)row->cfa * 8UL, at = rest->fp, frame[2];

	if (rest->innermost && !size)
		return step_by_frame(rest, PPBPF_STACK_NO_ROW);
	if (rest->innermost)
		at = rest->sp + size - sizeof(frame);
	else if (!at)
		return PPBPF_STACK_COMPLETE;
	if (!read_stack(rest, frame, sizeof(frame), at))
		return PPBPF_STACK_PENDING;
	if (!rest->innermost || (size > 8 && (uint32_t)(rest->ip + mapping->to_offset) != row->pc))
		rest->fp = frame[0];
	return go_up(rest, frame[1], at + sizeof(frame));
}

static uint64_t frame_of(const struct rest *rest, const struct ppbpf_rest_mapping *mapping,
			 int state)
{
	uint64_t kind = rest->is_return, value = rest->ip;

	if (mapping->module && state != PPBPF_MODULE_NOT_ELF)
		value = mapping->module << PPBPF_FRAME_OFFSET_BITS |
			((rest->ip + mapping->to_offset) & ((1ULL << PPBPF_FRAME_OFFSET_BITS) - 1));
	else
		kind += PPBPF_FRAME_MEMORY;
	return kind << PPBPF_FRAME_KIND_SHIFT | value;
}

static int step(struct rest *rest, const struct ppbpf_unwind_row *row,
		const struct ppbpf_rest_mapping *mapping, int state)
{
	static const int why_not[] = {
		[PPBPF_MODULE_READY] = PPBPF_STACK_NO_ROW,
		[PPBPF_MODULE_NO_TABLE] = PPBPF_STACK_NO_TABLE,
		[PPBPF_MODULE_NOT_ELF] = PPBPF_STACK_NO_FRAME,
	};

	switch (row->kind & PPBPF_UNWIND_KIND_MASK) {
	case PPBPF_UNWIND_NONE:
		return step_by_frame(rest, why_not[state]);
	case PPBPF_UNWIND_SIGNAL:
		return step_signal(rest);
	case PPBPF_UNWIND_STOP:
		return PPBPF_STACK_COMPLETE;
	case PPBPF_UNWIND_GO:
		return step_go(rest, row, mapping);
	case PPBPF_UNWIND_RA_DI:
		if (!rest->innermost)
			return PPBPF_STACK_NO_ROW;
		return go_up(rest, rest->event->di, rest->sp + (uint16_t)row->cfa * 8UL);
	default:
		return step_by_row(rest, row);
	}
}

int rest_walk(const struct ppbpf_rest_event *event, struct modules *m, uint64_t *frames,
	      uint32_t *count, uint32_t *missing)
{
	struct rest rest = {
		.event = event,
		.ip = event->ip,
		.sp = event->sp,
		.fp = event->fp,
		.bx = event->bx,
		.is_return = event->is_return,
		.innermost = event->innermost,
	};
	const struct ppbpf_rest_mapping *mapping;
	struct ppbpf_unwind_row row;
	uint32_t added = *count;
	int state, end = GO_ON;

	/* the frame to begin with is there */
	for (bool first = true; end == GO_ON; first = false) {
		uint64_t address = rest.ip - rest.is_return;

		mapping = mapping_find(&rest, address);
		if (!mapping)
			end = PPBPF_STACK_NO_MAPPING;
		else if (!first && added >= PPBPF_FRAMES_MAX)
			end = PPBPF_STACK_TOO_DEEP;
		if (end != GO_ON)
			break;
		row = (struct ppbpf_unwind_row){ 0 };
		state = mapping->module ? modules__row(m, mapping->module,
						       address + mapping->to_offset, &row)
					: PPBPF_MODULE_NOT_ELF;
		if (state == PPBPF_MODULE_PENDING) {
			*missing = mapping->module;
			return -EAGAIN;
		}
		if (!first)
			frames[added++] = frame_of(&rest, mapping, state);
		end = step(&rest, &row, mapping, state);
	}
	*count = added;
	return end;
}
