// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * capture_distributed_traces: takes spans from its sources, has them put together to
 * traces, counts these, and hands them on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/term.h"
#include "base/units.h"
#include "model/trace_run.h"
#include "op/clock.h"
#include "op/result.h"
#include "op/self_cost.h"
#include "op/stop.h"
#include "op/trace_out.h"
#include "op/trace_sources.h"
#include "ppbpf.h"
#include "sink/envelope.h"
#include "sink/trace_html.h"
#include "sink/trace_json.h"
#include "sink/trace_table.h"

#define POLL_MS 100
#define VIEW_EVERY (500 * NSEC_PER_MSEC)
/*
 * Bytes of traces that are still open: of what strangers send less than of what we have
 * seen ourselves. Half of it is what 20 000 requests a second come to in half a second.
 */
#define OPEN_MAX (16 << 20)
#define OPEN_MAX_SEEN (32 << 20)
#define SLOWEST_KEPT 50

struct tracing {
	const struct ppbpf_trace_options *options;
	struct report *report;
	struct err *err;
	struct trace_run *run;
	struct traces *traces;
	struct trace_sources *sources;
	struct trace_out *out;
	struct trace_view *view;
	uint64_t begin;
	uint64_t viewed;
	int failed;		/* -errno of what a callback could not do */
};

static int no_memory(struct err *e)
{
	return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
}

/* --- what comes out ------------------------------------------------------------- */

static bool on_trace(struct trace *trace, void *context)
{
	struct tracing *t = context;
	bool taken = false;
	int err = trace_out__spans(t->out, trace->spans);

	if (!err)
		err = trace_run__add(t->run, trace, &taken);
	if (err && !t->failed)
		t->failed = err;
	return taken;
}

static void on_late(const struct span *span, bool first_error, void *context)
{
	struct tracing *t = context;
	int err = trace_out__spans(t->out, span);

	if (!err)
		err = trace_stats__add_late(t->run->stats, span, first_error);
	if (err && !t->failed)
		t->failed = err;
}

/* --- what comes in -------------------------------------------------------------- */

static int on_span(struct span *span, void *context)
{
	struct tracing *t = context;

	return traces__add(t->traces, span, clock_ns(CLOCK_MONOTONIC));
}

static int check(const struct ppbpf_trace_options *o, struct err *e)
{
	if (!(o->sampling_rate >= 0 && o->sampling_rate <= 1))
		return err__set(e, ERR_USAGE, -EINVAL,
				"the sampling rate is a share from 0.0 to 1.0");
	if (o->service && !*o->service)
		return err__set(e, ERR_USAGE, -EINVAL, "the service's name is empty");
	return 0;
}

static bool sees_requests(const struct ppbpf_trace_options *o)
{
	return o->sources & PPBPF_TRACE_EBPF || o->pid_count || o->comm || o->port_count ||
	       o->unit || o->container;
}

static int prepare(struct tracing *t)
{
	const struct ppbpf_trace_options *o = t->options;
	const struct traces_config config = {
		.service = o->service,
		.operations = o->operations,
		.operation_count = o->operation_count,
		.sampling_rate = o->sampling_rate,
		.keep_errors = o->keep_errors,
		.size_max = sees_requests(o) ? OPEN_MAX_SEEN : OPEN_MAX,
		.on_trace = on_trace,
		.on_late = on_late,
		.context = t,
	};

	t->run = trace_run__new(o->service, o->sampling_rate, SLOWEST_KEPT);
	t->traces = traces__new(&config);
	if (!t->run || !t->traces)
		return no_memory(t->err);
	t->run->live = true;
	if (o->live) {
		t->view = trace_view__new(o->table_fd, o->top);
		if (!t->view)
			return no_memory(t->err);
	}
	return 0;
}

static void update(struct tracing *t, uint64_t now)
{
	for (int i = 0; i < TRACES_COUNTER_NR; i++)
		t->run->counters[i] = traces__counter(t->traces, i);
	t->run->open = traces__open(t->traces);
	t->run->seconds = (now - t->begin) / 1e9;
}

static int tick(struct tracing *t, uint64_t now)
{
	int err = traces__tick(t->traces, now);

	if (!err)
		err = t->failed;
	if (err)
		return err__set(t->err, err == -ENOMEM ? ERR_INTERNAL : ERR_IO, err,
				"traces cannot be kept: %s", strerror(-err));
	if (!t->view || now < t->viewed + VIEW_EVERY)
		return 0;
	t->viewed = now;
	update(t, now);
	err = trace_view__show(t->view, t->run, t->report);
	if (err == -EPIPE)
		stop__request();
	return 0;
}

