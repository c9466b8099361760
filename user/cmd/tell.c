// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "cmd/tell.h"

#include "base/err.h"
#include "base/log.h"
#include "ppbpf.h"

static void say(const char *message, const char *hint)
{
	log_error("%s%s%s", message, *hint ? "; " : "", hint);
}

int tell_result(const struct ppbpf_result *result)
{
	if (!result) {
		log_error("out of memory");
		return PPBPF_FAILED;
	}
	if (*ppbpf_result_error(result))
		say(ppbpf_result_error(result), ppbpf_result_hint(result));
	return 0;
}

int tell_error(const struct err *e)
{
	say(e->message, e->hint);
	return PPBPF_FAILED;
}
