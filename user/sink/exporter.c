// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/exporter.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/cond.h"
#include "base/late_curl.h"
#include "base/text.h"
#include "base/wire.h"
#include "model/otlp.h"
#include "sink/jaeger_thrift.h"
#include "sink/otlp_group.h"
#include "sink/otlp_proto.h"

#define BATCH_SPANS 512
#define BATCH_BYTES (512 * 1024)
/* Of all that waits: what comes beyond is lost, and counted. */
#define SPOOL_BYTES (8 << 20)
#define OPEN_MAX 16		/* batches that are being filled: a process each, for Jaeger */
#define AGE_SECONDS 1		/* of a batch that is sent although it is not full */
#define TIMEOUT_MS 10000L
#define TRIES 5
#define WAIT_MAX_MS 30000
#define ANSWER_MAX 4096

struct batch {
	struct batch *next;
	struct buf process;	/* of Jaeger's */
	struct buf spans;
	size_t count;
	time_t since;
};

struct exporter {
	struct exporter_config config;
	char *url;
	CURL *curl;
	struct curl_slist *headers, *packed_headers;
	bool compress;
	pthread_t thread;
	bool thread_started;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct batch open[OPEN_MAX];	/* those without spans are free */
	struct batch *first, **last;	/* full ones */
	size_t waiting_bytes;
	bool flushing, busy, ended;
	struct timespec deadline;	/* of a flush */
	struct exporter_report report;
};

/* What came back. */
struct answer {
	char body[ANSWER_MAX];
	size_t length;
	char error[CURL_ERROR_SIZE];
	long status;
	long retry_after;
};

static time_t now_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* --- batches --------------------------------------------------------------------- */

static void free_batch(struct batch *batch)
{
	buf__free(&batch->process);
	buf__free(&batch->spans);
	free(batch);
}

/* Moves an open batch to those that wait to be sent; without room for it, it is lost. */
static void close_batch(struct exporter *x, struct batch *open)
{
	struct batch *batch = malloc(sizeof(*batch));

	if (!open->count) {
		free(batch);
		return;
	}
	if (!batch || open->spans.error || x->waiting_bytes + open->spans.length > SPOOL_BYTES) {
		x->report.lost += open->count;
		buf__free(&open->process);
		buf__free(&open->spans);
		free(batch);
	} else {
		*batch = *open;
		batch->next = NULL;
		*x->last = batch;
		x->last = &batch->next;
		x->waiting_bytes += batch->spans.length;
		pthread_cond_broadcast(&x->changed);
	}
	*open = (struct batch){ 0 };
}

/* The batch for spans of a process. OTLP's take those of all. */
static struct batch *open_for(struct exporter *x, const struct buf *process)
{
	struct batch *oldest = &x->open[0];

	for (size_t i = 0; i < OPEN_MAX; i++) {
		struct batch *batch = &x->open[i];

		if (batch->count && batch->process.length == process->length &&
		    !memcmp(buf__str(&batch->process), buf__str(process), process->length))
			return batch;
	}
	for (size_t i = 0; i < OPEN_MAX; i++) {
		if (!x->open[i].count) {
			oldest = &x->open[i];
			break;
		}
		if (x->open[i].since < oldest->since)
			oldest = &x->open[i];
	}
	close_batch(x, oldest);
	oldest->since = now_seconds();
	buf__append(&oldest->process, process->data, process->length);
	return oldest;
}

static void close_full(struct exporter *x, struct batch *batch)
{
	if (batch->count >= BATCH_SPANS || batch->spans.length >= BATCH_BYTES)
		close_batch(x, batch);
}

static int add_otlp(struct exporter *x, const struct span *spans)
{
	const struct buf nobody = BUF_INIT;
	struct batch *batch = open_for(x, &nobody);
	int err = otlp_proto__append(&batch->spans, spans);

	for (const struct span *s = spans; s; s = s->next)
		batch->count++;
	close_full(x, batch);
	return err;
}

