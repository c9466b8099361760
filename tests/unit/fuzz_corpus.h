/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_TESTS_FUZZ_CORPUS_H
#define PPBPF_TESTS_FUZZ_CORPUS_H

#include "unit.h"

#include <dirent.h>

#include "base/buf.h"
#include "base/fs.h"

/* Gives each input that is kept in @folder to a fuzz target; returns how many, at least 1. */
static inline size_t run_corpus(const char *folder, int (*one)(const uint8_t *data, size_t size))
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
	return count;
}

#endif
