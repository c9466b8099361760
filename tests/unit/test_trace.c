// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Traces put together from spans, judged and counted. */
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "model/operation.h"
#include "model/trace_run.h"

#define MS NSEC_PER_MSEC

struct bench {
	struct traces_config config;
	struct traces *traces;
	struct trace *collected[256];
	size_t count;
	size_t late;
};

static bool collect(struct trace *trace, void *context)
{
	struct bench *b = context;

	assert_true(b->count < LENGTH(b->collected));
	b->collected[b->count++] = trace;
	return true;
}

static void late(const struct span *span, bool first_error, void *context)
{
	struct bench *b = context;

	(void)span;
	(void)first_error;
	b->late++;
}

static void begin(struct bench *b)
{
	b->config.on_trace = collect;
	b->config.on_late = late;
	b->config.context = b;
	if (!b->config.size_max)
		b->config.size_max = 1 << 20;
	b->traces = traces__new(&b->config);
	assert_non_null(b->traces);
}

static void end(struct bench *b)
{
	for (size_t i = 0; i < b->count; i++)
		trace__free(b->collected[i]);
	traces__free(b->traces);
}

static struct resource *service(const char *name)
{
	struct buf attributes = BUF_INIT;
	struct resource *resource;

	attribute_string(&attributes, "service.name", name);
	resource = resource__new(&(struct bytes){ attributes.data, attributes.length });
	assert_non_null(resource);
	buf__free(&attributes);
	return resource;
}

static void add(struct bench *b, const struct span *from, const char *name, uint64_t now)
{
	struct span span = *from;

	span.resource = service(name);
	assert_int_equal(traces__add(b->traces, span__new(&span), now), 0);
	resource__put(span.resource);
}

static const struct span *find(const struct trace *trace, const char *name)
{
	for (const struct span *s = trace->spans; s; s = s->next)
		if (!strcmp(s->name, name))
			return s;
	fail_msg("no span is called %s", name);
	return NULL;
}

static struct span received(uint64_t trace, uint64_t id, uint64_t parent, uint64_t ms)
{
	return (struct span){ .source = SPAN_FROM_OTLP, .trace_id = { 1, trace }, .span_id = id,
			      .parent_id = parent, .name = "work", .kind = SPAN_KIND_SERVER,
			      .start_ns = 1000 * MS, .end_ns = (1000 + ms) * MS };
}

/* A request on a connection between 127.0.0.1:client and 127.0.0.1:server. */
static struct span seen(enum span_kind kind, const char *name, uint32_t pid, uint16_t client,
			uint16_t server, uint64_t from, uint64_t to)
{
	struct span span = {
		.source = SPAN_FROM_EBPF, .kind = kind, .name = name,
		.start_ns = from * MS, .end_ns = to * MS,
		.seen = { .connection_known = true, .pid = pid, .tid = pid, .network = 1 },
	};
	struct span_seen *s = &span.seen;
	bool is_server = kind == SPAN_KIND_SERVER;

	s->local.address[10] = s->local.address[11] = 0xff;
	s->local.address[12] = 127;
	s->local.address[15] = 1;
	s->peer = s->local;
	s->local.port = is_server ? server : client;
	s->peer.port = is_server ? client : server;
	return span;
}

static void spans_of_an_id_are_a_trace(void **state)
{
	struct bench b = { .config.sampling_rate = 1 };
	struct span root = received(7, 1, 0, 100), child = received(7, 2, 1, 50);
	struct span other = received(8, 3, 0, 10);

	(void)state;
	begin(&b);
	add(&b, &child, "b", 0);
	add(&b, &other, "a", 0);
	add(&b, &root, "a", 0);
	assert_int_equal(traces__open(b.traces), 2);
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.count, 2);
	assert_int_equal(b.collected[0]->span_count, 1);
	assert_int_equal(b.collected[1]->span_count, 2);
	assert_int_equal(b.collected[1]->root->span_id, 1);
	assert_true(trace__duration_ns(b.collected[1]) == 100 * MS);
	end(&b);
}

