/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The requests of a service, in and out, seen from the kernel: nothing in the service is
 * changed or restarted.
 */
#ifndef PPBPF_COLLECT_REQUESTS_H
#define PPBPF_COLLECT_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/exchanges.h"

struct collector;
struct err;
struct features;
struct requests;
struct service;

struct requests_config {
	struct service *service;	/* lives as long as the object */
	const struct features *features;
	bool by_syscalls;	/* as on kernels before 6.3 */
};

/* Loads and attaches; the processes of the service that are there are traced. Negative errno, *e. */
int requests__new(struct requests **out, const struct requests_config *config, struct err *e);
void requests__free(struct requests *r);

/* Readable when there is something to do before it is time to: drain then. */
int requests__fd(const struct requests *r);

/*
 * The requests that ended since the last time; and looks for new processes of the service.
 * To be called every 100 ms or so. The number of records read, or negative errno, or what
 * the callback returned.
 */
int requests__drain(struct requests *r, request_fn on_request, void *context);

/* Stops looking; what is under way comes as REQUEST_UNFINISHED. Once, before the report. */
int requests__stop(struct requests *r, request_fn on_request, void *context);

/* How many processes are the service's: those found at the last look. */
size_t requests__processes(const struct requests *r);

/* Losses, and what was met that cannot be seen: each by its name, with its count. */
struct requests_count {
	const char *name;	/* "requests_ring_full" */
	const char *help;	/* for a person: "HTTP/2 connections: gRPC ..." */
	uint64_t count;
};

#define REQUESTS_LOSSES 10
#define REQUESTS_MET 5

struct requests_report {
	struct requests_count losses[REQUESTS_LOSSES];
	struct requests_count met[REQUESTS_MET];
};

int requests__report(struct requests *r, struct requests_report *out);

#endif
