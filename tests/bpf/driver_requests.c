// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Prints the requests of a service as the library's rooms see them, a JSON object a line,
 * and what was lost and met as the last one:
 *
 *	driver_requests [-p PID]... [-c COMM] [-l PORT]... [-n NAME] [-u UNIT] [-k] [-q] [-t] \
 *		[-b BUDGET] [-d SECONDS]
 *
 * -k: children are not the service's; -q: count only; -t: look into TLS. "ready" on standard error: it has begun.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "collect/features.h"
#include "collect/requests.h"
#include "collect/service.h"

#define DRAIN_MS 100

struct run {
	struct service_config service_config;
	struct requests_config config;
	struct features features;
	struct err err;
	pid_t pids[64];
	uint16_t ports[PPBPF_TRACED_PORTS];
	double seconds;
	bool quiet;
	uint64_t seen;
	struct buf line;
};

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	(void)signal;
	stopped = 1;
}

static void parse(struct run *run, int argc, char **argv)
{
	int option;

	run->seconds = 60;
	run->service_config.pids = run->pids;
	run->service_config.ports = run->ports;
	run->service_config.children = true;
	while ((option = getopt(argc, argv, "p:c:l:n:u:d:kqtb:")) != -1) {
		switch (option) {
		case 'p':
			run->pids[run->service_config.pid_count++ & 63] = atoi(optarg);
			break;
		case 'c':
			run->service_config.comm = optarg;
			break;
		case 'l':
			run->ports[run->service_config.port_count++ % PPBPF_TRACED_PORTS] =
				atoi(optarg);
			break;
		case 'n':
			run->service_config.name = optarg;
			break;
		case 'u':
			run->service_config.unit = optarg;
			break;
		case 'd':
			run->seconds = atof(optarg);
			break;
		case 'k':
			run->service_config.children = false;
			break;
		case 'q':
			run->quiet = true;
			break;
		case 't':
			run->config.tls = true;
			break;
		case 'b':
			run->config.tls_budget = atof(optarg);
			break;
		default:
			exit(2);
		}
	}
}

static void write_text(struct json *json, const char *key, struct text text)
{
	if (!text.bytes)
		return;
	json__key(json, key);
	json__string_n(json, text.bytes, text.length);
}

static void write_address(struct json *json, const char *key, const struct request *request,
			  const struct request_address *address)
{
	char text[INET6_ADDRSTRLEN + 8] = "", host[INET6_ADDRSTRLEN];

	if (request->family != AF_INET && request->family != AF_INET6)
		return;
	inet_ntop(request->family, address->bytes, host, sizeof(host));
	snprintf(text, sizeof(text), "%s/%u", host, address->port);
	json__key(json, key);
	json__string(json, text);
}

static void write_number(struct json *json, const char *key, uint64_t value)
{
	json__key(json, key);
	json__u64(json, value);
}

