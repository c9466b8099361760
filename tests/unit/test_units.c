// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "unit.h"

#include <errno.h>
#include <math.h>

#include "base/units.h"

static void expect_duration(const char *text, uint64_t expected)
{
	uint64_t ns = 77;

	if (parse_duration(text, NSEC_PER_MSEC, &ns))
		fail_msg("\"%s\" was refused", text);
	assert_int_equal(ns, expected);
}

static void durations_are_read_as_people_write_them(void **state)
{
	(void)state;
	expect_duration("100", 100 * NSEC_PER_MSEC);
	expect_duration("0", 0);
	expect_duration("10ns", 10);
	expect_duration("250us", 250000);
	expect_duration("250µs", 250000);
	expect_duration("500ms", 500 * NSEC_PER_MSEC);
	expect_duration("1.5s", 1500 * NSEC_PER_MSEC);
	expect_duration(".5s", 500 * NSEC_PER_MSEC);
	expect_duration("2m", 120 * NSEC_PER_SEC);
	expect_duration("1h", 3600 * NSEC_PER_SEC);
	expect_duration("0.25h", 900 * NSEC_PER_SEC);
	expect_duration("007s", 7 * NSEC_PER_SEC);
	expect_duration("0.5", 500000);
}

static void durations_are_exact_to_the_nanosecond(void **state)
{
	(void)state;
	expect_duration("0.000000001s", 1);
	expect_duration("0.1s", 100000000);
	expect_duration("1.123456789s", 1123456789);
	expect_duration("1.4ns", 1);
	expect_duration("1.5ns", 2);
	expect_duration("0.333333333333333333333333333333s", 333333333);
	expect_duration("18446744073709551615ns", UINT64_MAX);
	expect_duration("18446744073.709551615s", UINT64_MAX);
}

static void expect_bad_duration(const char *text, int expected)
{
	uint64_t ns = 77;
	int err = parse_duration(text, NSEC_PER_SEC, &ns);

	if (err != expected)
		fail_msg("\"%s\" gave %d, not %d", text, err, expected);
	assert_int_equal(ns, 77);
}

static void what_is_no_duration_is_refused(void **state)
{
	static const char *const invalid[] = {
		"",	  "s",	 "-1",	 "+1",	"-0.5s", "1.",	  "1.s", ".",	   "1..5s",
		"1.5.5s", "1s ", " 1s",	 "1 s", "1sec",	 "1S",	  "1x",	 "1ss",	   "nan",
		"NaN",	  "inf", "0x10", "1e3", "1,5s",	 "1m30s", "ms",	 "1.5e2s", "١s",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(invalid); i++)
		expect_bad_duration(invalid[i], -EINVAL);
	expect_bad_duration("18446744073709551616ns", -ERANGE);
	expect_bad_duration("18446744073.709551616s", -ERANGE);
	expect_bad_duration("5124096h", -ERANGE);
	expect_bad_duration("99999999999999999999999999999999", -ERANGE);
}

static void expect_size(const char *text, uint64_t expected)
{
	uint64_t bytes = 77;

	if (parse_size(text, &bytes))
		fail_msg("\"%s\" was refused", text);
	assert_int_equal(bytes, expected);
}

static void sizes_are_read_as_people_write_them(void **state)
{
	(void)state;
	expect_size("0", 0);
	expect_size("100", 100);
	expect_size("100B", 100);
	expect_size("4K", 4096);
	expect_size("4k", 4096);
	expect_size("4KB", 4096);
	expect_size("4KiB", 4096);
	expect_size("4kib", 4096);
	expect_size("1.5M", 1572864);
	expect_size("2GiB", 2147483648);
	expect_size("3T", 3298534883328);
	expect_size("1P", 1125899906842624);
	expect_size("18446744073709551615", UINT64_MAX);
}

