// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Inputs that `make fuzz` found, or began with, are survived. */
#include "unit.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/buf.h"

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

static void run_all(const char *folder, int (*one)(const uint8_t *data, size_t size))
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t count = 0;
	char path[512];

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		struct buf bytes = BUF_INIT;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		assert_int_equal(read_file(path, 1 << 20, &bytes, NULL), 0);
		assert_int_equal(one((const uint8_t *)buf__str(&bytes), bytes.length), 0);
		buf__free(&bytes);
		count++;
	}
	closedir(dir);
	assert_true(count > 0);
}

static void unwind_information(void **state)
{
	(void)state;
	run_all("tests/fuzz/corpus/cfi", fuzz_cfi);
}

static void python_line_tables(void **state)
{
	(void)state;
	run_all("tests/fuzz/corpus/python_lines", fuzz_python_lines);
}

static void suites(void **state)
{
	(void)state;
	run_all("tests/fuzz/corpus/suite", fuzz_suite);
}

static void results_of_benchmarks(void **state)
{
	(void)state;
	run_all("tests/fuzz/corpus/results", fuzz_results);
}

static void exchanges(void **state)
{
	(void)state;
	run_all("tests/fuzz/corpus/exchanges", fuzz_exchanges);
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