/* client -> proxy -> app -> database, all seen by the kernel, no header anywhere. */
static void a_chain_without_headers(void **state)
{
	struct bench b = { .config.sampling_rate = 1 };
	struct span in_proxy = seen(SPAN_KIND_SERVER, "proxy in", 10, 5000, 80, 1, 99);
	struct span out_proxy = seen(SPAN_KIND_CLIENT, "proxy out", 10, 6000, 3000, 5, 95);
	struct span in_app = seen(SPAN_KIND_SERVER, "app in", 20, 6000, 3000, 6, 94);
	struct span out_app = seen(SPAN_KIND_CLIENT, "query", 20, 7000, 5432, 10, 20);
	const struct trace *trace;

	(void)state;
	in_proxy.seen.request = 1;
	out_proxy.seen.within = 1;
	in_app.seen.request = 2;
	out_app.seen.within = 2;
	begin(&b);
	/* in the order in which they end */
	add(&b, &out_app, "shop", 0);
	add(&b, &in_app, "shop", 0);
	add(&b, &out_proxy, "shop", 0);
	add(&b, &in_proxy, "shop", 0);
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.count, 1);
	trace = b.collected[0];
	assert_int_equal(trace->span_count, 4);
	assert_string_equal(trace->root->name, "proxy in");
	assert_true(find(trace, "proxy out")->parent_id == find(trace, "proxy in")->span_id);
	assert_true(find(trace, "app in")->parent_id == find(trace, "proxy out")->span_id);
	assert_true(find(trace, "query")->parent_id == find(trace, "app in")->span_id);
	assert_true(trace_id_known(&trace->id));
	end(&b);
}

/* The proxy sends the caller's header on unchanged: both hops name the same parent. */
static void a_proxy_forwards_the_header(void **state)
{
	struct bench b = { .config.sampling_rate = 1 };
	struct span in_proxy = seen(SPAN_KIND_SERVER, "proxy in", 10, 5000, 80, 1, 99);
	struct span out_proxy = seen(SPAN_KIND_CLIENT, "proxy out", 10, 6000, 3000, 5, 95);
	struct span in_app = seen(SPAN_KIND_SERVER, "app in", 20, 6000, 3000, 6, 94);
	struct span *const all[] = { &in_app, &out_proxy, &in_proxy };
	const struct trace *trace;

	(void)state;
	begin(&b);
	for (size_t i = 0; i < LENGTH(all); i++) {
		all[i]->seen.carried_trace = (struct trace_id){ 9, 9 };
		all[i]->seen.carried_parent = 77;
		all[i]->seen.carried_flags = 1;
		add(&b, all[i], "shop", 0);
	}
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.count, 1);
	trace = b.collected[0];
	assert_true(trace->id.high == 9 && trace->id.low == 9);
	assert_true(find(trace, "proxy in")->parent_id == 77);
	assert_true(find(trace, "proxy out")->parent_id == find(trace, "proxy in")->span_id);
	assert_true(find(trace, "app in")->parent_id == find(trace, "proxy out")->span_id);
	assert_string_equal(trace->root->name, "proxy in");
	end(&b);
}

/* A hundred at a time in one process, and nobody knows whose query is whose. */
static void what_cannot_be_told_is_a_root(void **state)
{
	struct bench b = { .config.sampling_rate = 1 };

	(void)state;
	begin(&b);
	for (uint16_t i = 0; i < 100; i++) {
		struct span query = seen(SPAN_KIND_CLIENT, "query", 20, 7000 + i, 5432, 10, 20);
		struct span request = seen(SPAN_KIND_SERVER, "app in", 20, 8000 + i, 3000, 1, 90);

		request.seen.request = i + 1;
		add(&b, &query, "shop", 0);
		add(&b, &request, "shop", 0);
	}
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.count, 200);
	for (size_t i = 0; i < b.count; i++)
		assert_int_equal(b.collected[i]->span_count, 1);
	end(&b);
}