static int print(const struct request *r, void *context)
{
	static const char *const protocols[] = { "?", "http", "postgresql", "redis" };
	static const char *const ends[] = { "complete", "closed", "unfinished" };
	struct run *run = context;
	struct json *json;

	run->seen++;
	if (run->quiet)
		return 0;
	buf__truncate(&run->line, 0);
	json = json__new_buf(&run->line, JSON_COMPACT);
	json__object_begin(json);
	json__key(json, "protocol");
	json__string(json, protocols[r->protocol]);
	json__key(json, "role");
	json__string(json, r->role == PPBPF_ROLE_SERVER ? "server" : "client");
	json__key(json, "end");
	json__string(json, ends[r->end]);
	write_number(json, "tls", r->tls);
	write_number(json, "id", r->id);
	write_number(json, "within", r->within);
	write_number(json, "connection", r->connection);
	write_number(json, "peer_connection", r->peer_connection);
	write_number(json, "family", r->family);
	write_address(json, "local", r, &r->local);
	write_address(json, "peer", r, &r->peer);
	write_number(json, "start_ns", r->start_ns);
	write_number(json, "first_ns", r->first_byte_ns ? r->first_byte_ns - r->start_ns : 0);
	write_number(json, "duration_ns", r->end_ns - r->start_ns);
	write_number(json, "request_bytes", r->request_bytes);
	write_number(json, "reply_bytes", r->reply_bytes);
	write_number(json, "pid", r->pid);
	write_number(json, "thread", r->thread);
	write_number(json, "status", r->status);
	write_number(json, "cut", r->cut);
	write_number(json, "minor", r->minor);
	json__key(json, "comm");
	json__string(json, r->comm);
	write_text(json, "method", r->method);
	write_text(json, "target", r->target);
	write_text(json, "host", r->host);
	write_text(json, "user_agent", r->user_agent);
	write_text(json, "traceparent", r->traceparent);
	write_text(json, "tracestate", r->tracestate);
	write_text(json, "operation", r->operation);
	write_text(json, "statement", r->statement);
	write_text(json, "collection", r->collection);
	write_text(json, "database", r->database);
	write_text(json, "user", r->user);
	write_text(json, "error", r->error);
	write_text(json, "error_message", r->error_message);
	json__object_end(json);
	json__finish(json);
	json__free(json);
	fwrite(run->line.data, 1, run->line.length, stdout);
	return 0;
}

static void print_report(struct run *run, struct requests *requests)
{
	struct json *json = json__new(stdout, JSON_COMPACT);
	struct requests_report report;
	struct requests_tls tls;
	struct rusage usage;

	requests__report(requests, &report);
	requests__tls(requests, &tls);
	getrusage(RUSAGE_SELF, &usage);
	json__object_begin(json);
	write_number(json, "seen", run->seen);
	write_number(json, "cpu_us", (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL +
		     usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	write_number(json, "max_rss_kb", usage.ru_maxrss);
	write_number(json, "tls_files", tls.files);
	write_number(json, "tls_hits", tls.hits);
	write_number(json, "tls_cost_ns", tls.hits ? tls.cost_ns : 0);
	write_number(json, "tls_over_budget", tls.over_budget);
	write_number(json, "processes", requests__processes(requests));
	for (size_t i = 0; i < REQUESTS_LOSSES; i++)
		write_number(json, report.losses[i].name, report.losses[i].count);
	for (size_t i = 0; i < REQUESTS_MET; i++)
		write_number(json, report.met[i].name, report.met[i].count);
	json__object_end(json);
	json__finish(json);
	json__free(json);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int drain_until_done(struct run *run, struct requests *requests)
{
	double end = now() + run->seconds;
	struct pollfd fd = { .fd = requests__fd(requests), .events = POLLIN };
	int err = 0;

	while (!stopped && now() < end && err >= 0) {
		poll(&fd, 1, DRAIN_MS);
		err = requests__drain(requests, print, run);
	}
	if (err >= 0)
		err = requests__stop(requests, print, run);
	return err < 0 ? err : 0;
}

int main(int argc, char **argv)
{
	struct requests *requests = NULL;
	struct service *service = NULL;
	struct run run = { 0 };
	int err;

	parse(&run, argc, argv);
	/* on a busy machine too, what is lost is to be lost by the library */
	setpriority(PRIO_PROCESS, 0, -15);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	err = features__probe(&run.features, &run.err);
	if (!err)
		err = service__new(&service, &run.service_config, &run.err);
	run.config.service = service;
	run.config.features = &run.features;
	if (!err)
		err = requests__new(&requests, &run.config, &run.err);
	if (!err) {
		fprintf(stderr, "ready\n");
		err = drain_until_done(&run, requests);
		print_report(&run, requests);
	}
	if (err)
		fprintf(stderr, "driver_requests: %s (%d)\n", run.err.message, err);
	requests__free(requests);
	service__free(service);
	buf__free(&run.line);
	return err ? 1 : 0;
}
