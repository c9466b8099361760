// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "unit.h"

#include <string.h>

#include "base/intern.h"

static void equal_contents_have_one_number(void **state)
{
	struct intern *in = intern__new();
	const void *first;
	bool added;

	(void)state;
	assert_int_equal(intern__add(in, "abc", 3, &added), 0);
	assert_true(added);
	first = intern__get(in, 0, NULL);
	assert_int_equal(intern__add(in, "abcd", 4, &added), 1);
	assert_true(added);
	assert_int_equal(intern__add(in, "", 0, &added), 2);
	assert_int_equal(intern__add(in, "abc", 3, &added), 0);
	assert_false(added);
	assert_int_equal(intern__add(in, NULL, 0, NULL), 2);
	assert_ptr_equal(intern__get(in, 0, NULL), first);
	assert_string_equal(first, "abc");
	assert_int_equal(intern__count(in), 3);
	intern__free(in);
	intern__free(NULL);
}

static void a_nul_at_the_end_is_content(void **state)
{
	struct intern *in = intern__new();
	size_t length;

	(void)state;
	assert_int_equal(intern__add(in, "a", 1, NULL), 0);
	assert_int_equal(intern__add(in, "a\0", 2, NULL), 1);
	intern__get(in, 1, &length);
	assert_int_equal(length, 2);
	intern__free(in);
}

static void a_hundred_thousand_stay_where_they_are(void **state)
{
	struct intern *in = intern__new();
	static const void *at[100000];
	size_t length;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(intern__add(in, &i, sizeof(i), NULL), i);
		at[i] = intern__get(in, i, NULL);
	}
	for (int i = 0; i < 100000; i++) {
		assert_ptr_equal(intern__get(in, i, &length), at[i]);
		assert_memory_equal(at[i], &i, sizeof(i));
		assert_int_equal(length, sizeof(i));
	}
	intern__free(in);
}

static void what_is_larger_than_a_block_has_its_own(void **state)
{
	struct intern *in = intern__new();
	static char large[300000];

	(void)state;
	memset(large, 'x', sizeof(large));
	assert_int_equal(intern__add(in, large, sizeof(large), NULL), 0);
	assert_int_equal(intern__add(in, large, sizeof(large) - 1, NULL), 1);
	assert_int_equal(intern__add(in, large, sizeof(large), NULL), 0);
	assert_memory_equal(intern__get(in, 0, NULL), large, sizeof(large));
	intern__free(in);
}

static void strings_are_one_copy(void **state)
{
	struct intern *in = intern__new();
	char text[] = "name";
	const char *copy = intern__string(in, text);

	(void)state;
	text[0] = 'g';
	assert_string_equal(copy, "name");
	assert_ptr_equal(intern__string(in, "name"), copy);
	assert_null(intern__string(in, NULL));
	intern__free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_contents_have_one_number),
		cmocka_unit_test(a_nul_at_the_end_is_content),
		cmocka_unit_test(a_hundred_thousand_stay_where_they_are),
		cmocka_unit_test(what_is_larger_than_a_block_has_its_own),
		cmocka_unit_test(strings_are_one_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