/* One connection, one request after the other: each end finds its own. */
static void keep_alive_is_told_apart_by_time(void **state)
{
	struct bench b = { .config.sampling_rate = 1 };

	(void)state;
	begin(&b);
	for (uint64_t i = 0; i < 50; i++) {
		struct span server = seen(SPAN_KIND_SERVER, "in", 20, 6000, 3000, 10 * i + 2,
					  10 * i + 5);
		struct span client = seen(SPAN_KIND_CLIENT, "out", 10, 6000, 3000, 10 * i + 1,
					  10 * i + 6);

		add(&b, &server, "b", 0);
		/* one client's record was lost: its server stays a root */
		if (i != 25)
			add(&b, &client, "a", 0);
	}
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.count, 50);
	for (size_t i = 0; i < b.count; i++) {
		const struct trace *trace = b.collected[i];

		assert_int_equal(trace->span_count, i == 25 ? 1 : 2);
		if (i != 25)
			assert_true(find(trace, "in")->start_ns == find(trace, "out")->start_ns +
				    MS);
	}
	end(&b);
}

/*
 * A client's clock was read when its send had returned: the other end may have begun, and ended,
 * before. The place in the connection's stream tells who belongs to whom.
 */
static void ends_are_told_by_their_place_in_the_stream(void **state)
{
	struct bench b = { .config.sampling_rate = 1 };

	(void)state;
	begin(&b);
	for (uint32_t i = 0; i < 50; i++) {
		struct span server = seen(SPAN_KIND_SERVER, "in", 20, 6000, 3000, 10 * i + 2,
					  10 * i + 5);
		struct span client = seen(SPAN_KIND_CLIENT, "out", 10, 6000, 3000, 10 * i + 6,
					  10 * i + 15);

		server.seen.sequenced = client.seen.sequenced = true;
		server.seen.sequence = client.seen.sequence = UINT32_MAX - 1000 + 100 * i;
		/* of those that it does not fit the time would tell the next one */
		if (i == 25)
			client.seen.sequence += 7;
		add(&b, &client, "a", 0);
		add(&b, &server, "b", 0);
	}
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.count, 51);
	for (size_t i = 0; i < b.count; i++) {
		const struct trace *trace = b.collected[i];

		if (trace->span_count == 1)
			continue;
		assert_int_equal(find(trace, "in")->seen.sequence,
				 find(trace, "out")->seen.sequence);
		assert_true(find(trace, "out")->start_ns == find(trace, "in")->start_ns);
		assert_true(find(trace, "in")->parent_id == find(trace, "out")->span_id);
	}
	end(&b);
}

/* Its handler goes on for long after its last query. */
static void a_trace_waits_for_the_request_it_is_made_in(void **state)
{
	struct bench b = { .config.sampling_rate = 1 };
	struct span in = seen(SPAN_KIND_SERVER, "in", 20, 6000, 3000, 1, 30000);
	struct span out = seen(SPAN_KIND_CLIENT, "query", 20, 7000, 5432, 10, 20);

	(void)state;
	in.seen.request = out.seen.within = 1;
	begin(&b);
	add(&b, &out, "shop", 0);
	assert_int_equal(traces__tick(b.traces, 29 * NSEC_PER_SEC), 0);
	assert_int_equal(b.count, 0);
	add(&b, &in, "shop", 30 * NSEC_PER_SEC);
	assert_int_equal(traces__tick(b.traces, 33 * NSEC_PER_SEC), 0);
	assert_int_equal(b.count, 1);
	assert_int_equal(b.collected[0]->span_count, 2);
	/* its record may be lost */
	out.seen.within = 2;
	add(&b, &out, "shop", 40 * NSEC_PER_SEC);
	assert_int_equal(traces__tick(b.traces, 161 * NSEC_PER_SEC), 0);
	assert_int_equal(b.count, 2);
	end(&b);
}

static void what_is_under_way_at_the_end_is_no_trace(void **state)
{
	struct bench b = { .config.sampling_rate = 1 };
	struct span in = seen(SPAN_KIND_SERVER, "in", 20, 6000, 3000, 1, 30);
	struct span out = seen(SPAN_KIND_CLIENT, "query", 20, 7000, 5432, 10, 20);

	(void)state;
	in.seen.request = out.seen.within = 1;
	in.unfinished = true;
	begin(&b);
	add(&b, &out, "shop", 0);
	add(&b, &in, "shop", 0);
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.count, 0);
	assert_int_equal(traces__counter(b.traces, TRACES_UNFINISHED), 1);
	assert_int_equal(traces__counter(b.traces, TRACES_OBSERVED), 0);
	end(&b);
}

