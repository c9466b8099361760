// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Stacks that `make fuzz` found, or began with, are survived. */
#include "unit.h"

#include <glob.h>

#include "base/buf.h"
#include "base/fs.h"

#include "../fuzz/fuzz_rest.c"

static void stacks_that_are_walked_on(void **state)
{
	glob_t found;

	(void)state;
	assert_int_equal(glob("tests/fuzz/corpus/rest/*", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct buf bytes = BUF_INIT;

		assert_int_equal(read_file(found.gl_pathv[i], 1 << 20, &bytes, NULL), 0);
		assert_int_equal(LLVMFuzzerTestOneInput((const uint8_t *)buf__str(&bytes),
							bytes.length), 0);
		buf__free(&bytes);
	}
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_that_are_walked_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
