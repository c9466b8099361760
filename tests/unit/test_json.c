// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "unit.h"

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

static struct buf text;
static struct json *j;

static int start(void **state)
{
	(void)state;
	j = json__new_buf(&text, JSON_COMPACT);
	return j ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	json__free(j);
	buf__free(&text);
	return 0;
}

/* What has been written since the last call. */
static const char *written(void)
{
	static char copy[1024];

	assert_int_equal(json__finish(j), 0);
	assert_true(text.length < sizeof(copy));
	strcpy(copy, buf__str(&text));
	buf__truncate(&text, 0);
	return copy;
}

static void write_sample(struct json *to)
{
	json__object_begin(to);
	json__key(to, "a");
	json__u64(to, 1);
	json__key(to, "empty");
	json__object_begin(to);
	json__object_end(to);
	json__key(to, "list");
	json__array_begin(to);
	json__bool(to, true);
	json__bool(to, false);
	json__null(to);
	json__array_begin(to);
	json__array_end(to);
	json__object_begin(to);
	json__key(to, "b");
	json__string(to, "x");
	json__object_end(to);
	json__array_end(to);
	json__object_end(to);
}

static void compact_is_one_line(void **state)
{
	(void)state;
	write_sample(j);
	assert_string_equal(written(), "{\"a\":1,\"empty\":{},\"list\":[true,false,null,[],"
				       "{\"b\":\"x\"}]}\n");
}

static void pretty_indents_by_two(void **state)
{
	struct buf pretty = BUF_INIT;
	struct json *writer = json__new_buf(&pretty, JSON_PRETTY);

	(void)state;
	write_sample(writer);
	assert_int_equal(json__finish(writer), 0);
	assert_string_equal(pretty.data, "{\n"
					 "  \"a\": 1,\n"
					 "  \"empty\": {},\n"
					 "  \"list\": [\n"
					 "    true,\n"
					 "    false,\n"
					 "    null,\n"
					 "    [],\n"
					 "    {\n"
					 "      \"b\": \"x\"\n"
					 "    }\n"
					 "  ]\n"
					 "}\n");
	json__free(writer);
	buf__free(&pretty);
}

static void documents_follow_each_other_a_line_each(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		json__object_begin(j);
		json__key(j, "i");
		json__i64(j, i);
		json__object_end(j);
		assert_int_equal(json__finish(j), 0);
	}
	assert_string_equal(text.data, "{\"i\":0}\n{\"i\":1}\n{\"i\":2}\n");
}

static void integers_are_exact_to_the_last_bit(void **state)
{
	(void)state;
	json__array_begin(j);
	json__u64(j, UINT64_MAX);
	json__u64(j, (1ULL << 53) + 1);
	json__u64(j, 0);
	json__i64(j, INT64_MIN);
	json__i64(j, INT64_MAX);
	json__i64(j, -1);
	json__array_end(j);
	assert_string_equal(written(), "[18446744073709551615,9007199254740993,0,"
				       "-9223372036854775808,9223372036854775807,-1]\n");
}

struct number {
	double value;
	const char *text;
};

static void doubles_are_shortest(void **state)
{
	static const struct number numbers[] = {
		{ 0.0, "0" },
		{ -0.0, "-0" },
		{ 0.1, "0.1" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 46.7, "46.7" },
		{ 100, "100" },
		{ 123456789012345680.0, "1.2345678901234568e+17" },
		{ 9007199254740993.0, "9007199254740992" },
		{ 5e-324, "5e-324" },
		{ 1.5e-310, "1.5e-310" },
		{ DBL_MIN, "2.2250738585072014e-308" },
		{ -DBL_MAX, "-1.7976931348623157e+308" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(numbers); i++) {
		char expected[64];

		json__double(j, numbers[i].value);
		snprintf(expected, sizeof(expected), "%s\n", numbers[i].text);
		assert_string_equal(written(), expected);
	}
}

static void doubles_survive_the_round_trip(void **state)
{
	uint64_t bits = 88172645463325252ULL;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		double value, back;

		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		memcpy(&value, &bits, sizeof(value));
		if (!isfinite(value))
			continue;
		json__double(j, value);
		back = strtod(written(), NULL);
		assert_memory_equal(&back, &value, sizeof(value));
	}
}

static void what_json_cannot_say_is_null(void **state)
{
	(void)state;
	json__array_begin(j);
	json__double(j, NAN);
	json__double(j, INFINITY);
	json__double(j, -INFINITY);
	json__rounded(j, NAN, 2);
	json__rounded(j, INFINITY, 2);
	json__string(j, NULL);
	json__array_end(j);
	assert_string_equal(written(), "[null,null,null,null,null,null]\n");
}

static void rounding_keeps_the_digits_asked_for(void **state)
{
	(void)state;
	json__array_begin(j);
	json__rounded(j, 46.699999999999996, 3);
	json__rounded(j, 2.0, 3);
	json__rounded(j, 1204.56, 0);
	json__rounded(j, 100, 0);
	json__rounded(j, -0.0004, 3);
	json__rounded(j, 0.0005001, 3);
	json__rounded(j, 1e300, 2);
	json__rounded(j, -1.25e-9, 9);
	json__array_end(j);
	assert_string_equal(written(), "[46.7,2,1205,100,0,0.001,1e+300,-0.000000001]\n");
}

