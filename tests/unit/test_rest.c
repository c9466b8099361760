// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Stacks that are walked on in user space, when the tables that they lack are there. */
#include "unit.h"

#include <errno.h>

#include "../fuzz/rest_made.c"

struct walked {
	uint64_t frames[PPBPF_FRAMES_MAX];
	uint32_t count;
	uint32_t missing;
};

static int walk(const struct ppbpf_rest_event *event, struct walked *walked)
{
	walked->missing = 0;
	walked->count = 1;
	walked->frames[0] = 0x1234; /* there already */
	return rest_walk(event, NULL, walked->frames, &walked->count, &walked->missing);
}

static void put(struct ppbpf_rest_event *event, unsigned int word, uint64_t value)
{
	memcpy(event->stack + word * sizeof(value), &value, sizeof(value));
}

static void assert_native(uint64_t frame, unsigned int module, unsigned int offset)
{
	assert_int_equal(frame >> PPBPF_FRAME_KIND_SHIFT, PPBPF_FRAME_NATIVE_RETURN);
	assert_int_equal(frame & ((1ULL << PPBPF_FRAME_KIND_SHIFT) - 1),
			 (uint64_t)module << PPBPF_FRAME_OFFSET_BITS | offset);
}

/* Each is asked for in its turn, and until the last is there nothing is taken. */
static void a_stack_may_lack_several_tables(void **state)
{
	struct ppbpf_rest_event *event = made_event(256);
	struct walked walked;

	(void)state;
	made_clear();
	event->ip = in_module(1, 0x10);
	put(event, 0, in_module(2, 0x20));
	put(event, 2, in_module(3, 0x30));
	put(event, 4, in_module(4, 0x40));
	for (unsigned int late = 1; late <= 3; late++) {
		assert_int_equal(walk(event, &walked), -EAGAIN);
		assert_int_equal(walked.missing, late);
		assert_int_equal(walked.count, 1);
		made_row(late, PPBPF_UNWIND_SP, late == 1 ? 1 : 2, 0);
	}
	made_row(4, PPBPF_UNWIND_STOP, 0, 0);
	assert_int_equal(walk(event, &walked), PPBPF_STACK_COMPLETE);
	assert_int_equal(walked.count, 4);
	assert_int_equal(walked.frames[0], 0x1234);
	assert_native(walked.frames[1], 2, 0x20);
	assert_native(walked.frames[2], 3, 0x30);
	assert_native(walked.frames[3], 4, 0x40);
	free(event);
}

static void what_ends_a_walk_is_told(void **state)
{
	static const struct {
		int state;
		unsigned int kind;
		uint64_t caller;
		int end;
	} cases[] = {
		{ PPBPF_MODULE_READY, PPBPF_UNWIND_SP, 0, PPBPF_STACK_COMPLETE },
		{ PPBPF_MODULE_READY, PPBPF_UNWIND_SP, 0x123456, PPBPF_STACK_NO_MAPPING },
		{ PPBPF_MODULE_READY, PPBPF_UNWIND_SP, ~0ULL, PPBPF_STACK_NO_MAPPING },
		{ PPBPF_MODULE_READY, PPBPF_UNWIND_NONE, 0, PPBPF_STACK_NO_ROW },
		{ PPBPF_MODULE_NO_TABLE, 0, 0, PPBPF_STACK_NO_TABLE },
		{ PPBPF_MODULE_NOT_ELF, 0, 0, PPBPF_STACK_NO_FRAME },
	};
	struct ppbpf_rest_event *event = made_event(64);
	struct walked walked;

	(void)state;
	event->ip = in_module(1, 0x10);
	event->fp = 0x1001; /* no frame pointer */
	for (size_t i = 0; i < LENGTH(cases); i++) {
		made_clear();
		made_row(1, cases[i].kind, 1, 0);
		made[1].state = cases[i].state;
		put(event, 0, cases[i].caller);
		assert_int_equal(walk(event, &walked), cases[i].end);
		assert_int_equal(walked.count, 1);
	}
	/* the first frame lies in nothing that is mapped */
	event->ip = 0x10;
	assert_int_equal(walk(event, &walked), PPBPF_STACK_NO_MAPPING);
	/* what would follow is not among the bytes that were kept */
	event->ip = in_module(1, 0x10);
	made_row(1, PPBPF_UNWIND_SP, 9, 0);
	assert_int_equal(walk(event, &walked), PPBPF_STACK_PENDING);
	free(event);
}