static int add_jaeger(struct exporter *x, const struct span *spans)
{
	for (const struct span *s = spans; s; s = s->next) {
		struct buf process = BUF_INIT;
		struct batch *batch;

		/* it came from there */
		if (s->source == SPAN_FROM_QUERY)
			continue;
		jaeger_process(&process, s->resource);
		batch = open_for(x, &process);
		jaeger_span(&batch->spans, s);
		batch->count++;
		close_full(x, batch);
		buf__free(&process);
	}
	return 0;
}

int exporter__add(struct exporter *x, const struct span *spans)
{
	int err;

	pthread_mutex_lock(&x->lock);
	err = x->config.protocol == EXPORT_OTLP ? add_otlp(x, spans) : add_jaeger(x, spans);
	pthread_mutex_unlock(&x->lock);
	return err;
}

/* --- one request ------------------------------------------------------------------ */

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct answer *answer = context;
	size_t room = sizeof(answer->body) - answer->length, length = size * count;

	if (length < room)
		room = length;
	memcpy(answer->body + answer->length, data, room);
	answer->length += room;
	return length;	/* the rest is of no interest */
}

static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total,
		       curl_off_t up)
{
	struct exporter *x = context;
	bool ended;

	(void)total, (void)now, (void)up_total, (void)up;
	pthread_mutex_lock(&x->lock);
	ended = x->ended;
	pthread_mutex_unlock(&x->lock);
	return ended;
}

static int pack(const struct buf *body, struct buf *out)
{
	z_stream z = { .next_in = (Bytef *)body->data, .avail_in = body->length };
	int err;

	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		return -ENOMEM;
	err = buf__reserve(out, deflateBound(&z, body->length));
	if (!err) {
		z.next_out = (Bytef *)out->data;
		z.avail_out = out->capacity - 1;
		err = deflate(&z, Z_FINISH) == Z_STREAM_END ? 0 : -ENOMEM;
		out->length = z.total_out;
	}
	deflateEnd(&z);
	return err;
}

static void post(struct exporter *x, const struct buf *body, bool packed, struct answer *answer)
{
	curl_off_t retry = 0;

	*answer = (struct answer){ 0 };
	curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, packed ? x->packed_headers : x->headers);
	curl_easy_setopt(x->curl, CURLOPT_POSTFIELDS, buf__str(body));
	curl_easy_setopt(x->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->length);
	curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(x->curl, CURLOPT_ERRORBUFFER, answer->error);
	if (curl_easy_perform(x->curl) != CURLE_OK) {
		if (!*answer->error)
			text_copy(answer->error, sizeof(answer->error), "no answer");
		return;
	}
	curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &answer->status);
	curl_easy_getinfo(x->curl, CURLINFO_RETRY_AFTER, &retry);
	answer->retry_after = retry;
	if (answer->status / 100 != 2)
		snprintf(answer->error, sizeof(answer->error), "answered %ld", answer->status);
}

/* Spans that the backend has not taken, by its own word. */
static uint64_t rejected_in(const struct answer *answer)
{
	struct wire message = wire__of(answer->body, answer->length), partial;
	struct wire_field field;

	while (wire__next(&message, &field) > 0) {
		if (field.number != RESPONSE_PARTIAL_SUCCESS || field.type != WIRE_BYTES)
			continue;
		partial = wire__within(&field);
		while (wire__next(&partial, &field) > 0)
			if (field.number == PARTIAL_REJECTED && field.type == WIRE_VARINT)
				return field.value;
	}
	return 0;
}

static bool may_retry(const struct answer *answer)
{
	switch (answer->status) {
	case 0: /* nobody there, or no answer */
	case 429:
	case 502:
	case 503:
	case 504:
		return true;
	default:
		return false;
	}
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* Before another try. False: the time is up. */
static bool wait_ms(struct exporter *x, long ms)
{
	struct timespec until, now;
	bool may;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&x->lock);
	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		/* a flush that ends before the next try leaves none */
		may = !x->ended && !(x->flushing && is_before(&x->deadline, &until));
		if (!may || !is_before(&now, &until))
			break;
		pthread_cond_timedwait(&x->changed, &x->lock, &until);
	}
	pthread_mutex_unlock(&x->lock);
	return may;
}

