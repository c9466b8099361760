// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <locale.h>
#include <string.h>

#include "base/term.h"
#include "sink/page.h"

static const struct term narrow = { .utf8 = true, .width = 10 };
static const struct term coloured = { .utf8 = true, .width = 40, .colour = true };
static const struct term ascii = { .width = 40 };

static void assert_page(struct page *page, const char *expected)
{
	assert_int_equal(page__error(page), 0);
	assert_string_equal(buf__str(&page->out), expected);
	page__free(page);
}

static void a_line_that_fits_is_as_it_is(void **state)
{
	struct page page;

	(void)state;
	page__init(&page, &narrow);
	page__text(&page, "ab%d", 3);
	page__column(&page, "x", 3);
	page__column(&page, "y", -2);
	page__to(&page, 9);
	page__text(&page, "!");
	page__end_line(&page);
	assert_int_equal(page.lines, 1);
	assert_page(&page, "ab3  xy  !\n");
}

static void a_line_that_does_not_is_cut_with_a_sign(void **state)
{
	struct page page;

	(void)state;
	page__init(&page, &narrow);
	page__text(&page, "0123456789a");
	page__end_line(&page);
	page__text(&page, "01234");
	page__style(&page, PAGE_BOLD);
	page__text(&page, "56789abc");
	page__end_line(&page);
	page__text(&page, "日本語日本語");
	page__end_line(&page);
	assert_int_equal(page__rows(&page, 10), 3);
	assert_page(&page, "012345678…\n012345678…\n日本語日… \n");
}

static void blanks_at_the_end_are_left_out(void **state)
{
	struct page page;

	(void)state;
	page__init(&page, &narrow);
	page__column(&page, "ab", -20);
	page__end_line(&page);
	page__to(&page, 5);
	page__end_line(&page);
	assert_page(&page, "ab\n\n");
}

static void no_control_character_comes_through(void **state)
{
	struct page page;

	(void)state;
	page__init(&page, &coloured);
	page__text(&page, "%s", "a\033[31mb\n\x01\x0e\x7f");
	page__column(&page, "\033c\r", 5);
	page__end_line(&page);
	assert_page(&page, "a?[31mb????  ?c?\n");
}

static void styles_are_written_where_colours_are_wanted_and_end_with_the_line(void **state)
{
	struct page page;

	(void)state;
	page__init(&page, &coloured);
	page__style(&page, PAGE_RED);
	page__text(&page, "x");
	page__end_line(&page);
	page__style(&page, PAGE_BOLD);
	page__text(&page, "y");
	page__style(&page, PAGE_PLAIN);
	page__text(&page, "z");
	page__end_line(&page);
	assert_page(&page, "\033[31mx\033[0m\n\033[1my\033[0mz\n");

	page__init(&page, &ascii);
	page__style(&page, PAGE_RED);
	page__text(&page, "x");
	page__end_line(&page);
	assert_page(&page, "x\n");
}

/* A program that links the library may not have called setlocale(). */
static void own_signs_do_not_depend_on_the_locale(void **state)
{
	struct page page;

	(void)state;
	setlocale(LC_CTYPE, "C");
	page__init(&page, &narrow);
	page__glyphs(&page, "▁▂▃");
	page__dot(&page);
	page__glyphs(&page, "████████");
	page__end_line(&page);
	setlocale(LC_CTYPE, "C.UTF-8");
	assert_page(&page, "▁▂▃ · ███\n");

	page__init(&page, &ascii);
	page__text(&page, "a");
	page__dot(&page);
	page__text(&page, "b");
	page__end_line(&page);
	assert_page(&page, "a | b\n");
}

static void a_note_goes_where_there_is_room(void **state)
{
	struct page page;

	(void)state;
	page__init(&page, &narrow);
	page__text(&page, "abc");
	page__note(&page, 2, "1234");
	page__end_line(&page);
	page__text(&page, "abc");
	page__note(&page, 2, "12345");
	page__end_line(&page);
	assert_page(&page, "abc   1234\nabc\n  12345\n");
}

static void words_are_wrapped_but_a_number_keeps_its_unit(void **state)
{
	struct page page;

	(void)state;
	page__init(&page, &narrow);
	page__words(&page, 2, "one two 14.0 MB of  disk");
	page__end_line(&page);
	assert_int_equal(page.lines, 3);
	assert_page(&page, "one two\n  14.0 MB\n  of disk\n");
}

static void a_narrower_terminal_wraps_what_is_there(void **state)
{
	struct page page, other;

	(void)state;
	page__init(&page, &ascii);
	page__init(&other, &ascii);
	page__text(&page, "%s", "0123456789");
	page__end_line(&page);
	page__end_line(&page);
	page__text(&other, "%s", "0123456789012345");
	page__end_line(&other);
	page__append(&page, &other);
	page__free(&other);
	assert_int_equal(page__rows(&page, 40), 3);
	assert_int_equal(page__rows(&page, 10), 4);
	assert_int_equal(page__rows(&page, 5), 2 + 1 + 4);
	assert_page(&page, "0123456789\n\n0123456789012345\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_that_fits_is_as_it_is),
		cmocka_unit_test(a_line_that_does_not_is_cut_with_a_sign),
		cmocka_unit_test(blanks_at_the_end_are_left_out),
		cmocka_unit_test(no_control_character_comes_through),
		cmocka_unit_test(styles_are_written_where_colours_are_wanted_and_end_with_the_line),
		cmocka_unit_test(own_signs_do_not_depend_on_the_locale),
		cmocka_unit_test(a_note_goes_where_there_is_room),
		cmocka_unit_test(words_are_wrapped_but_a_number_keeps_its_unit),
		cmocka_unit_test(a_narrower_terminal_wraps_what_is_there),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