/* How the caller is found, by each kind of row: it is in module 2, and the walk ends there. */
static void every_kind_of_row(void **state)
{
	static const struct {
		unsigned int kind, word; /* of the return address */
		int cfa, fp;
		uint64_t sp, frame, bx, r10, ax, di; /* in words from the stack's begin */
	} cases[] = {
		{ .kind = PPBPF_UNWIND_SP, .cfa = 5, .word = 4 },
		{ .kind = PPBPF_UNWIND_FP, .cfa = 2, .word = 9, .frame = 8 },
		{ .kind = PPBPF_UNWIND_BX, .cfa = 3, .word = 7, .bx = 5 },
		{ .kind = PPBPF_UNWIND_R10, .cfa = 0, .word = 7, .r10 = 8 },
		{ .kind = PPBPF_UNWIND_RAX, .cfa = 1, .word = 8, .ax = 8 },
		{ .kind = PPBPF_UNWIND_PLT, .cfa = 11, .word = 0 },
		{ .kind = PPBPF_UNWIND_SP_FAR, .cfa = 6, .word = 5 },
		{ .kind = PPBPF_UNWIND_FP_FAR, .cfa = 4, .word = 5, .frame = 2 },
		/* the word at sp + 2 leads to the frame's end less a word */
		{ .kind = PPBPF_UNWIND_SP_DEREF, .cfa = 2 * 16 + 1, .word = 11 },
		{ .kind = PPBPF_UNWIND_FP_DEREF, .cfa = -1 * 16, .word = 10, .frame = 3 },
		{ .kind = PPBPF_UNWIND_GO, .cfa = 4, .word = 3 },
	};
	struct ppbpf_rest_event *event;
	struct walked walked;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		made_clear();
		event = made_event(128);
		made_row(1, cases[i].kind, cases[i].cfa, 0);
		made_row(2, PPBPF_UNWIND_STOP, 0, 0);
		event->ip = in_module(1, 0x20);
		event->fp = STACK + 8 * cases[i].frame;
		event->bx = STACK + 8 * cases[i].bx;
		event->r10 = STACK + 8 * cases[i].r10;
		event->ax = STACK + 8 * cases[i].ax;
		put(event, 2, STACK + 8 * 11);
		put(event, cases[i].word, in_module(2, 0x77));
		assert_int_equal(walk(event, &walked), PPBPF_STACK_COMPLETE);
		assert_int_equal(walked.count, 2);
		assert_native(walked.frames[1], 2, 0x77);
		free(event);
	}
}

static void registers_of_the_innermost_frame_are_gone_in_its_callers(void **state)
{
	static const unsigned int kinds[] = { PPBPF_UNWIND_R10, PPBPF_UNWIND_RAX };
	struct ppbpf_rest_event *event = made_event(128);
	struct walked walked;

	(void)state;
	event->ip = in_module(1, 0x20);
	event->is_return = true;
	event->innermost = false;
	event->r10 = event->ax = STACK + 8;
	put(event, 0, in_module(2, 0x77));
	for (size_t i = 0; i < LENGTH(kinds); i++) {
		made_clear();
		made_row(1, kinds[i], 0, 0);
		assert_int_equal(walk(event, &walked), PPBPF_STACK_PENDING);
	}
	made_row(1, PPBPF_UNWIND_RA_DI, 1, 0);
	assert_int_equal(walk(event, &walked), PPBPF_STACK_NO_ROW);
	event->innermost = true;
	event->di = in_module(2, 0x99);
	made_row(2, PPBPF_UNWIND_STOP, 0, 0);
	assert_int_equal(walk(event, &walked), PPBPF_STACK_COMPLETE);
	assert_native(walked.frames[1], 2, 0x99);
	free(event);
}

/* rbp and rbx are followed to where functions have saved them. */
static void saved_registers(void **state)
{
	struct ppbpf_rest_event *event = made_event(256);
	struct walked walked;

	(void)state;
	made_clear();
	event->ip = in_module(1, 0x10);
	made_row(1, PPBPF_UNWIND_SP | 3 << 4, 4, -2); /* rbp two, rbx three words below */
	put(event, 1, STACK + 8 * 20);		      /* rbx */
	put(event, 2, STACK + 8 * 10);		      /* rbp */
	put(event, 3, in_module(2, 0x20));
	made_row(2, PPBPF_UNWIND_FP, 2, PPBPF_FP_AT_FP);
	put(event, 10, 0x5555);
	put(event, 11, in_module(3, 0x30));
	made_row(3, PPBPF_UNWIND_BX, 1, 0);
	put(event, 20, in_module(4, 0x40));
	made_row(4, PPBPF_UNWIND_STOP, 0, 0);
	assert_int_equal(walk(event, &walked), PPBPF_STACK_COMPLETE);
	assert_int_equal(walked.count, 4);
	assert_native(walked.frames[3], 4, 0x40);
	free(event);
}

