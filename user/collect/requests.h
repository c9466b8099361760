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
	/*
	 * Look into what goes through OpenSSL, too, by probes in the service's processes; and
	 * take these down when they cost it more than this share of one CPU (0: never).
	 */
	bool tls;
	double tls_budget;
};

/*
 * Loads and attaches; the processes of the service that are there are traced. Negative errno,
 * and *e.
 */
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

/* What the probes of TLS libraries are and cost. */
struct requests_tls {
	size_t files;		/* libraries and programs that are probed */
	uint64_t connections;	/* that were looked into */
	uint64_t hits;		/* calls of the probed functions, by the service */
	double hit_ns;		/* what one costs it: measured on functions of our own; NAN: unknown */
	double cost_ns;		/* all of them */
	bool over_budget;	/* they were taken down */
};

/* All zero without config.tls. Negative errno. */
int requests__tls(struct requests *r, struct requests_tls *out);

/* Before Linux 6.3, whose socket layer has no tracepoints: system calls are looked at. */
bool requests__by_syscall(const struct requests *r);

/* How many processes are the service's: those found at the last look. */
size_t requests__processes(const struct requests *r);

/* Losses, and what was met that cannot be seen: each by its name, with its count. */
struct requests_count {
	const char *name;	/* "requests_ring_full" */
	const char *help;	/* for a person: "HTTP/2 connections: gRPC ..." */
	uint64_t count;
};

#define REQUESTS_LOSSES 12
#define REQUESTS_MET 8

struct requests_report {
	struct requests_count losses[REQUESTS_LOSSES];
	struct requests_count met[REQUESTS_MET];
};

int requests__report(struct requests *r, struct requests_report *out);

#endif
