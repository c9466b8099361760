// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/trace_kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "collect/features.h"
#include "collect/requests.h"
#include "collect/service.h"
#include "model/handover.h"
#include "model/report.h"
#include "model/request_span.h"
#include "model/trace_run.h"
#include "op/clock.h"

struct trace_kernel {
	struct features features;
	struct service *service;
	struct requests *requests;
	struct request_spans *spans;
	struct handovers *handovers;
	uint16_t own_ports[2];	/* where we listen */
	uint64_t count;
};

/* One offset for a whole run: both ends of a request have to lie on one line of time. */
static int64_t unix_offset(void)
{
	return (int64_t)clock_ns(CLOCK_REALTIME) - (int64_t)clock_ns(CLOCK_MONOTONIC);
}

/* An instrumented service's own reporting. */
static bool is_for_us(const struct trace_kernel *kernel, const struct request *request)
{
	uint16_t port = request->peer.port;

	return request->role == PPBPF_ROLE_CLIENT && port &&
	       (port == kernel->own_ports[0] || port == kernel->own_ports[1]);
}

static int on_request(const struct request *request, void *context)
{
	struct trace_kernel *kernel = context;
	struct span *span;

	/* what is sent to us is no work */
	if (is_for_us(kernel, request))
		return 0;
	span = request_spans__make(kernel->spans, request);
	if (!span)
		return -ENOMEM;
	span->throttled_known = kernel->features.have[FEATURE_QUOTA_CLOCK];
	kernel->count += !span->unfinished;
	return handovers__add(kernel->handovers, request, span, clock_ns(CLOCK_MONOTONIC));
}

static int attach(struct trace_kernel *kernel, const struct ppbpf_trace_options *o, struct err *e)
{
	const struct service_config service = {
		.name = o->service, .pids = o->pids, .pid_count = o->pid_count, .comm = o->comm,
		.ports = o->ports, .port_count = o->port_count, .unit = o->unit,
		.container = o->container, .children = !o->no_children,
	};
	struct requests_config requests = { .features = &kernel->features, .tls = o->tls,
					    .tls_budget = o->tls_budget };
	int err = features__probe(&kernel->features, e);

	/* requests are seen without switches of tasks; where their time went is not */
	if (err && kernel->features.iterator_alone) {
		*e = (struct err){ 0 };
		err = 0;
	}
	if (!err)
		err = service__new(&kernel->service, &service, e);
	requests.service = kernel->service;
	if (!err)
		err = requests__new(&kernel->requests, &requests, e);
	return err;
}

int trace_kernel__new(struct trace_kernel **out, const struct ppbpf_trace_options *o,
		      const uint16_t own_ports[2],
		      int (*on_span)(struct span *span, void *context), void *context,
		      struct err *e)
{
	const struct request_spans_config spans = {
		.service = o->service, .unix_offset_ns = unix_offset(), .queries = o->queries,
	};
	struct trace_kernel *kernel = calloc(1, sizeof(*kernel));
	int err = 0;

	if (kernel) {
		kernel->spans = request_spans__new(&spans);
		kernel->handovers = handovers__new(on_span, context);
	}
	if (!kernel || !kernel->spans || !kernel->handovers)
		err = err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	if (!err) {
		memcpy(kernel->own_ports, own_ports, sizeof(kernel->own_ports));
		err = attach(kernel, o, e);
	}
	if (err) {
		trace_kernel__free(kernel);
		return err;
	}
	log_info("ebpf: processes traced: %zu", requests__processes(kernel->requests));
	*out = kernel;
	return 0;
}

void trace_kernel__free(struct trace_kernel *kernel)
{
	if (!kernel)
		return;
	requests__free(kernel->requests);
	service__free(kernel->service);
	request_spans__free(kernel->spans);
	handovers__free(kernel->handovers);
	free(kernel);
}

int trace_kernel__fd(const struct trace_kernel *kernel)
{
	return requests__fd(kernel->requests);
}

