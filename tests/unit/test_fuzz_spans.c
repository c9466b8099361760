// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Spans that `make fuzz` found, or began with, are survived. */
#include "fuzz_corpus.h"

#include "../fuzz/fuzz_spans.c"

static void received_spans(void **state)
{
	(void)state;
	assert_true(run_corpus("tests/fuzz/corpus/spans", LLVMFuzzerTestOneInput) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(received_spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
