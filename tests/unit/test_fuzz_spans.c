// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Spans that `make fuzz` found, or began with, are survived. */
#include "unit.h"

#include <dirent.h>

#include "base/fs.h"

#include "../fuzz/fuzz_spans.c"

#define CORPUS "tests/fuzz/corpus/spans"

static void received_spans(void **state)
{
	DIR *dir = opendir(CORPUS);
	struct dirent *entry;
	size_t count = 0;
	char path[512];

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		struct buf bytes = BUF_INIT;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), CORPUS "/%s", entry->d_name);
		assert_int_equal(read_file(path, 1 << 20, &bytes, NULL), 0);
		LLVMFuzzerTestOneInput((const uint8_t *)buf__str(&bytes), bytes.length);
		buf__free(&bytes);
		count++;
	}
	closedir(dir);
	assert_true(count > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(received_spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