static int told(int err, struct err *e)
{
	if (err >= 0)
		return 0;
	return err__set(e, ERR_INTERNAL, err, "requests cannot be read from the kernel: %s",
			strerror(-err));
}

int trace_kernel__drain(struct trace_kernel *kernel, struct err *e)
{
	int err = requests__drain(kernel->requests, on_request, kernel);

	if (err >= 0)
		err = handovers__tick(kernel->handovers, clock_ns(CLOCK_MONOTONIC), false);
	return told(err, e);
}

int trace_kernel__stop(struct trace_kernel *kernel, struct err *e)
{
	int err = requests__stop(kernel->requests, on_request, kernel);

	if (err >= 0)
		err = handovers__tick(kernel->handovers, clock_ns(CLOCK_MONOTONIC), true);
	return told(err, e);
}

/* Of what was looked for in vain the user is told: a name may be wrong. */
static void report_processes(const struct trace_kernel *kernel, struct trace_source *source,
			     struct report *report)
{
	struct buf text = BUF_INIT;
	char *taken;

	request_spans__processes(kernel->spans, &text);
	if (text.length)
		buf__puts(&text, ": their requests as the kernel saw them");
	else
		buf__printf(&text, "no request was seen (processes traced: %zu)",
			    requests__processes(kernel->requests));
	if (!text.length || !requests__processes(kernel->requests))
		report__warn(report, "no process is the service: --pid, --comm, --port, --unit or "
			     "--container say which ones are");
	if (!requests__processes(kernel->requests) && service__hidden(kernel->service))
		report__warn(report, "which ports other users' processes listen on may not be known "
			     "by this one: CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH let it");
	taken = buf__take(&text, NULL);
	if (!taken)
		return;
	free(source->text);
	source->text = taken;
}

static void report_tls(struct trace_kernel *kernel, struct report *report)
{
	struct requests_tls tls;

	if (requests__tls(kernel->requests, &tls) || !tls.files)
		return;
	report__warn(report, "TLS: files probed: %zu, %llu calls, about %.2f us each, %.1f ms of the "
		     "service's CPU time%s", tls.files, (unsigned long long)tls.hits,
		     tls.hit_ns / 1e3, tls.cost_ns / 1e6,
		     tls.over_budget ? "; over the budget, and so taken down" : "");
}

static void report_splits(const struct trace_kernel *kernel, struct report *report)
{
	const struct features *features = &kernel->features;
	enum feature lacks = features->have[FEATURE_BPF] ? FEATURE_SCHED_INFO : FEATURE_BPF;

	if (!features->have[lacks])
		report__missing(report, "slowest.spans.time_split", "%s", features->why[lacks]);
	else if (!features->have[FEATURE_QUOTA_CLOCK])
		report__missing(report, "slowest.spans.time_split.throttled_ms", "%s",
				features->why[FEATURE_QUOTA_CLOCK]);
}

void trace_kernel__report(struct trace_kernel *kernel, struct trace_source *source,
			  struct trace_run *run, struct report *report)
{
	struct requests_report counts = { 0 };

	source->spans = kernel->count;
	report_processes(kernel, source, report);
	report_tls(kernel, report);
	report_splits(kernel, report);
	if (requests__by_syscall(kernel->requests))
		report__warn(report, "this kernel has no tracepoints in its socket layer (Linux 6.3 "
			     "has): system calls are looked at, and those of all programs cost a "
			     "little more meanwhile");
	if (requests__report(kernel->requests, &counts))
		return;
	for (int i = 0; i < REQUESTS_LOSSES; i++)
		if (counts.losses[i].name)
			trace_run__lost(run, counts.losses[i].name, counts.losses[i].count);
	for (int i = 0; i < REQUESTS_MET && run->unseen_count < TRACE_UNSEEN_MAX; i++)
		if (counts.met[i].name)
			run->unseen[run->unseen_count++] = (struct trace_unseen){
				counts.met[i].name, counts.met[i].help, counts.met[i].count };
}
