// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/buf.h"
#include "base/term.h"

static int terminal;

static int open_terminal(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	(void)state;
	if (master < 0 || grantpt(master) || unlockpt(master))
		return -1;
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	unsetenv("NO_COLOR");
	unsetenv("COLUMNS");
	setenv("TERM", "xterm", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	return terminal < 0 ? -1 : 0;
}

static void set_window(unsigned short columns, unsigned short rows)
{
	struct winsize size = { .ws_col = columns, .ws_row = rows };

	assert_int_equal(ioctl(terminal, TIOCSWINSZ, &size), 0);
}

static struct term detect(int fd)
{
	struct term t;

	term__detect(&t, fd);
	return t;
}

static void a_pipe_is_100_columns_without_colour(void **state)
{
	int pipes[2];
	struct term t;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	setenv("COLUMNS", "200", 1);
	t = detect(pipes[1]);
	assert_false(t.is_terminal);
	assert_false(t.colour);
	assert_true(t.utf8);
	assert_int_equal(t.width, 100);
	assert_int_equal(t.height, 0);
	term__resize(&t, pipes[1]);
	assert_int_equal(t.width, 100);
	unsetenv("COLUMNS");
}

static void a_terminal_has_its_windows_size(void **state)
{
	struct term t;

	(void)state;
	set_window(132, 43);
	setenv("COLUMNS", "200", 1);
	t = detect(terminal);
	assert_true(t.is_terminal);
	assert_int_equal(t.width, 132);
	assert_int_equal(t.height, 43);
	set_window(60, 20);
	term__resize(&t, terminal);
	assert_int_equal(t.width, 60);
	assert_int_equal(t.height, 20);
	unsetenv("COLUMNS");
}

static void a_terminal_without_a_size_uses_columns_or_80(void **state)
{
	(void)state;
	set_window(0, 0);
	assert_int_equal(detect(terminal).width, 80);
	setenv("COLUMNS", "120", 1);
	assert_int_equal(detect(terminal).width, 120);
	setenv("COLUMNS", "-5", 1);
	assert_int_equal(detect(terminal).width, 80);
	setenv("COLUMNS", "0", 1);
	assert_int_equal(detect(terminal).width, 80);
	unsetenv("COLUMNS");
}

static void colour_is_for_terminals_that_want_it(void **state)
{
	(void)state;
	assert_true(detect(terminal).colour);
	setenv("NO_COLOR", "1", 1);
	assert_false(detect(terminal).colour);
	setenv("NO_COLOR", "", 1); /* empty is not set, says no-color.org */
	assert_true(detect(terminal).colour);
	setenv("TERM", "dumb", 1);
	assert_false(detect(terminal).colour);
	unsetenv("TERM");
	assert_false(detect(terminal).colour);
	setenv("TERM", "xterm", 1);
}

static void utf8_is_the_locales(void **state)
{
	(void)state;
	setenv("LC_ALL", "C", 1);
	assert_false(detect(terminal).utf8);
	setenv("LC_ALL", "xx_YY.none", 1);
	assert_false(detect(terminal).utf8);
	setenv("LC_ALL", "", 1);
	setenv("LANG", "C.UTF-8", 1);
	assert_true(detect(terminal).utf8);
	setenv("LC_ALL", "C.UTF-8", 1);
}

static void expect_bar(const double *parts, size_t count, double total, int width,
		       const char *expected)
{
	struct buf b = BUF_INIT;

	term_bar(&b, parts, count, total, width, false);
	assert_string_equal(buf__str(&b), expected);
	buf__free(&b);
}

static void a_bar_shows_each_share(void **state)
{
	const double parts[] = { 50, 25, 15, 10 };

	(void)state;
	expect_bar(parts, 4, 100, 20, "##########=====---..");
	expect_bar(parts, 1, 100, 10, "#####     ");
	expect_bar(parts, 0, 100, 4, "    ");
}

static void a_bar_is_never_longer_or_shorter(void **state)
{
	const double thirds[] = { 1, 1, 1 }, over[] = { 3, 3 }, odd[] = { NAN, -1, 2 };

	(void)state;
	expect_bar(thirds, 3, 3, 10, "###====---");
	expect_bar(over, 2, 3, 6, "######");
	expect_bar(odd, 3, 2, 4, "----");
	expect_bar(thirds, 3, 0, 4, "    ");
	expect_bar(thirds, 3, NAN, 4, "    ");
	expect_bar(thirds, 3, 3, 0, "");
}

static void a_small_part_is_still_seen(void **state)
{
	const double parts[] = { 99.8, 0.1, 0.1 }, first[] = { 0.1, 99.9 };

	(void)state;
	expect_bar(first, 2, 100, 10, "#=========");
	expect_bar(parts, 3, 200, 10, "#####=-   ");
}

static void bars_have_blocks_in_utf8(void **state)
{
	const double parts[] = { 2, 1, 1 };
	struct buf b = BUF_INIT;

	(void)state;
	term_bar(&b, parts, 3, 4, 4, true);
	assert_string_equal(buf__str(&b), "██▓▒");
	assert_string_equal(term_shade(3, true), "░");
	assert_string_equal(term_shade(0, false), "#");
	buf__free(&b);
}

static void expect_sparkline(const double *values, size_t count, int width, int utf8,
			     const char *expected)
{
	struct buf b = BUF_INIT;

	term_sparkline(&b, values, count, width, utf8);
	assert_string_equal(buf__str(&b), expected);
	buf__free(&b);
}

static void a_sparkline_rises_with_its_values(void **state)
{
	const double values[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };

	(void)state;
	expect_sparkline(values, 9, 20, true, "▁▁▂▃▄▅▆▇█");
	expect_sparkline(values, 9, 20, false, "__.-~=+*#");
	expect_sparkline(values, 0, 20, true, "");
	expect_sparkline(values, 9, 0, true, "");
}

static void a_sparkline_keeps_peaks_when_it_is_narrow(void **state)
{
	double values[1000] = { 0 };

	(void)state;
	values[555] = 100;
	expect_sparkline(values, 1000, 10, true, "▁▁▁▁▁█▁▁▁▁");
}

static void a_sparkline_leaves_unknown_values_blank(void **state)
{
	const double values[] = { 1, NAN, 2 }, unknown[] = { NAN, NAN }, zeros[] = { 0, 0 };

	(void)state;
	expect_sparkline(values, 3, 3, true, "▄ █");
	expect_sparkline(unknown, 2, 5, true, "  ");
	expect_sparkline(zeros, 2, 5, true, "▁▁");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_is_100_columns_without_colour),
		cmocka_unit_test(a_terminal_has_its_windows_size),
		cmocka_unit_test(a_terminal_without_a_size_uses_columns_or_80),
		cmocka_unit_test(colour_is_for_terminals_that_want_it),
		cmocka_unit_test(utf8_is_the_locales),
		cmocka_unit_test(a_bar_shows_each_share),
		cmocka_unit_test(a_bar_is_never_longer_or_shorter),
		cmocka_unit_test(a_small_part_is_still_seen),
		cmocka_unit_test(bars_have_blocks_in_utf8),
		cmocka_unit_test(a_sparkline_rises_with_its_values),
		cmocka_unit_test(a_sparkline_keeps_peaks_when_it_is_narrow),
		cmocka_unit_test(a_sparkline_leaves_unknown_values_blank),
	};

	return cmocka_run_group_tests(tests, open_terminal, NULL);
}
