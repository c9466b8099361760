// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Inputs that `make fuzz` found, or began with, are survived. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz_corpus.h"

#define LLVMFuzzerTestOneInput fuzz_cfi
#include "../fuzz/fuzz_cfi.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_python_lines
#include "../fuzz/fuzz_python_lines.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_suite
#include "../fuzz/fuzz_suite.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_results
#include "../fuzz/fuzz_results.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_exchanges
#include "../fuzz/fuzz_exchanges.c"

static void unwind_information(void **state)
{
	(void)state;
	run_corpus("tests/fuzz/corpus/cfi", fuzz_cfi);
}

static void python_line_tables(void **state)
{
	(void)state;
	run_corpus("tests/fuzz/corpus/python_lines", fuzz_python_lines);
}

static void suites(void **state)
{
	(void)state;
	run_corpus("tests/fuzz/corpus/suite", fuzz_suite);
}

static void results_of_benchmarks(void **state)
{
	(void)state;
	run_corpus("tests/fuzz/corpus/results", fuzz_results);
}

static void exchanges(void **state)
{
	(void)state;
	run_corpus("tests/fuzz/corpus/exchanges", fuzz_exchanges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unwind_information),
		cmocka_unit_test(python_line_tables),
		cmocka_unit_test(suites),
		cmocka_unit_test(results_of_benchmarks),
		cmocka_unit_test(exchanges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