static void strings_are_escaped(void **state)
{
	(void)state;
	json__string(j, "a\"b\\c/d\b\f\n\r\t\x01\x1f\x7f");
	assert_string_equal(written(), "\"a\\\"b\\\\c/d\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"\n");
	json__string_n(j, "nul\0inside", 10);
	assert_string_equal(written(), "\"nul\\u0000inside\"\n");
	json__string(j, "é€😀 ½");
	assert_string_equal(written(), "\"é€😀 ½\"\n");
}

#define FFFD "\xef\xbf\xbd"

static void what_is_not_utf8_is_replaced(void **state)
{
	static const struct {
		const char *bytes;
		const char *expected;
	} cases[] = {
		{ "\xff", FFFD },
		{ "a\x80z", "a" FFFD "z" },
		{ "\xc3", FFFD }, /* a character cut short */
		{ "\xe2\x82", FFFD FFFD },
		{ "\xc0\x80", FFFD FFFD },		     /* overlong NUL */
		{ "\xe0\x9f\xbf", FFFD FFFD FFFD },	     /* overlong */
		{ "\xed\xa0\x80", FFFD FFFD FFFD },	     /* a surrogate */
		{ "\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD }, /* beyond U+10FFFF */
		{ "\xf8\x88\x80\x80\x80", FFFD FFFD FFFD FFFD FFFD },
		{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" }, /* U+10FFFF itself is fine */
		{ "\xc3\xa9\xc3", "é" FFFD },
		{ "\xe2\"", FFFD "\\\"" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		char expected[64];

		json__string(j, cases[i].bytes);
		snprintf(expected, sizeof(expected), "\"%s\"\n", cases[i].expected);
		assert_string_equal(written(), expected);
	}
}

static void keys_are_escaped_like_strings(void **state)
{
	(void)state;
	json__object_begin(j);
	json__key(j, "a\"\xff");
	json__u64(j, 1);
	json__object_end(j);
	assert_string_equal(written(), "{\"a\\\"" FFFD "\":1}\n");
}

static void a_decimal_comma_stays_out(void **state)
{
	char folder[FOLDER_LENGTH], command[200], digits[8];
	const char *locale;

	(void)state;
	assert_int_equal(temporary_folder(folder), 0);
	setenv("LOCPATH", folder, 1);
	snprintf(command, sizeof(command),
		 "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >%s/log 2>&1", folder, folder);
	if (system(command) == 0)
		locale = setlocale(LC_NUMERIC, "de_DE.UTF-8");
	else
		locale = NULL;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
	unsetenv("LOCPATH");
	if (!locale)
		skip_because("localedef made no locale with a decimal comma (package locales)");
	snprintf(digits, sizeof(digits), "%.1f", 0.5);
	assert_string_equal(digits, "0,5");
	json__array_begin(j);
	json__double(j, 0.1);
	json__double(j, -1.5e-10);
	json__rounded(j, 2.25, 2);
	json__rounded(j, 2.0, 2);
	json__array_end(j);
	setlocale(LC_NUMERIC, "C");
	assert_string_equal(written(), "[0.1,-1.5e-10,2.25,2]\n");
}

static void a_full_device_is_told_at_the_end(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct json *writer = json__new(full, JSON_COMPACT);

	(void)state;
	json__string(writer, "x");
	assert_int_equal(json__finish(writer), -ENOSPC);
	json__string(writer, "y");
	assert_int_equal(json__finish(writer), -ENOSPC);
	json__free(writer);
	fclose(full);
}

static void no_memory_is_told_at_the_end(void **state)
{
	(void)state;
	json__array_begin(j);
	text.error = -ENOMEM;
	json__u64(j, 1);
	json__array_end(j);
	assert_int_equal(json__finish(j), -ENOMEM);
}

static void value_without_key(void)
{
	json__object_begin(j);
	json__u64(j, 1);
}

static void key_without_value(void)
{
	json__object_begin(j);
	json__key(j, "a");
	json__object_end(j);
}

static void key_after_key(void)
{
	json__object_begin(j);
	json__key(j, "a");
	json__key(j, "b");
}

static void key_in_array(void)
{
	json__array_begin(j);
	json__key(j, "a");
}

static void wrong_end(void)
{
	json__array_begin(j);
	json__object_end(j);
}

static void end_without_begin(void)
{
	json__object_end(j);
}

static void two_values(void)
{
	json__u64(j, 1);
	json__u64(j, 2);
}

static void left_open(void)
{
	json__array_begin(j);
	json__finish(j);
}

static void nothing_at_all(void)
{
	json__finish(j);
}

static void too_deep(void)
{
	for (int i = 0; i < 1000; i++)
		json__array_begin(j);
}

static void misuse_fails_an_assertion(void **state)
{
	(void)state;
	assert_true(aborts(value_without_key));
	assert_true(aborts(key_without_value));
	assert_true(aborts(key_after_key));
	assert_true(aborts(key_in_array));
	assert_true(aborts(wrong_end));
	assert_true(aborts(end_without_begin));
	assert_true(aborts(two_values));
	assert_true(aborts(left_open));
	assert_true(aborts(nothing_at_all));
	assert_true(aborts(too_deep));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(compact_is_one_line),
		TEST(pretty_indents_by_two),
		TEST(documents_follow_each_other_a_line_each),
		TEST(integers_are_exact_to_the_last_bit),
		TEST(doubles_are_shortest),
		TEST(doubles_survive_the_round_trip),
		TEST(what_json_cannot_say_is_null),
		TEST(rounding_keeps_the_digits_asked_for),
		TEST(strings_are_escaped),
		TEST(what_is_not_utf8_is_replaced),
		TEST(keys_are_escaped_like_strings),
		TEST(a_decimal_comma_stays_out),
		TEST(a_full_device_is_told_at_the_end),
		TEST(no_memory_is_told_at_the_end),
		TEST(misuse_fails_an_assertion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