static void loopback_of_another_namespace(void **state)
{
	struct bench b = { .config.sampling_rate = 1 };
	struct span server = seen(SPAN_KIND_SERVER, "in", 20, 6000, 3000, 2, 5);
	struct span client = seen(SPAN_KIND_CLIENT, "out", 10, 6000, 3000, 1, 6);

	(void)state;
	server.seen.network = 2;
	begin(&b);
	add(&b, &server, "b", 0);
	add(&b, &client, "a", 0);
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.count, 2);
	end(&b);
}

/* An SDK in the process has begun a trace of its own: the header says more than the thread. */
static void a_context_of_its_own_stays(void **state)
{
	struct bench b = { .config.sampling_rate = 1 };
	struct span in = seen(SPAN_KIND_SERVER, "in", 20, 6000, 3000, 1, 90);
	struct span out = seen(SPAN_KIND_CLIENT, "out", 20, 7000, 80, 10, 20);

	(void)state;
	in.seen.request = 1;
	in.seen.carried_trace = (struct trace_id){ 1, 1 };
	out.seen.within = 1;
	out.seen.carried_trace = (struct trace_id){ 2, 2 };
	in.seen.carried_flags = out.seen.carried_flags = 1;
	begin(&b);
	add(&b, &out, "shop", 0);
	add(&b, &in, "shop", 0);
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.count, 2);
	end(&b);
}

static void a_caller_decided_against_it(void **state)
{
	struct bench b = { .config.sampling_rate = 1 };
	struct span in = seen(SPAN_KIND_SERVER, "in", 20, 6000, 3000, 1, 90);

	(void)state;
	in.seen.carried_trace = (struct trace_id){ 1, 1 };
	begin(&b);
	add(&b, &in, "shop", 0);
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.count, 0);
	assert_int_equal(traces__counter(b.traces, TRACES_OBSERVED), 1);
	assert_int_equal(traces__counter(b.traces, TRACES_UNSAMPLED), 1);
	end(&b);
}

static void sampling_goes_by_the_id(void **state)
{
	size_t sampled = 0;

	(void)state;
	for (uint64_t i = 0; i < 10000; i++) {
		struct trace_id id = { random_id(), random_id() };

		sampled += trace_id_sampled(&id, 0.25);
		assert_true(trace_id_sampled(&id, 1));
		assert_false(trace_id_sampled(&id, 0));
		/* who is in at a low rate is in at every higher one */
		assert_true(!trace_id_sampled(&id, 0.25) || trace_id_sampled(&id, 0.5));
	}
	/* six standard deviations */
	assert_in_range(sampled, 2240, 2760);
	/* the W3C's threshold: a quarter is what is at least 0xc0000000000000 */
	assert_true(trace_id_sampled(&(struct trace_id){ 0, 0xffc0000000000000 }, 0.25));
	assert_false(trace_id_sampled(&(struct trace_id){ 0, 0xffbfffffffffffff }, 0.25));
}

static void errors_are_kept_when_asked(void **state)
{
	struct bench b = { .config = { .sampling_rate = 0, .keep_errors = true } };
	struct span good = received(1, 1, 0, 5), bad = received(2, 2, 0, 5);

	(void)state;
	bad.status = SPAN_STATUS_ERROR;
	begin(&b);
	add(&b, &good, "a", 0);
	add(&b, &bad, "a", 0);
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.count, 1);
	assert_int_equal(b.collected[0]->errors, 1);
	assert_int_equal(traces__counter(b.traces, TRACES_OBSERVED), 2);
	assert_int_equal(traces__counter(b.traces, TRACES_KEPT_FOR_ERRORS), 1);
	end(&b);
}

