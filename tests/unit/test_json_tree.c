// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"

static const struct json_node *parse(struct json_tree *tree, const char *text)
{
	const char *end;
	const struct json_node *root = json_tree__parse(tree, text, strlen(text), &end);

	if (!root)
		fail_msg("%s is refused at %s", text, end);
	assert_string_equal(end, "");
	return root;
}

static void values_are_what_they_are_written_as(void **state)
{
	struct json_tree tree = JSON_TREE_INIT;
	const struct json_node *root, *list;

	(void)state;
	root = parse(&tree, "{ \"a\" : [1, -2.5e-1, true, null, \"x\\u00e9\\\"\"], \"b\":{}, "
			    "\"\":\"\\u0000|\", \"b\":7}");
	list = json_get(root, "a");
	assert_int_equal(json_count(list), 5);
	assert_true(json_at(list, 0)->number == 1);
	assert_true(json_at(list, 1)->number == -0.25);
	assert_true(json_is_true(json_at(list, 2)));
	assert_true(json_is(json_at(list, 3), JSON_IN_NULL));
	assert_string_equal(json_text(json_at(list, 4)), "x\xc3\xa9\"");
	assert_null(json_at(list, 5));
	assert_memory_equal(json_at(list, 1)->begin, "-2.5e-1", json_at(list, 1)->length);
	assert_true(json_is(json_get(root, "b"), JSON_IN_OBJECT));
	assert_string_equal(json_text(json_get(root, "")), "?|");
	assert_null(json_get(root, "c"));
	assert_null(json_get(list, "a"));
	assert_null(json_text(NULL));
	/* another in the same memory */
	assert_true(parse(&tree, "\xef\xbb\xbf[3]")->child->number == 3);
	json_tree__free(&tree);
}

static void it_is_told_where_text_is_wrong(void **state)
{
	static const struct { const char *text; size_t at; } wrong[] = {
		{ "", 0 }, { "[1,]", 3 }, { "{\"a\" 1}", 5 }, { "{\"a\":NaN}", 5 }, { "[1 2]", 3 },
		{ "\"ab", 3 }, { "[tru]", 1 }, { "{1:2}", 1 }, { "\"\\x\"", 3 }, { "\"a\nb\"", 2 },
	};
	struct json_tree tree = JSON_TREE_INIT;
	const char *end;
	char *deep = calloc(1, 10001);

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_null(json_tree__parse(&tree, wrong[i].text, strlen(wrong[i].text), &end));
		if ((size_t)(end - wrong[i].text) != wrong[i].at)
			fail_msg("%s is wrong at %zd", wrong[i].text, end - wrong[i].text);
	}
	memset(deep, '[', 10000);
	assert_null(json_tree__parse(&tree, deep, 10000, &end));
	free(deep);
	json_tree__free(&tree);
}

/* The shortest way to read a number is as exact as the C library's. */
static void numbers_are_read_exactly(void **state)
{
	static const char *const formats[] = { "%.*f", "%.*g", "%.*e" };
	struct json_tree tree = JSON_TREE_INIT;
	char text[400];

	(void)state;
	srandom(1);
	for (int i = 0; i < 30000; i++) {
		double value = ldexp((double)random() * random(), random() % 120 - 110);

		snprintf(text, sizeof(text), formats[i % 3], (int)(random() % 18),
			 i % 2 ? value : -value);
		if (strlen(text) <= 60 && parse(&tree, text)->number != strtod(text, NULL))
			fail_msg("%s is read as %.17g", text, parse(&tree, text)->number);
	}
	assert_true(isinf(parse(&tree, "1e999")->number));
	assert_true(parse(&tree, "9007199254740993")->number == 9007199254740992.0);
	assert_true(signbit(parse(&tree, "-0")->number));
	json_tree__free(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_what_they_are_written_as),
		cmocka_unit_test(it_is_told_where_text_is_wrong),
		cmocka_unit_test(numbers_are_read_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
