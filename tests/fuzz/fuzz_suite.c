// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* A suite of benchmarks, from whoever wrote the file: read, or refused in one line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "model/suite.h"
#include "store/suite_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct suite *suite;

	/* libyaml takes its time for deep nesting */
	if (size > 4096)
		return 0;
	suite = suite_yaml__parse((const char *)data, size, "suite", &e);
	if (!suite == !e.cause)
		abort();
	for (size_t i = 0; suite && i < suite->count; i++)
		if (!suite->benchmarks[i].name || !suite->benchmarks[i].command.argv[0])
			abort();
	suite__free(suite);
	return 0;
}
