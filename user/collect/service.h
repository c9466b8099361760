/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Which processes a service is, by /proc: looked for again, as processes come and go. */
#ifndef PPBPF_COLLECT_SERVICE_H
#define PPBPF_COLLECT_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ppbpf_request_abi.h"

struct err;
struct service;

/*
 * A process is the service's when one of what is named fits it. Where nothing but the
 * service's name is given, it is looked for as OTEL_SERVICE_NAME (or service.name in
 * OTEL_RESOURCE_ATTRIBUTES) of the environment, as a systemd unit, as a container, and,
 * when none of these has it, as a process's name.
 */
struct service_config {
	const char *name;
	const pid_t *pids;
	size_t pid_count;
	const char *comm;	/* with * and ? */
	const uint16_t *ports;	/* that it listens on; PPBPF_TRACED_PORTS at most */
	size_t port_count;
	const char *unit;	/* systemd's, ".service" may be left out */
	const char *container;	/* a beginning of its id */
	bool children;		/* whatever its processes start, too */
};

/* The texts and lists are copied. Negative errno, and *e. */
int service__new(struct service **out, const struct service_config *config, struct err *e);
void service__free(struct service *s);

/*
 * Looks at all processes. *pids is the object's, until the next call; its length, or negative
 * errno. Nobody may be there yet: 0.
 */
int service__scan(struct service *s, const pid_t **pids);

/* Whether a process, by itself, is one of it: for one that has just become its program. */
bool service__has(struct service *s, pid_t pid);

/* Whether processes may come to be of it by another way than by being started by one of it. */
bool service__may_grow(const struct service *s);

/* Whether which ports are theirs could not be known of some processes: other users'. */
bool service__hidden(const struct service *s);

/* Its ports, and 0 after them. */
const uint16_t *service__ports(const struct service *s);
bool service__children(const struct service *s);

#endif
