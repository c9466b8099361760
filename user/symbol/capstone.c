// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/capstone.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

#include "base/log.h"

/* The one whose header this was compiled with: their structures differ. */
#define TEXT(x) #x
#define LIBRARY(major) "libcapstone.so." TEXT(major)

static struct capstone functions;
static bool loaded;

static void load(void)
{
	static const struct {
		const char *name;
		size_t offset;
	} names[] = {
		{ "cs_open", offsetof(struct capstone, open) },
		{ "cs_close", offsetof(struct capstone, close) },
		{ "cs_option", offsetof(struct capstone, option) },
		{ "cs_malloc", offsetof(struct capstone, malloc) },
		{ "cs_free", offsetof(struct capstone, free) },
		{ "cs_disasm_iter", offsetof(struct capstone, disasm_iter) },
		{ "cs_insn_group", offsetof(struct capstone, insn_group) },
		{ "cs_regs_access", offsetof(struct capstone, regs_access) },
	};
	void *library = dlopen(LIBRARY(CS_API_MAJOR), RTLD_NOW | RTLD_LOCAL), *function;

	if (!library) {
		log_debug("no code is decoded: %s", dlerror());
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		function = dlsym(library, names[i].name);
		if (!function)
			return;
		*(void **)((char *)&functions + names[i].offset) = function;
	}
	loaded = true;
}

const struct capstone *capstone__get(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	return loaded ? &functions : NULL;
}