static void services_and_operations_choose(void **state)
{
	static const char *const patterns[] = { "db.*" };
	struct bench b = { .config = { .sampling_rate = 1, .service = "shop",
				       .operations = patterns, .operation_count = 1 } };
	struct span root = received(1, 1, 0, 5), query = received(1, 2, 1, 2);
	struct span plain = received(2, 3, 0, 5), other = received(3, 4, 0, 5);
	struct buf attributes = BUF_INIT;

	(void)state;
	attribute_string(&attributes, "db.system", "postgresql");
	query.attributes = (struct bytes){ attributes.data, attributes.length };
	other.attributes = query.attributes;
	begin(&b);
	add(&b, &root, "web", 0);
	add(&b, &query, "shop", 0);
	add(&b, &plain, "shop", 0);
	add(&b, &other, "web", 0);
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.count, 1);
	assert_int_equal(b.collected[0]->span_count, 2);
	assert_int_equal(traces__counter(b.traces, TRACES_OTHER_SERVICE), 1);
	assert_int_equal(traces__counter(b.traces, TRACES_OTHER_OPERATION), 1);
	buf__free(&attributes);
	end(&b);
}

static void late_spans_find_their_trace(void **state)
{
	struct bench b = { .config.sampling_rate = 1 };
	struct span root = received(1, 1, 0, 5), child = received(1, 2, 1, 2);

	(void)state;
	begin(&b);
	add(&b, &root, "a", 0);
	assert_int_equal(traces__tick(b.traces, 9 * NSEC_PER_SEC), 0);
	assert_int_equal(b.count, 0);
	assert_int_equal(traces__tick(b.traces, 10 * NSEC_PER_SEC), 0);
	assert_int_equal(b.count, 1);
	add(&b, &child, "a", 11 * NSEC_PER_SEC);
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.count, 1);
	assert_int_equal(b.late, 1);
	assert_int_equal(traces__counter(b.traces, TRACES_LATE_SPANS), 1);
	end(&b);
}

static void memory_is_bounded(void **state)
{
	struct bench b = { .config = { .sampling_rate = 1, .size_max = 20000 } };

	(void)state;
	begin(&b);
	for (uint64_t i = 1; i <= 200; i++) {
		struct span span = received(i, i, 0, 1);

		add(&b, &span, "a", i);
		assert_true(traces__open(b.traces) < 60);
	}
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.count, 200);
	assert_true(traces__counter(b.traces, TRACES_CLOSED_EARLY) > 100);
	end(&b);
}

static void what_was_sent_twice_is_there_once(void **state)
{
	struct bench b = { .config.sampling_rate = 1 };
	struct span root = received(1, 1, 0, 5);

	(void)state;
	begin(&b);
	add(&b, &root, "a", 0);
	add(&b, &root, "a", 0);
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.collected[0]->span_count, 1);
	assert_int_equal(traces__counter(b.traces, TRACES_DUPLICATE_SPANS), 1);
	end(&b);
}

static void circles_have_a_root(void **state)
{
	struct bench b = { .config.sampling_rate = 1 };
	struct span a = received(1, 1, 2, 5), c = received(1, 2, 1, 7), self = received(1, 3, 3, 9);
	struct trace_row *rows;

	(void)state;
	begin(&b);
	add(&b, &a, "a", 0);
	add(&b, &c, "a", 0);
	add(&b, &self, "a", 0);
	assert_int_equal(traces__finish(b.traces), 0);
	assert_int_equal(b.collected[0]->root->span_id, 3);
	rows = trace__rows(b.collected[0]);
	assert_non_null(rows);
	assert_int_equal(rows[0].span->span_id, 3);
	assert_true(rows[1].span != rows[2].span);
	free(rows);
	end(&b);
}

