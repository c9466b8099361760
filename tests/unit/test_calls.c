/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The histogram of durations, and what is read off it. */
#include "model/calls.h"

#include <math.h>
#include <string.h>

#include "unit.h"

static void slots_follow_each_other(void **state)
{
	(void)state;
	assert_int_equal(ppbpf_call_slot_low(0), 0);
	assert_int_equal(ppbpf_call_slot_low(7), 7);
	assert_int_equal(ppbpf_call_slot_low(8), 8);
	assert_int_equal(ppbpf_call_slot_low(16), 16);
	assert_int_equal(ppbpf_call_slot_low(17), 18);
	assert_true(ppbpf_call_slot_low(PPBPF_CALL_SLOTS - 1) == 1ULL << 44);
	for (uint32_t i = 1; i < PPBPF_CALL_SLOTS; i++) {
		uint64_t low = ppbpf_call_slot_low(i - 1), high = ppbpf_call_slot_low(i);

		assert_true(high > low);
		/* an eighth of what they hold, at most */
		assert_true(i <= 8 || (high - low) * 8 <= low);
	}
}

static void quantiles(void **state)
{
	struct call_row row = { .timed = true };

	(void)state;
	assert_true(isnan(call_row__quantile(&row, 0.5)));
	/* 100 calls of 1024 to 1151 ns, and one of a second */
	row.hist[64] = 100;
	assert_int_equal(ppbpf_call_slot_low(64), 1024);
	row.returned = 100;
	row.min_ns = 1030;
	row.max_ns = 1140;
	assert_true(fabs(call_row__quantile(&row, 0.5) - 1088) < 1);
	assert_true(call_row__quantile(&row, 0) == 1030);
	assert_true(call_row__quantile(&row, 1) == 1140);
	row.hist[PPBPF_CALL_SLOTS - 1] = 100;
	row.returned = 200;
	row.max_ns = 1ULL << 45;
	assert_true(call_row__quantile(&row, 1) == (double)(1ULL << 45));
	assert_true(call_row__quantile(&row, 0.9) > (double)(1ULL << 44));
	row.timed = false;
	assert_true(isnan(call_row__quantile(&row, 0.5)));
}

static void losses_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < PPBPF_CALL_COUNTER_NR; i++)
		assert_int_equal(!call_loss_name(i), i == PPBPF_CALL_LEFT);
	assert_null(call_loss_name(PPBPF_CALL_COUNTER_NR));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_follow_each_other),
		cmocka_unit_test(quantiles),
		cmocka_unit_test(losses_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
