// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"

static void it_keeps_what_went_wrong(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err__set(&e, ERR_NOT_FOUND, -ESRCH, "no process %d", 42), -ESRCH);
	err__hint(&e, "see %s", "ps");
	assert_int_equal(e.cause, ERR_NOT_FOUND);
	assert_int_equal(e.code, -ESRCH);
	assert_string_equal(e.message, "no process 42");
	assert_string_equal(e.hint, "see ps");
}

static void the_first_error_wins_with_its_hint(void **state)
{
	struct err e = { 0 };

	(void)state;
	err__set(&e, ERR_PERMISSION, -EPERM, "first");
	assert_int_equal(err__set(&e, ERR_IO, -EIO, "second"), -EPERM);
	err__hint(&e, "about the second");
	assert_int_equal(e.cause, ERR_PERMISSION);
	assert_string_equal(e.message, "first");
	assert_string_equal(e.hint, "");
}

static void the_code_is_negative_whatever_is_passed(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err__set(&e, ERR_IO, ENOSPC, "x"), -ENOSPC);
	assert_int_equal(e.code, -ENOSPC);
	assert_int_equal(err__set(NULL, ERR_IO, 0, "x"), -EIO);
	assert_int_equal(err__set(NULL, ERR_IO, EPIPE, "x"), -EPIPE);
	err__hint(NULL, "x");
}

static void clearing_makes_room_for_another(void **state)
{
	struct err e = { 0 };

	(void)state;
	err__set(&e, ERR_IO, -EIO, "first");
	err__set(&e, ERR_IO, -EIO, "second");
	err__clear(&e);
	assert_int_equal(e.cause, ERR_NONE);
	assert_int_equal(err__set(&e, ERR_USAGE, -EINVAL, "third"), -EINVAL);
	err__hint(&e, "hint");
	assert_string_equal(e.message, "third");
	assert_string_equal(e.hint, "hint");
}

/* At every offset: a message of two-, three- and four-byte characters stays UTF-8. */
static void a_long_message_is_cut_between_characters(void **state)
{
	static const char *const characters[] = { "x", "é", "€", "😀" };
	char text[2048];

	(void)state;
	for (size_t c = 0; c < LENGTH(characters); c++) {
		size_t size = strlen(characters[c]);

		for (size_t offset = 0; offset < size; offset++) {
			struct err e = { 0 };
			size_t length;

			memset(text, 'a', offset);
			text[offset] = '\0';
			while (strlen(text) + size < sizeof(text))
				strcat(text, characters[c]);
			err__set(&e, ERR_IO, -EIO, "%s", text);
			length = strlen(e.message);
			assert_int_equal((length - offset) % size, 0);
			assert_true(length > sizeof(e.message) - 1 - size);
			assert_memory_equal(e.message, text, length);
		}
	}
}

static void every_cause_has_the_name_of_the_contract(void **state)
{
	(void)state;
	assert_string_equal(err_cause_name(ERR_USAGE), "usage");
	assert_string_equal(err_cause_name(ERR_PERMISSION), "permission");
	assert_string_equal(err_cause_name(ERR_UNSUPPORTED_KERNEL), "unsupported_kernel");
	assert_string_equal(err_cause_name(ERR_IO), "io");
	assert_string_equal(err_cause_name(ERR_NOT_FOUND), "not_found");
	assert_string_equal(err_cause_name(ERR_TIMEOUT), "timeout");
	assert_string_equal(err_cause_name(ERR_INTERNAL), "internal");
	assert_string_equal(err_cause_name((enum err_cause)99), "internal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_keeps_what_went_wrong),
		cmocka_unit_test(the_first_error_wins_with_its_hint),
		cmocka_unit_test(the_code_is_negative_whatever_is_passed),
		cmocka_unit_test(clearing_makes_room_for_another),
		cmocka_unit_test(a_long_message_is_cut_between_characters),
		cmocka_unit_test(every_cause_has_the_name_of_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