static void percentiles_are_exact(void **state)
{
	struct trace_run *run = trace_run__new(NULL, 1, 3);
	struct duration_figures figures;
	struct resource *resource = service("a");

	(void)state;
	assert_non_null(run);
	for (uint64_t i = 1; i <= 100; i++) {
		struct span from = received(i, i, 0, i * 37 % 101);
		struct trace *trace = calloc(1, sizeof(*trace));
		bool taken;

		assert_non_null(trace);
		from.resource = resource;
		trace->spans = trace->root = span__new(&from);
		trace->span_count = 1;
		trace->errors = i == 1;
		assert_int_equal(trace_run__add(run, trace, &taken), 0);
		if (!taken)
			trace__free(trace);
	}
	/* 1 to 100 ms, each once: numpy.percentile(range(1, 101), [50, 95, 99]) */
	assert_int_equal(trace_stats__figures(run->stats, &figures), 0);
	assert_true(fabs(figures.average / MS - 50.5) < 1e-9);
	assert_true(fabs(figures.p50 / MS - 50.5) < 1e-9);
	assert_true(fabs(figures.p95 / MS - 95.05) < 1e-9);
	assert_true(fabs(figures.p99 / MS - 99.01) < 1e-9);
	assert_int_equal(trace_stats__errors(run->stats), 1);
	trace_run__sort(run);
	assert_int_equal(run->slowest_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(trace__duration_ns(run->slowest[i]) == (100 - i) * MS);
	trace_run__free(run);
	resource__put(resource);
}

struct named {
	const char *name, *key, *value, *pattern;
	bool matches;
};

static void patterns_match(void **state)
{
	static const struct named known[] = {
		{ "GET /api/orders", NULL, NULL, "api.*", true },
		{ "GET /api/orders", NULL, NULL, "api.orders", true },
		{ "GET /api/orders/17", NULL, NULL, "api.orders.{id}", true },
		{ "GET /api/orders/17", NULL, NULL, "api.orders", true },
		{ "GET /api/orders/17", NULL, NULL, "GET /api/*", true },
		{ "GET /api/orders/17", NULL, NULL, "/api/orders/{id}", true },
		{ "GET /api/orders", NULL, NULL, "db.*", false },
		{ "GET /apix", NULL, NULL, "api.*", false },
		{ "GET", "http.target", "/api/orders?x=1", "api.orders", true },
		{ "GET", "url.full", "http://h:1/api/orders", "api.orders", true },
		{ "GET", "http.route", "/api/orders/:id", "api.orders", true },
		{ "api.checkout", NULL, NULL, "api.*", true },
		{ "pg.query:SELECT shop", "db.system", "postgresql", "db.query", true },
		{ "SELECT 1", "db.system.name", "postgresql", "db.postgresql", true },
		{ "GET", "db.system", "redis", "db.query", false },
		{ "GET", "db.system", "redis", "db.*", true },
		{ "x", "db.statement", "select 1", "db.select", false },
		{ "Cart/Add", "rpc.method", "Add", "rpc.*", true },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(known); i++) {
		struct buf attributes = BUF_INIT;
		struct span span = { .name = known[i].name, .source = SPAN_FROM_OTLP };

		if (known[i].key)
			attribute_string(&attributes, known[i].key, known[i].value);
		span.attributes = (struct bytes){ attributes.data, attributes.length };
		if (operation_matches(&span, known[i].pattern) != known[i].matches)
			fail_msg("%s, %s=%s and %s", known[i].name, known[i].key, known[i].value,
				 known[i].pattern);
		buf__free(&attributes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_of_an_id_are_a_trace),
		cmocka_unit_test(a_chain_without_headers),
		cmocka_unit_test(a_proxy_forwards_the_header),
		cmocka_unit_test(what_cannot_be_told_is_a_root),
		cmocka_unit_test(keep_alive_is_told_apart_by_time),
		cmocka_unit_test(ends_are_told_by_their_place_in_the_stream),
		cmocka_unit_test(a_trace_waits_for_the_request_it_is_made_in),
		cmocka_unit_test(what_is_under_way_at_the_end_is_no_trace),
		cmocka_unit_test(loopback_of_another_namespace),
		cmocka_unit_test(a_context_of_its_own_stays),
		cmocka_unit_test(a_caller_decided_against_it),
		cmocka_unit_test(sampling_goes_by_the_id),
		cmocka_unit_test(errors_are_kept_when_asked),
		cmocka_unit_test(services_and_operations_choose),
		cmocka_unit_test(late_spans_find_their_trace),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(what_was_sent_twice_is_there_once),
		cmocka_unit_test(circles_have_a_root),
		cmocka_unit_test(percentiles_are_exact),
		cmocka_unit_test(patterns_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
