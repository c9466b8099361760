/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* URLs of other servers. */
#ifndef PPBPF_OP_ENDPOINT_H
#define PPBPF_OP_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

struct err;

struct endpoint {
	char host[256];
	uint16_t port;
	bool local;	/* on this host's loopback */
};

/* `option`: who named it. Negative errno, told in *e. */
int endpoint__parse(struct endpoint *endpoint, const char *url, const char *option,
		    struct err *e);

/* Whether anybody accepts a connection there within a second. */
bool endpoint__listens(const struct endpoint *endpoint);

#endif
