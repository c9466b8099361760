// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static int numbers[100000];

static void it_returns_what_was_set(void **state)
{
	struct hash *h = hash__new();

	(void)state;
	assert_null(hash__get(h, 0, 0));
	assert_int_equal(hash__set(h, 0, 0, &numbers[1]), 0);
	assert_int_equal(hash__set(h, UINT64_MAX, UINT64_MAX, &numbers[2]), 0);
	assert_ptr_equal(hash__get(h, 0, 0), &numbers[1]);
	assert_ptr_equal(hash__get(h, UINT64_MAX, UINT64_MAX), &numbers[2]);
	assert_int_equal(hash__count(h), 2);
	hash__free(h);
	hash__free(NULL);
}

static void both_halves_of_the_key_count_and_in_order(void **state)
{
	struct hash *h = hash__new();

	(void)state;
	hash__set(h, 1, 2, &numbers[1]);
	assert_null(hash__get(h, 2, 1));
	assert_null(hash__get(h, 1, 3));
	assert_null(hash__get(h, 3, 2));
	hash__set(h, 2, 1, &numbers[2]);
	assert_ptr_equal(hash__get(h, 1, 2), &numbers[1]);
	assert_ptr_equal(hash__get(h, 2, 1), &numbers[2]);
	hash__free(h);
}

static void setting_again_replaces(void **state)
{
	struct hash *h = hash__new();

	(void)state;
	hash__set(h, 7, 7, &numbers[1]);
	hash__set(h, 7, 7, &numbers[2]);
	assert_ptr_equal(hash__get(h, 7, 7), &numbers[2]);
	assert_int_equal(hash__count(h), 1);
	assert_int_equal(hash__set(h, 7, 7, NULL), -EINVAL);
	assert_ptr_equal(hash__get(h, 7, 7), &numbers[2]);
	hash__free(h);
}

static void a_hundred_thousand_pids_stay_apart(void **state)
{
	struct hash *h = hash__new();

	(void)state;
	for (size_t i = 0; i < LENGTH(numbers); i++)
		assert_int_equal(hash__set(h, i % 4096, i / 4096, &numbers[i]), 0);
	assert_int_equal(hash__count(h), LENGTH(numbers));
	for (size_t i = 0; i < LENGTH(numbers); i++)
		assert_ptr_equal(hash__get(h, i % 4096, i / 4096), &numbers[i]);
	hash__free(h);
}

static void removing_forgets_one_and_no_other(void **state)
{
	struct hash *h = hash__new();

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		hash__set(h, i, 0, &numbers[i]);
	for (size_t i = 0; i < 1000; i += 3)
		assert_ptr_equal(hash__remove(h, i, 0), &numbers[i]);
	assert_null(hash__remove(h, 0, 0));
	assert_int_equal(hash__count(h), 666);
	for (size_t i = 0; i < 1000; i++)
		assert_ptr_equal(hash__get(h, i, 0), i % 3 ? &numbers[i] : NULL);
	hash__set(h, 0, 0, &numbers[5]);
	assert_ptr_equal(hash__get(h, 0, 0), &numbers[5]);
	hash__free(h);
}

/* Tombstones of processes long gone must fill neither the map nor the memory. */
static void it_lives_through_a_fork_storm(void **state)
{
	struct hash *h = hash__new();
	size_t cursor = 0, slots = 0;
	struct hash_entry entry;

	(void)state;
	for (uint64_t i = 0; i < 1000000; i++) {
		assert_int_equal(hash__set(h, i, i * 1000, &numbers[i % 100]), 0);
		if (i >= 10)
			assert_non_null(hash__remove(h, i - 10, (i - 10) * 1000));
	}
	assert_int_equal(hash__count(h), 10);
	while (hash__next(h, &cursor, &entry))
		slots++;
	assert_int_equal(slots, 10);
	/* The cursor ends at the number of slots: ten entries never need many. */
	assert_true(cursor <= 64);
	hash__free(h);
}

static void iterating_sees_each_once_even_while_removing(void **state)
{
	static unsigned char seen[5000];
	struct hash *h = hash__new();
	struct hash_entry entry;
	size_t cursor = 0;

	(void)state;
	for (size_t i = 0; i < LENGTH(seen); i++)
		hash__set(h, i, i + 1, &numbers[i]);
	while (hash__next(h, &cursor, &entry)) {
		assert_int_equal(entry.b, entry.a + 1);
		assert_ptr_equal(entry.value, &numbers[entry.a]);
		seen[entry.a]++;
		if (entry.a % 2)
			hash__remove(h, entry.a, entry.b);
	}
	for (size_t i = 0; i < LENGTH(seen); i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(hash__count(h), LENGTH(seen) / 2);
	hash__free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_returns_what_was_set),
		cmocka_unit_test(both_halves_of_the_key_count_and_in_order),
		cmocka_unit_test(setting_again_replaces),
		cmocka_unit_test(a_hundred_thousand_pids_stay_apart),
		cmocka_unit_test(removing_forgets_one_and_no_other),
		cmocka_unit_test(it_lives_through_a_fork_storm),
		cmocka_unit_test(iterating_sees_each_once_even_while_removing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
