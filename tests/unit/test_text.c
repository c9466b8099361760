// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "unit.h"

#include <locale.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static void copying_cuts_and_tells_the_length(void **state)
{
	char target[5] = "zzzz";

	(void)state;
	assert_int_equal(text_copy(target, sizeof(target), "abc"), 3);
	assert_string_equal(target, "abc");
	assert_int_equal(text_copy(target, sizeof(target), "abcd"), 4);
	assert_string_equal(target, "abcd");
	assert_int_equal(text_copy(target, sizeof(target), "abcde"), 5);
	assert_string_equal(target, "abcd");
	assert_int_equal(text_copy(target, 1, "abc"), 3);
	assert_string_equal(target, "");
}

static void a_glob_matches_the_whole_text(void **state)
{
	(void)state;
	assert_true(text_glob("nginx*", "nginx: worker"));
	assert_true(text_glob("*", ""));
	assert_true(text_glob("kworker/[0-9]:?", "kworker/1:0"));
	assert_true(text_glob("*/1*", "kworker/1:0"));
	assert_false(text_glob("nginx", "nginx: worker"));
	assert_false(text_glob("Nginx*", "nginx"));
	assert_false(text_glob("?", ""));
}

struct metric {
	int id;
	const char *name;
};

static const struct metric metrics[] = {
	{ 1, "cpu.time" },     { 2, "cpu.user" },	 { 3, "memory.rss" }, { 4, "disk.read" },
	{ 5, "disk.written" }, { 6, "sched.run_delay" }, { 7, "io" },
};

static void expect_nearest(const char *word, const char *expected)
{
	const char *found =
		text_nearest(word, &metrics[0].name, LENGTH(metrics), sizeof(metrics[0]));

	if (!expected)
		assert_null(found);
	else if (!found)
		fail_msg("nothing near \"%s\"", word);
	else
		assert_string_equal(found, expected);
}

static void slips_find_what_was_meant(void **state)
{
	(void)state;
	expect_nearest("cpu.tiem", "cpu.time");	 /* swapped */
	expect_nearest("cpu.tim", "cpu.time");	 /* left out */
	expect_nearest("cpu.timme", "cpu.time"); /* doubled */
	expect_nearest("cpu_time", "cpu.time");	 /* another */
	expect_nearest("disk.write", "disk.written");
	expect_nearest("sched.rundelay", "sched.run_delay");
	expect_nearest("memory.rsss", "memory.rss");
	expect_nearest("oi", "io");
	expect_nearest("cpu.user", "cpu.user");
}

static void what_is_not_near_finds_nothing(void **state)
{
	char longest[4000];

	(void)state;
	expect_nearest("", NULL);
	expect_nearest("zz", NULL);
	expect_nearest("instructions", NULL);
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	expect_nearest(longest, NULL);
	assert_null(text_nearest("cpu.time", &metrics[0].name, 0, sizeof(metrics[0])));
}

static void a_list_too_long_to_compare_is_left_out(void **state)
{
	char name[200];
	const char *names[] = { name, "aab" };

	(void)state;
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_string_equal(text_nearest("aaa", names, 2, sizeof(names[0])), "aab");
}

/* Every code point, against an encoder written from the definition. */
static size_t encode(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static void every_character_decodes_and_no_part_of_one_does(void **state)
{
	char bytes[4];

	(void)state;
	for (uint32_t c = 0; c < 0x110010; c++) {
		bool valid = (c < 0xd800 || c > 0xdfff) && c <= 0x10ffff;
		size_t size = encode(c, bytes);
		uint32_t decoded = 0;

		if (utf8_decode(bytes, size, &decoded) != (valid ? size : 0))
			fail_msg("U+%04X", c);
		if (valid && decoded != c)
			fail_msg("U+%04X decoded as U+%04X", c, decoded);
		if (size > 1 && utf8_decode(bytes, size - 1, &decoded) != 0)
			fail_msg("U+%04X cut short", c);
	}
	assert_int_equal(utf8_decode("x", 0, &(uint32_t){ 0 }), 0);
}

static void expect_column(const char *text, int width, bool utf8, const char *expected)
{
	struct buf b = BUF_INIT;

	text_column(&b, text, width, utf8);
	assert_string_equal(buf__str(&b), expected);
	buf__free(&b);
}

static void columns_are_filled_exactly(void **state)
{
	(void)state;
	expect_column("abc", 5, true, "  abc");
	expect_column("abc", -5, true, "abc  ");
	expect_column("abc", 3, true, "abc");
	expect_column("", -3, true, "   ");
	expect_column("abc", 0, true, "");
}

static void what_is_too_long_ends_in_an_ellipsis(void **state)
{
	(void)state;
	expect_column("abcdef", 5, true, "abcd…");
	expect_column("abcdef", -5, true, "abcd…");
	expect_column("abcdef", 5, false, "abcd~");
	expect_column("abcdef", 1, true, "…");
}

static void width_is_what_the_terminal_shows(void **state)
{
	(void)state;
	assert_int_equal(text_width("é€", true), 2);
	assert_int_equal(text_width("日本", true), 4);
	assert_int_equal(text_width("e\xcc\x81", true), 1); /* a combining accent */
	assert_int_equal(text_width("日本", false), 2);
	expect_column("日本", 5, true, " 日本");
	expect_column("日本語", 5, true, "日本…");
	/* A wide character that does not fit leaves a blank. */
	expect_column("日本語", -4, true, "日… ");
	expect_column("e\xcc\x81", -3, true, "e\xcc\x81  ");
}

static void nothing_a_process_calls_itself_reaches_the_terminal(void **state)
{
	(void)state;
	expect_column("a\x1b[2Jb", 10, true, "    a?[2Jb");
	expect_column("a\nb\x7f\t", -6, true, "a?b?? ");
	expect_column("\xff\xc3", 3, true, " ??");
	expect_column("\xc2\x9b"
		      "31m",
		      4, true, "?31m"); /* an 8-bit control sequence */
	expect_column("é日x", -4, false, "??x ");
	/* An override of the direction of writing, which would mirror the columns after it. */
	expect_column("a\u202eb\u2066c\u200f", -6, true, "a?b?c?");
	expect_column("a\u200db", -2, true, "a\u200db"); /* a joiner of letters stays */
}

static void lines_hold_no_controls(void **state)
{
	char text[] = "é a\nb\tc\x1b[2J \u202ed \xc2\x9b"
		      "31m \x9b \xff 日";

	(void)state;
	text_blank_controls(text);
	assert_string_equal(text, "é a b c?[2J ???d ??31m ? \xff 日");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copying_cuts_and_tells_the_length),
		cmocka_unit_test(a_glob_matches_the_whole_text),
		cmocka_unit_test(slips_find_what_was_meant),
		cmocka_unit_test(what_is_not_near_finds_nothing),
		cmocka_unit_test(a_list_too_long_to_compare_is_left_out),
		cmocka_unit_test(every_character_decodes_and_no_part_of_one_does),
		cmocka_unit_test(columns_are_filled_exactly),
		cmocka_unit_test(what_is_too_long_ends_in_an_ellipsis),
		cmocka_unit_test(width_is_what_the_terminal_shows),
		cmocka_unit_test(nothing_a_process_calls_itself_reaches_the_terminal),
		cmocka_unit_test(lines_hold_no_controls),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
