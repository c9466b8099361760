// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#define LATE_MICROHTTPD_DEFINED_HERE
#include "base/late_microhttpd.h"

#include <pthread.h>

#include "base/late.h"

static union {
	struct late_microhttpd functions;
	void *pointers[sizeof(struct late_microhttpd) / sizeof(void *)];
} table;
static bool loaded;

static void load(void)
{
#define LATE_NAME(function) #function,
	static const char *const names[] = { LATE_MICROHTTPD_FUNCTIONS(LATE_NAME) };
#undef LATE_NAME

	loaded = late__load("libmicrohttpd.so.12", names, sizeof(names) / sizeof(names[0]), table.pointers);
}

const struct late_microhttpd *late_microhttpd(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	return loaded ? &table.functions : NULL;
}
