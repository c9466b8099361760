// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/report.h"

static void the_first_reason_stays(void **state)
{
	struct report *report = report__new();

	(void)state;
	assert_null(report__why_missing(report, "perf.cycles"));
	assert_int_equal(report__missing(report, "perf.cycles", "no %s", "PMU"), 0);
	assert_int_equal(report__missing(report, "perf.cycles", "something later"), 0);
	assert_int_equal(report__missing(report, "perf", "all of it"), 0);
	assert_string_equal(report__why_missing(report, "perf.cycles"), "no PMU");
	assert_string_equal(report__why_missing(report, "perf"), "all of it");
	assert_null(report__why_missing(report, "perf.cycle"));
	assert_int_equal(report->missing_count, 2);
	report__free(report);
}

static void warnings_keep_their_order(void **state)
{
	struct report *report = report__new();

	(void)state;
	assert_int_equal(report->command_status, -1);
	assert_int_equal(report__warn(report, "%d of %d", 1, 2), 0);
	assert_int_equal(report__warn(report, "second"), 0);
	assert_int_equal(report->warning_count, 2);
	assert_string_equal(report->warnings[0], "1 of 2");
	assert_string_equal(report->warnings[1], "second");
	report__free(report);
	report__free(NULL);
}

static void every_loss_counter_has_a_name_and_counts_have_none(void **state)
{
	(void)state;
	for (int i = 0; i < PPBPF_COUNTER_NR; i++) {
		if (i < PPBPF_COUNT_WAIT_NS)
			assert_non_null(counter_loss_name(i));
		else
			assert_null(counter_loss_name(i));
	}
	assert_string_equal(counter_loss_name(PPBPF_LOST_EVENTS_EXIT), "events_exit");
	assert_string_equal(counter_loss_name(PPBPF_LOST_PROGRAM_RUNS), "program_runs");
}

static void an_average_weighs_intervals_by_their_length(void **state)
{
	struct series series = { 0 };

	(void)state;
	assert_true(isnan(series__average(&series)));
	series__add(&series, 1, 1, 30);
	series__add(&series, 4, 3, 10);
	assert_true(series__average(&series) == 15);
	assert_true(series.peak == 30 && series.low == 10);
	assert_true(series.first == 30 && series.last == 10);
	assert_int_equal(series.count, 2);
	assert_int_equal(series.stride, 1);
	assert_true(series.values[1] == 10 && series.times[1] == 4);
	series__free(&series);
	assert_int_equal(series.count, 0);
}

static void a_first_value_below_zero_is_low_and_peak(void **state)
{
	struct series series = { 0 };

	(void)state;
	series__add(&series, 1, 1, -5);
	assert_true(series.peak == -5 && series.low == -5);
	series__free(&series);
}

/* Values 0, 1, 2, ...: a merged pair keeps its second one, and the time of it. */
static void ramp(struct series *series, int count)
{
	for (int i = 0; i < count; i++)
		assert_int_equal(series__add(series, i + 1, 1, i), 0);
}

static void ten_thousand_are_kept_as_they_are(void **state)
{
	struct series series = { 0 };

	(void)state;
	ramp(&series, 10000);
	assert_int_equal(series.count, 10000);
	assert_int_equal(series.stride, 1);
	for (int i = 0; i < 10000; i++)
		assert_true(series.values[i] == i && series.times[i] == i + 1);
	series__free(&series);
}

static void one_more_halves_them(void **state)
{
	struct series series = { 0 };

	(void)state;
	ramp(&series, 10001);
	assert_int_equal(series.stride, 2);
	assert_int_equal(series.count, 5001);
	assert_true(series.values[0] == 1 && series.times[0] == 2);
	assert_true(series.values[4999] == 9999 && series.times[4999] == 10000);
	assert_true(series.values[5000] == 10000 && series.times[5000] == 10001);
	assert_int_equal(series.pending, 1);
	/* the other half of that value, smaller: it adds its time */
	series__add(&series, 10002, 1, 7);
	assert_int_equal(series.count, 5001);
	assert_true(series.values[5000] == 10000 && series.times[5000] == 10002);
	series__free(&series);
}

static void thinning_again_and_again_keeps_peaks_and_exact_figures(void **state)
{
	struct series series = { 0 };
	int spikes = 0;

	(void)state;
	for (int i = 0; i < 100000; i++)
		series__add(&series, i + 1, 1, i == 77777 ? 1000 : i == 5 ? -1 : 1);
	assert_int_equal(series.stride, 16);
	assert_int_equal(series.count, 6250);
	for (size_t i = 0; i < series.count; i++)
		spikes += series.values[i] == 1000;
	assert_int_equal(spikes, 1);
	assert_true(series.times[series.count - 1] == 100000);
	assert_true(series.peak == 1000 && series.low == -1);
	assert_true(fabs(series__average(&series) - (99998 + 1000 - 1) / 1e5) < 1e-12);
	series__free(&series);
}

static void a_quantile_lies_in_its_slot_by_share(void **state)
{
	uint64_t slots[28] = { 0 };

	(void)state;
	assert_true(isnan(hist_quantile(slots, 28, 0.5)));
	slots[1] = 4; /* 512 to 1024 ns */
	assert_true(hist_quantile(slots, 28, 0.5) == 768);
	assert_true(hist_quantile(slots, 28, 0.25) == 640);
	assert_true(hist_quantile(slots, 28, 1) == 1024);
	assert_true(hist_quantile(slots, 28, 0) == 512);
	slots[0] = 4;
	slots[3] = 2; /* 2048 to 4096 */
	assert_true(hist_quantile(slots, 28, 0.2) == 256);
	assert_true(hist_quantile(slots, 28, 0.4) == 512);
	assert_true(hist_quantile(slots, 28, 0.9) == 3072);
}

static void the_last_slot_is_open(void **state)
{
	uint32_t slots[3] = { 0, 0, 8 };

	(void)state;
	assert_true(hist_quantile32(slots, 3, 0.5) == 1024);
	assert_true(hist_quantile32(slots, 3, 1) == 1024);
	slots[1] = 8;
	assert_true(hist_quantile32(slots, 3, 0.25) == 768);
	assert_true(hist_quantile32(slots, 3, 0.75) == 1024);
}

static void large_counts_do_not_overflow(void **state)
{
	uint64_t slots[28] = { [5] = UINT64_MAX, [6] = UINT64_MAX };

	(void)state;
	assert_true(hist_quantile(slots, 28, 0.5) == 16384);
	assert_true(hist_quantile(slots, 28, 0.75) == 24576);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_reason_stays),
		cmocka_unit_test(warnings_keep_their_order),
		cmocka_unit_test(every_loss_counter_has_a_name_and_counts_have_none),
		cmocka_unit_test(an_average_weighs_intervals_by_their_length),
		cmocka_unit_test(a_first_value_below_zero_is_low_and_peak),
		cmocka_unit_test(ten_thousand_are_kept_as_they_are),
		cmocka_unit_test(one_more_halves_them),
		cmocka_unit_test(thinning_again_and_again_keeps_peaks_and_exact_figures),
		cmocka_unit_test(a_quantile_lies_in_its_slot_by_share),
		cmocka_unit_test(the_last_slot_is_open),
		cmocka_unit_test(large_counts_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