static void what_is_no_size_is_refused(void **state)
{
	static const char *const invalid[] = { "",    "K",   "-1", "1KK", "1BB", "1iB",
					       "1Ki", "1 K", "1X", "nan", "1.K", "1KiBs" };
	uint64_t bytes = 77;

	(void)state;
	for (size_t i = 0; i < LENGTH(invalid); i++) {
		if (parse_size(invalid[i], &bytes) != -EINVAL)
			fail_msg("\"%s\" was not refused", invalid[i]);
	}
	assert_int_equal(parse_size("16384P", &bytes), -ERANGE);
	assert_int_equal(parse_size("18446744073709551616", &bytes), -ERANGE);
	assert_int_equal(bytes, 77);
}

static void shares_are_fractions_or_percents(void **state)
{
	static const struct {
		const char *text;
		double share;
	} cases[] = {
		{ "0.05", 0.05 }, { "5%", 0.05 }, { "2.5 %", 0.025 }, { "0", 0 },
		{ "1", 1 },	  { "150%", 1.5 }, { "0%", 0 },
	};
	static const char *const invalid[] = { "", "five", "5 percent", "-1%", "0.05x", "nan", "%" };
	double share = 77;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		assert_int_equal(parse_share(cases[i].text, &share), 0);
		assert_true(fabs(share - cases[i].share) < 1e-15);
	}
	share = 77;
	for (size_t i = 0; i < LENGTH(invalid); i++)
		assert_int_equal(parse_share(invalid[i], &share), -EINVAL);
	assert_int_equal(parse_share("5", &share), -ERANGE);
	assert_true(share == 77);
}

static void numbers_keep_to_their_bounds(void **state)
{
	uint64_t value = 77;

	(void)state;
	assert_int_equal(parse_u64("10", 10, 20, &value), 0);
	assert_int_equal(value, 10);
	assert_int_equal(parse_u64("20", 10, 20, &value), 0);
	assert_int_equal(value, 20);
	assert_int_equal(parse_u64("18446744073709551615", 0, UINT64_MAX, &value), 0);
	assert_int_equal(value, UINT64_MAX);
	value = 77;
	assert_int_equal(parse_u64("9", 10, 20, &value), -ERANGE);
	assert_int_equal(parse_u64("21", 10, 20, &value), -ERANGE);
	assert_int_equal(parse_u64("18446744073709551616", 0, UINT64_MAX, &value), -ERANGE);
	assert_int_equal(parse_u64("", 0, 20, &value), -EINVAL);
	assert_int_equal(parse_u64("-1", 0, 20, &value), -EINVAL);
	assert_int_equal(parse_u64("1.0", 0, 20, &value), -EINVAL);
	assert_int_equal(parse_u64("1 ", 0, 20, &value), -EINVAL);
	assert_int_equal(parse_u64("0x1", 0, 20, &value), -EINVAL);
	assert_int_equal(value, 77);
}

struct shown {
	double value;
	const char *text;
};

static void expect_texts(char *(*format)(char *, double), const struct shown *cases, size_t count)
{
	char out[UNITS_TEXT];

	for (size_t i = 0; i < count; i++)
		assert_string_equal(format(out, cases[i].value), cases[i].text);
}

static void durations_are_shown_in_three_digits(void **state)
{
	static const struct shown cases[] = {
		{ 0, "0 s" },
		{ 1, "1 ns" },
		{ 850, "850 ns" },
		{ 999.4, "999 ns" },
		{ 999.6, "1.00 us" },
		{ 4100, "4.10 us" },
		{ 31000, "31.0 us" },
		{ 99940, "99.9 us" },
		{ 99960, "0.10 ms" },
		{ 310e3, "0.31 ms" },
		{ 999e3, "1.00 ms" },
		{ 4.1e6, "4.10 ms" },
		{ 22e6, "22.0 ms" },
		{ 9.994e6, "9.99 ms" },
		{ 9.996e6, "10.0 ms" },
		{ 99.94e6, "99.9 ms" },
		{ 99.96e6, "100 ms" },
		{ 212e6, "212 ms" },
		{ 999.4e6, "999 ms" },
		{ 999.6e6, "1.00 s" },
		{ 5.02e9, "5.02 s" },
		{ 64e9, "64.0 s" },
		{ 999.4e9, "999 s" },
		{ 1000e9, "16.7 min" },
		{ 7200e9, "2.00 h" },
		{ 3600e12, "1 000 h" },
		{ NAN, "-" },
		{ INFINITY, "-" },
		{ -1, "-" },
	};

	(void)state;
	expect_texts(format_duration, cases, LENGTH(cases));
}

