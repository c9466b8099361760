// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "unit.h"

#include "base/index.h"

#define MANY 100000

/* What is looked for, among numbers whose contents are their squares, and how often it looked. */
struct wanted {
	uint64_t square;
	size_t compared;
};

static bool is_square(const void *what, uint32_t number)
{
	struct wanted *wanted = (struct wanted *)what;

	wanted->compared++;
	return (uint64_t)number * number == wanted->square;
}

static void what_was_added_is_found(void **state)
{
	struct wanted wanted = { 0 };
	struct index index = { 0 };
	uint32_t number;

	(void)state;
	assert_false(index__find(&index, 0, is_square, &wanted, &number));
	for (uint32_t i = 0; i < MANY; i++) {
		uint64_t square = (uint64_t)i * i;

		assert_int_equal(index__add(&index, index_hash(&square, sizeof(square), 0), i), 0);
	}
	assert_int_equal(index.count, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		wanted.square = (uint64_t)i * i;
		number = ~i;
		assert_true(index__find(&index, index_hash(&wanted.square, 8, 0), is_square,
					&wanted, &number));
		assert_int_equal(number, i);
	}
	/* hardly anything but what is looked for has its hash */
	assert_in_range(wanted.compared, MANY, MANY + MANY / 100);
	wanted.square = 3;
	assert_false(index__find(&index, index_hash(&wanted.square, 8, 0), is_square, &wanted,
				 &number));
	index__free(&index);
	assert_int_equal(index.count, 0);
	index__free(&index);
}

static void the_same_hash_tells_nothing(void **state)
{
	struct index index = { 0 };
	uint32_t number;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(index__add(&index, 42, i), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		struct wanted wanted = { (uint64_t)i * i, 0 };

		assert_true(index__find(&index, 42, is_square, &wanted, &number));
		assert_int_equal(number, i);
	}
	index__free(&index);
}

/* Pairs of small numbers, as nodes of a tree are: their upper halves count, too. */
static void all_bits_of_the_contents_count(void **state)
{
	struct wanted wanted = { 1ULL << 63, 0 };
	struct index index = { 0 };
	uint32_t number;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t pair[2] = { 7, i };

		assert_int_equal(index__add(&index, index_hash(pair, sizeof(pair), 0), i), 0);
	}
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t pair[2] = { 8, i };

		index__find(&index, index_hash(pair, sizeof(pair), 0), is_square, &wanted, &number);
	}
	assert_in_range(wanted.compared, 0, MANY / 100);
	index__free(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_found),
		cmocka_unit_test(the_same_hash_tells_nothing),
		cmocka_unit_test(all_bits_of_the_contents_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
