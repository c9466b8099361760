// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "symbol/ranges.h"

static void put(struct ranges *ranges, uint64_t start, uint64_t end, uint32_t rank,
		const char *name)
{
	assert_int_equal(ranges__add(ranges, &(struct range){ start, end, name, rank }), 0);
}

static const char *name_at(const struct ranges *ranges, uint64_t address)
{
	const struct range *range = ranges__find(ranges, address);

	return range ? range->name : "";
}

static void the_innermost_range_is_found(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	put(&ranges, 100, 200, 0, "outer");
	put(&ranges, 300, 310, 0, "last");
	put(&ranges, 120, 130, 0, "inner");
	put(&ranges, 50, 50, 0, "endless");
	assert_int_equal(ranges__sort(&ranges), 0);
	assert_string_equal(name_at(&ranges, 99), "");
	assert_string_equal(name_at(&ranges, 100), "outer");
	assert_string_equal(name_at(&ranges, 120), "inner");
	assert_string_equal(name_at(&ranges, 129), "inner");
	assert_string_equal(name_at(&ranges, 130), "outer");
	assert_string_equal(name_at(&ranges, 200), "");
	assert_string_equal(name_at(&ranges, 309), "last");
	assert_string_equal(name_at(&ranges, 310), "");
	assert_string_equal(name_at(&ranges, 50), "");
	assert_string_equal(ranges__at(&ranges, 50)->name, "endless");
	assert_null(ranges__at(&ranges, 51));
	ranges__free(&ranges);
	assert_null(ranges__find(&ranges, 100));
}

static void of_one_place_the_higher_rank_wins(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	put(&ranges, 100, 200, 2, "best");
	put(&ranges, 100, 200, 1, "other");
	put(&ranges, 100, 110, 3, "short");
	assert_int_equal(ranges__sort(&ranges), 0);
	assert_string_equal(name_at(&ranges, 105), "short");
	assert_string_equal(name_at(&ranges, 150), "best");
	assert_string_equal(ranges__at(&ranges, 100)->name, "short");
	ranges__free(&ranges);
}

static void by_rank_the_newest_wins_wherever_it_begins(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	put(&ranges, 120, 130, 0, "old");
	put(&ranges, 100, 200, 1, "new");
	put(&ranges, 180, 190, 2, "newest");
	assert_int_equal(ranges__sort(&ranges), 0);
	assert_string_equal(ranges__find_ranked(&ranges, 125)->name, "new");
	assert_string_equal(ranges__find_ranked(&ranges, 185)->name, "newest");
	assert_string_equal(ranges__find_ranked(&ranges, 195)->name, "new");
	assert_null(ranges__find_ranked(&ranges, 200));
	ranges__free(&ranges);
}

/* Against a plain search, over random ranges. */
static void it_finds_what_a_plain_search_finds(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	srandom(3);
	for (int i = 0; i < 500; i++) {
		uint64_t start = random() % 2000;

		put(&ranges, start, start + random() % 40, i, "x");
	}
	assert_int_equal(ranges__sort(&ranges), 0);
	for (uint64_t address = 0; address < 2100; address++) {
		const struct range *nearest = NULL, *newest = NULL;

		for (size_t i = 0; i < ranges.count; i++) {
			const struct range *row = &ranges.rows[i];

			if (address < row->start || address >= row->end)
				continue;
			nearest = row;
			if (!newest || row->rank > newest->rank)
				newest = row;
		}
		assert_ptr_equal(ranges__find(&ranges, address), nearest);
		assert_ptr_equal(ranges__find_ranked(&ranges, address), newest);
	}
	ranges__free(&ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_innermost_range_is_found),
		cmocka_unit_test(of_one_place_the_higher_rank_wins),
		cmocka_unit_test(by_rank_the_newest_wins_wherever_it_begins),
		cmocka_unit_test(it_finds_what_a_plain_search_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
