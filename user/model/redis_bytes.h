/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Redis' protocol (RESP2 and 3) as it was captured: strangers' bytes, and not always all. */
#ifndef PPBPF_MODEL_REDIS_BYTES_H
#define PPBPF_MODEL_REDIS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/request.h"

struct redis_command {
	struct text name;	/* as it was sent */
	uint64_t arguments;	/* beside the name */
	bool cut;		/* it goes on beyond the bytes */
	size_t size;		/* bytes that it takes up; with `cut` all there were */
};

/* An array of strings, or a line. 0, or -EINVAL when these bytes begin no command. */
int redis_command__read(struct redis_command *out, const char *bytes, size_t length);

struct redis_reply {
	struct text error;	/* an error's first word, "WRONGTYPE" */
	struct text message;	/* and all of it */
	bool cut;
	size_t size;
	uint64_t whole;		/* of a string that is cut: bytes that it takes up; else 0 */
};

/* 0, or -EINVAL when these bytes begin no reply. */
int redis_reply__read(struct redis_reply *out, const char *bytes, size_t length);

#endif
