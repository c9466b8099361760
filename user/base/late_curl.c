// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#define LATE_CURL_DEFINED_HERE
#include "base/late_curl.h"

#include <pthread.h>

#include "base/late.h"

static union {
	struct late_curl functions;
	void *pointers[sizeof(struct late_curl) / sizeof(void *)];
} table;
static bool loaded;

static void load(void)
{
#define LATE_NAME(function) #function,
	static const char *const names[] = { LATE_CURL_FUNCTIONS(LATE_NAME) };
#undef LATE_NAME

	loaded = late__load("libcurl.so.4", names, sizeof(names) / sizeof(names[0]), table.pointers);
}

const struct late_curl *late_curl(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	return loaded ? &table.functions : NULL;
}
