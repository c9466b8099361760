// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "base/late.h"

#include <dlfcn.h>

#include "base/log.h"

bool late__load(const char *library, const char *const *names, size_t count, void **functions)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; handle && i < count; i++) {
		functions[i] = dlsym(handle, names[i]);
		if (!functions[i])
			handle = NULL;
	}
	if (!handle)
		log_debug("%s cannot be used: %s", library, dlerror());
	return handle;
}