static void a_signals_frame(void **state)
{
	struct ppbpf_rest_event *event = made_event(512);
	struct walked walked;

	(void)state;
	made_clear();
	event->ip = in_module(1, 0x10);
	made_row(1, PPBPF_UNWIND_SIGNAL, 0, 0);
	put(event, 15 + 5, STACK + 8 * 40); /* rsp, behind the ucontext's rbp at 120 */
	put(event, 15 + 6, in_module(2, 0)); /* rip: its first instruction */
	made_row(2, PPBPF_UNWIND_SP, 1, 0);
	put(event, 40, in_module(3, 0x30));
	made_row(3, PPBPF_UNWIND_STOP, 0, 0);
	assert_int_equal(walk(event, &walked), PPBPF_STACK_COMPLETE);
	assert_int_equal(walked.count, 3);
	assert_int_equal(walked.frames[1] >> PPBPF_FRAME_KIND_SHIFT, PPBPF_FRAME_NATIVE);
	assert_native(walked.frames[2], 3, 0x30);
	free(event);
}

/* Code in no file: by frame pointers; CPython's trampolines, whose frames are two words. */
static void code_without_a_file(void **state)
{
	struct ppbpf_rest_event *event = made_event(256);
	struct walked walked;

	(void)state;
	made_clear();
	event->ip = in_module(0, 0x10);
	event->is_return = true;
	event->innermost = false;
	event->fp = STACK + 8 * 6;
	put(event, 6, STACK + 8 * 9);
	put(event, 7, in_module(0, 0x44));
	put(event, 9, 0x77);
	put(event, 10, 0);
	assert_int_equal(walk(event, &walked), PPBPF_STACK_COMPLETE);
	assert_int_equal(walked.count, 2);
	assert_int_equal(walked.frames[1] >> PPBPF_FRAME_KIND_SHIFT, PPBPF_FRAME_MEMORY_RETURN);
	assert_int_equal(walked.frames[1] & UINT32_MAX, in_module(0, 0x44));
	made_row(2, PPBPF_UNWIND_STOP, 0, 0);
	put(event, 1, in_module(2, 0x50));
	for (uint64_t fp = 0; fp <= 5; fp += 5) {
		event->fp = fp;
		assert_int_equal(walk(event, &walked), PPBPF_STACK_COMPLETE);
		assert_int_equal(walked.count, 2);
		assert_native(walked.frames[1], 2, 0x50);
	}
	put(event, 1, 0x50);
	assert_int_equal(walk(event, &walked), PPBPF_STACK_NO_FRAME);
	event->fp = 0; /* the ABI's mark of the outermost frame */
	assert_int_equal(walk(event, &walked), PPBPF_STACK_COMPLETE);
	assert_int_equal(walked.count, 1);
	free(event);
}

/* However the memory is made, a walk is bounded: here each frame leads to itself. */
static void a_walk_that_goes_nowhere_ends(void **state)
{
	struct ppbpf_rest_event *event = made_event(64);
	struct walked walked;

	(void)state;
	made_clear();
	event->ip = in_module(1, 0x10);
	event->sp += 8;
	put(event, 0, in_module(1, 0x10));
	made_row(1, PPBPF_UNWIND_SP, 0, 0);
	assert_int_equal(walk(event, &walked), PPBPF_STACK_TOO_DEEP);
	assert_int_equal(walked.count, PPBPF_FRAMES_MAX);
	assert_true(rows_asked <= PPBPF_FRAMES_MAX + 1);
	free(event);
}

static void an_event_is_as_long_as_it_says(void **state)
{
	struct ppbpf_rest_event *event = made_event(128);
	size_t before = offsetof(struct ppbpf_rest_event, stack);

	(void)state;
	assert_int_equal(rest_check(event, before + 128), 0);
	assert_int_equal(rest_check(event, before + 127), -EINVAL);
	assert_int_equal(rest_check(event, before - 1), -EINVAL);
	assert_int_equal(rest_check(event, 4), -EINVAL);
	event->mapping_count = PPBPF_REST_MAPPINGS + 1;
	assert_int_equal(rest_check(event, before + 128), -EINVAL);
	event->mapping_count = 0;
	event->stack_bytes = UINT32_MAX;
	assert_int_equal(rest_check(event, before + 128), -EINVAL);
	free(event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stack_may_lack_several_tables),
		cmocka_unit_test(what_ends_a_walk_is_told),
		cmocka_unit_test(every_kind_of_row),
		cmocka_unit_test(registers_of_the_innermost_frame_are_gone_in_its_callers),
		cmocka_unit_test(saved_registers),
		cmocka_unit_test(a_signals_frame),
		cmocka_unit_test(code_without_a_file),
		cmocka_unit_test(a_walk_that_goes_nowhere_ends),
		cmocka_unit_test(an_event_is_as_long_as_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