static void make_body(const struct exporter *x, const struct batch *batch, struct buf *body)
{
	if (x->config.protocol == EXPORT_OTLP)
		buf__append(body, batch->spans.data, batch->spans.length);
	else
		jaeger_batch(body, &batch->process, &batch->spans, batch->count);
}

/* Until it is taken, refused, or given up. */
static void send_batch(struct exporter *x, const struct batch *batch, struct answer *answer)
{
	struct buf body = BUF_INIT, packed = BUF_INIT;
	long wait = 500;

	make_body(x, batch, &body);
	for (int i = 0; i < TRIES; i++) {
		bool as_packed = x->compress && (packed.length || !pack(&body, &packed));

		post(x, as_packed ? &packed : &body, as_packed, answer);
		if (as_packed && (answer->status == 400 || answer->status == 415)) {
			/* not every backend reads what is compressed: from now on it is not */
			x->compress = false;
			continue;
		}
		if (!may_retry(answer) || i + 1 == TRIES)
			break;
		if (answer->retry_after > 0)
			wait = answer->retry_after * 1000;
		if (!wait_ms(x, wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS))
			break;
		wait *= 2;
	}
	buf__free(&body);
	buf__free(&packed);
}

/* --- the thread ------------------------------------------------------------------- */

/* The next batch that is due, or NULL at the end. With the lock held. */
static struct batch *next_batch(struct exporter *x)
{
	struct timespec until;
	struct batch *batch;

	while (!x->ended) {
		for (size_t i = 0; !x->first && i < OPEN_MAX; i++)
			if (x->open[i].count &&
			    (x->flushing || now_seconds() > x->open[i].since + AGE_SECONDS))
				close_batch(x, &x->open[i]);
		batch = x->first;
		if (batch) {
			x->first = batch->next;
			if (!x->first)
				x->last = &x->first;
			return batch;
		}
		x->busy = false;
		pthread_cond_broadcast(&x->changed);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += AGE_SECONDS;
		pthread_cond_timedwait(&x->changed, &x->lock, &until);
	}
	return NULL;
}

static void count_answer(struct exporter *x, const struct batch *batch,
			 const struct answer *answer)
{
	uint64_t rejected = 0;

	if (answer->status / 100 == 2) {
		if (x->config.protocol == EXPORT_OTLP)
			rejected = rejected_in(answer);
		if (rejected > batch->count)
			rejected = batch->count;
		x->report.rejected += rejected;
		x->report.spans += batch->count - rejected;
		return;
	}
	/* it has said no, or never answered */
	if (answer->status)
		x->report.rejected += batch->count;
	else
		x->report.lost += batch->count;
	text_copy(x->report.error, sizeof(x->report.error), answer->error);
}

static void *run(void *context)
{
	struct exporter *x = context;
	struct answer answer;
	struct batch *batch;

	pthread_mutex_lock(&x->lock);
	while ((batch = next_batch(x))) {
		x->busy = true;
		pthread_mutex_unlock(&x->lock);
		send_batch(x, batch, &answer);
		pthread_mutex_lock(&x->lock);
		x->waiting_bytes -= batch->spans.length;
		count_answer(x, batch, &answer);
		free_batch(batch);
	}
	pthread_mutex_unlock(&x->lock);
	return NULL;
}

void exporter__flush(struct exporter *x, unsigned int seconds)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&x->lock);
	for (size_t i = 0; i < OPEN_MAX; i++)
		close_batch(x, &x->open[i]);
	x->deadline = until;
	x->flushing = true;
	pthread_cond_broadcast(&x->changed);
	while ((x->first || x->busy) &&
	       pthread_cond_timedwait(&x->changed, &x->lock, &until) != ETIMEDOUT)
		;
	/* what is still there now will not be sent */
	x->ended = true;
	pthread_cond_broadcast(&x->changed);
	pthread_mutex_unlock(&x->lock);
	if (x->thread_started)
		pthread_join(x->thread, NULL);
	x->thread_started = false;
	for (struct batch *batch = x->first; batch; batch = batch->next)
		x->report.lost += batch->count;
}