static int measure(struct tracing *t)
{
	uint64_t deadline = t->options->duration_ns ? t->begin + t->options->duration_ns :
						      UINT64_MAX;
	uint64_t now = t->begin;
	int err = 0;

	while (!err && now < deadline && !stop__requested()) {
		uint64_t left = (deadline - now) / NSEC_PER_MSEC + 1;

		err = trace_sources__run(t->sources, left < POLL_MS ? (int)left : POLL_MS,
					 stop__fd(), t->err);
		now = clock_ns(CLOCK_MONOTONIC);
		if (!err)
			err = tick(t, now);
	}
	return err;
}

static void count_losses(struct tracing *t)
{
	for (int i = 0; i < TRACES_COUNTER_NR; i++)
		if (trace_loss_name(i))
			trace_run__lost(t->run, trace_loss_name(i), t->run->counters[i]);
	trace_sources__report(t->sources, t->run, t->report);
}

static int finish(struct tracing *t)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	int err = trace_sources__finish(t->sources, t->err);

	if (!err && (traces__finish(t->traces) || t->failed))
		err = no_memory(t->err);
	update(t, now);
	t->run->live = false;
	trace_run__sort(t->run);
	t->report->interrupted = stop__requested();
	t->report->duration = t->run->seconds;
	if (!err)
		err = trace_out__finish(t->out, t->err);
	count_losses(t);
	if (!err && trace_out__report(t->out, t->run))
		err = no_memory(t->err);
	self_cost__read(&t->report->self);
	if (trace_stats__sampled(t->run->stats))
		report__warn(t->report, "more than %d traces: percentiles are those of a random "
			     "sample of them", DURATIONS_MAX);
	return err;
}

static int run_all(struct tracing *t)
{
	struct trace_sources_config config = {
		.options = t->options, .run = NULL, .report = t->report,
		.on_span = on_span, .context = t,
	};
	int err = check(t->options, t->err);

	if (!err)
		err = prepare(t);
	config.run = t->run;
	if (!err)
		err = trace_sources__new(&t->sources, &config, t->err);
	if (!err)
		err = trace_out__new(&t->out, t->options,
				     trace_sources__other_jaeger(t->sources), t->err);
	if (err)
		return err;
	t->begin = clock_ns(CLOCK_MONOTONIC);
	t->report->self.start_cpu_seconds = self_cost__cpu_seconds();
	err = measure(t);
	if (!err)
		err = finish(t);
	return err;
}

/* --- the operation --------------------------------------------------------------- */

static int write_json(const struct ppbpf_result *result, FILE *stream)
{
	const struct envelope envelope = {
		.success = ppbpf_result_success(result),
		.duration = result->duration,
		.error = &result->err,
	};

	return trace_json__write(stream, result->data, result->report, &envelope);
}

static void free_run(void *data)
{
	trace_run__free(data);
}

static const struct operation trace_operation = { write_json, free_run };

int ppbpf_trace_write_html(const struct ppbpf_result *result, FILE *stream)
{
	if (result->operation != &trace_operation || !result->data)
		return -EINVAL;
	return trace_html__write(stream, result->data, result->report);
}

static void print_table(const struct tracing *t)
{
	struct trace_table table = { .top = t->options->top, .slowest = t->options->slowest };
	struct term term;
	FILE *stream;
	int fd;

	if (!t->options->table || t->err->cause)
		return;
	fd = dup(t->options->table_fd);
	stream = fd < 0 ? NULL : fdopen(fd, "w");
	if (!stream) {
		if (fd >= 0)
			close(fd);
		return;
	}
	term__detect(&term, fd);
	trace_table__print(stream, &term, t->run, t->report, &table);
	fclose(stream);
}

int ppbpf_trace(const struct ppbpf_trace_options *options, struct ppbpf_result **out)
{
	struct ppbpf_result *result = result__new(&trace_operation);
	struct tracing t = { .options = options };
	uint64_t entered = clock_ns(CLOCK_MONOTONIC);

	*out = result;
	if (!result)
		return PPBPF_FAILED;
	t.err = &result->err;
	t.report = result->report = report__new();
	if (!t.report)
		return no_memory(t.err), PPBPF_FAILED;
	stop__begin();
	run_all(&t);
	trace_view__free(t.view);
	if (t.run && !t.run->live)
		result->data = t.run;
	else
		trace_run__free(t.run);
	print_table(&t);
	trace_sources__free(t.sources);
	trace_out__free(t.out);
	traces__free(t.traces);
	stop__end();
	result->duration = (clock_ns(CLOCK_MONOTONIC) - entered) / 1e9;
	return status_of(&result->err);
}

void ppbpf_trace_stop(void)
{
	stop__request();
}
