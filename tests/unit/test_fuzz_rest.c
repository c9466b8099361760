// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Stacks that `make fuzz` found, or began with, are survived. */
#include "fuzz_corpus.h"

#include "../fuzz/fuzz_rest.c"

static void stacks_that_are_walked_on(void **state)
{
	(void)state;
	run_corpus("tests/fuzz/corpus/rest", LLVMFuzzerTestOneInput);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_that_are_walked_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
