// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Perf maps that `make fuzz` found, or began with, are survived. */
#include "fuzz_corpus.h"

#include "../fuzz/fuzz_perfmap.c"

static void perf_maps(void **state)
{
	(void)state;
	run_corpus("tests/fuzz/corpus/perfmap", LLVMFuzzerTestOneInput);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(perf_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