void exporter__report(struct exporter *x, struct exporter_report *report)
{
	pthread_mutex_lock(&x->lock);
	*report = x->report;
	pthread_mutex_unlock(&x->lock);
}

const char *exporter__url(const struct exporter *x)
{
	return x->url;
}

/* --- */

/* OTLP's base URL stands for its path, as in OTEL_EXPORTER_OTLP_ENDPOINT. */
static char *full_url(const struct exporter_config *config)
{
	const char *rest = strstr(config->url, "://"), *path;
	struct buf url = BUF_INIT;

	path = strchr(rest ? rest + 3 : config->url, '/');
	buf__puts(&url, config->url);
	if (config->protocol == EXPORT_OTLP && (!path || !path[1]))
		buf__puts(&url, path ? "v1/traces" : "/v1/traces");
	return buf__take(&url, NULL);
}

static int add_header(struct curl_slist **list, const char *header)
{
	struct curl_slist *longer = curl_slist_append(*list, header);

	if (!longer)
		return -ENOMEM;
	*list = longer;
	return 0;
}

static int make_headers(struct exporter *x, struct curl_slist **list, bool packed)
{
	int err = add_header(list, x->config.protocol == EXPORT_OTLP ?
				   "Content-Type: application/x-protobuf" :
				   "Content-Type: application/x-thrift");

	/* a batch is small: no asking beforehand */
	if (!err)
		err = add_header(list, "Expect:");
	if (!err && packed)
		err = add_header(list, "Content-Encoding: gzip");
	for (size_t i = 0; !err && i < x->config.header_count; i++)
		err = add_header(list, x->config.headers[i]);
	return err;
}

static int prepare_curl(struct exporter *x)
{
	if (!late_curl())
		return -ELIBACC;
	x->curl = curl_easy_init();
	if (!x->curl || make_headers(x, &x->headers, false) ||
	    make_headers(x, &x->packed_headers, true))
		return -ENOMEM;
	curl_easy_setopt(x->curl, CURLOPT_URL, x->url);
	curl_easy_setopt(x->curl, CURLOPT_USERAGENT, "ppbpf/" PPBPF_VERSION);
	curl_easy_setopt(x->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(x->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(x->curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(x->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(x->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(x->curl, CURLOPT_XFERINFODATA, x);
	return 0;
}

static void init_lock(struct exporter *x)
{
	pthread_mutex_init(&x->lock, NULL);
	cond_init_monotonic(&x->changed);
}

struct exporter *exporter__new(const struct exporter_config *config)
{
	struct exporter *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->config = *config;
	x->compress = config->compress;
	x->last = &x->first;
	init_lock(x);
	x->url = full_url(config);
	x->thread_started = x->url && !prepare_curl(x) &&
			    !pthread_create(&x->thread, NULL, run, x);
	if (x->thread_started)
		return x;
	exporter__free(x);
	return NULL;
}

void exporter__free(struct exporter *x)
{
	struct batch *batch;

	if (!x)
		return;
	pthread_mutex_lock(&x->lock);
	x->ended = true;
	pthread_cond_broadcast(&x->changed);
	pthread_mutex_unlock(&x->lock);
	if (x->thread_started)
		pthread_join(x->thread, NULL);
	while ((batch = x->first)) {
		x->first = batch->next;
		free_batch(batch);
	}
	for (size_t i = 0; i < OPEN_MAX; i++) {
		buf__free(&x->open[i].process);
		buf__free(&x->open[i].spans);
	}
	curl_slist_free_all(x->headers);
	curl_slist_free_all(x->packed_headers);
	curl_easy_cleanup(x->curl);
	pthread_cond_destroy(&x->changed);
	pthread_mutex_destroy(&x->lock);
	free(x->url);
	free(x);
}