static void seconds_stay_seconds(void **state)
{
	static const struct shown cases[] = {
		{ 0, "0.00 s" },       { 0.62e9, "0.62 s" },  { 4e6, "0.00 s" },
		{ 5.02e9, "5.02 s" },  { 12.34e9, "12.3 s" }, { 199.6e9, "200 s" },
		{ 1204e9, "1 204 s" }, { NAN, "-" },
	};

	(void)state;
	expect_texts(format_seconds, cases, LENGTH(cases));
}

static void bytes_are_shown_in_three_digits(void **state)
{
	static const struct shown cases[] = {
		{ 0, "0" },
		{ 1, "1 B" },
		{ 999, "999 B" },
		{ 1000, "0.98 KB" },
		{ 1024, "1.00 KB" },
		{ 2150, "2.10 KB" },
		{ 67108864, "64.0 MB" },
		{ 364904448, "348 MB" },
		{ 1047527424, "999 MB" },
		{ 1073741823, "1.00 GB" },
		{ 1e12, "931 GB" },
		{ 3298534883328, "3.00 TB" },
		{ 18446744073709551615.0, "16 384 PB" },
		{ NAN, "-" },
		{ -5, "-" },
	};

	(void)state;
	expect_texts(format_bytes, cases, LENGTH(cases));
}

static void percents_are_shown_as_people_say_them(void **state)
{
	static const struct shown cases[] = {
		{ 0, "0.0 %" },	    { 0.001, "<0.1 %" }, { 0.05, "0.1 %" },
		{ 9, "9.0 %" },	    { 46.72, "46.7 %" }, { 99.94, "99.9 %" },
		{ 99.96, "100 %" }, { 198.4, "198 %" },	 { 12800, "12 800 %" },
		{ NAN, "-" },	    { INFINITY, "-" },	 { 1e30, "1.00e+30 %" },
	};

	(void)state;
	expect_texts(format_percent, cases, LENGTH(cases));
}

static void counts_are_exact_and_grouped(void **state)
{
	char out[UNITS_TEXT];

	(void)state;
	assert_string_equal(format_count(out, 0), "0");
	assert_string_equal(format_count(out, 999), "999");
	assert_string_equal(format_count(out, 1204), "1 204");
	assert_string_equal(format_count(out, 31204), "31 204");
	assert_string_equal(format_count(out, 1000000), "1 000 000");
	assert_string_equal(format_count(out, UINT64_MAX), "18 446 744 073 709 551 615");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read_as_people_write_them),
		cmocka_unit_test(durations_are_exact_to_the_nanosecond),
		cmocka_unit_test(what_is_no_duration_is_refused),
		cmocka_unit_test(sizes_are_read_as_people_write_them),
		cmocka_unit_test(what_is_no_size_is_refused),
		cmocka_unit_test(shares_are_fractions_or_percents),
		cmocka_unit_test(numbers_keep_to_their_bounds),
		cmocka_unit_test(durations_are_shown_in_three_digits),
		cmocka_unit_test(seconds_stay_seconds),
		cmocka_unit_test(bytes_are_shown_in_three_digits),
		cmocka_unit_test(percents_are_shown_as_people_say_them),
		cmocka_unit_test(counts_are_exact_and_grouped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
