// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void an_empty_buffer_is_an_empty_string(void **state)
{
	struct buf b = BUF_INIT;
	size_t length = 99;
	char *taken;

	(void)state;
	assert_string_equal(buf__str(&b), "");
	taken = buf__take(&b, &length);
	assert_string_equal(taken, "");
	assert_int_equal(length, 0);
	free(taken);
}

static void appends_keep_bytes_and_order(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf__puts(&b, "ab");
	buf__putc(&b, 'c');
	buf__append(&b, "d\0e", 3);
	buf__fill(&b, '-', 3);
	buf__printf(&b, "%d %s", 42, "x");
	assert_int_equal(b.length, 13);
	assert_memory_equal(b.data, "abcd\0e---42 x", 14);
	assert_int_equal(b.error, 0);
	buf__free(&b);
}

static void it_grows_across_every_boundary(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (int i = 0; i < 70000; i++)
		assert_int_equal(buf__putc(&b, (char)('a' + i % 26)), 0);
	assert_int_equal(b.length, 70000);
	assert_int_equal(strlen(b.data), 70000);
	for (int i = 0; i < 70000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	buf__free(&b);
}

static void a_format_may_be_longer_than_the_buffer(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(buf__printf(&b, "%*d|%*d", 500, 1, 900, 2), 0);
	assert_int_equal(b.length, 1401);
	assert_int_equal(b.data[499], '1');
	assert_int_equal(b.data[1400], '2');
	buf__free(&b);
}

static void truncation_only_shortens(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf__truncate(&b, 10);
	assert_string_equal(buf__str(&b), "");
	buf__puts(&b, "hello");
	buf__truncate(&b, 9);
	assert_string_equal(b.data, "hello");
	buf__truncate(&b, 2);
	assert_string_equal(b.data, "he");
	buf__puts(&b, "y");
	assert_string_equal(b.data, "hey");
	buf__free(&b);
}

static void taking_leaves_it_usable(void **state)
{
	struct buf b = BUF_INIT;
	size_t length;
	char *first;

	(void)state;
	buf__puts(&b, "first");
	first = buf__take(&b, &length);
	buf__puts(&b, "second");
	assert_string_equal(first, "first");
	assert_int_equal(length, 5);
	assert_string_equal(b.data, "second");
	free(first);
	buf__free(&b);
}

static void no_memory_is_sticky_and_loses_nothing(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf__puts(&b, "kept");
	assert_int_equal(buf__reserve(&b, SIZE_MAX - 2), -ENOMEM);
	assert_int_equal(b.error, -ENOMEM);
	assert_int_equal(buf__puts(&b, "x"), -ENOMEM);
	assert_int_equal(buf__printf(&b, "%d", 1), -ENOMEM);
	assert_int_equal(buf__fill(&b, 'x', 1), -ENOMEM);
	assert_string_equal(buf__str(&b), "kept");
	assert_null(buf__take(&b, NULL));
	assert_int_equal(b.error, 0);
	assert_int_equal(buf__puts(&b, "again"), 0);
	buf__free(&b);
}

static void an_allocation_that_fails_is_no_memory(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	/* More than any address space has, less than the arithmetic can hold. */
	assert_int_equal(buf__reserve(&b, (size_t)1 << 60), -ENOMEM);
	assert_string_equal(buf__str(&b), "");
	buf__free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_is_an_empty_string),
		cmocka_unit_test(appends_keep_bytes_and_order),
		cmocka_unit_test(it_grows_across_every_boundary),
		cmocka_unit_test(a_format_may_be_longer_than_the_buffer),
		cmocka_unit_test(truncation_only_shortens),
		cmocka_unit_test(taking_leaves_it_usable),
		cmocka_unit_test(no_memory_is_sticky_and_loses_nothing),
		cmocka_unit_test(an_allocation_that_fails_is_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
