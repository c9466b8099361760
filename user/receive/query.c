// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "receive/query.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/json_in.h"
#include "base/late_curl.h"
#include "base/units.h"

#define LIMIT 1000		/* traces of an answer */
#define ANSWER_MAX (16 << 20)
#define TIMEOUT_MS 10000L
#define WINDOW_MIN NSEC_PER_MSEC	/* is asked for as a whole */

struct asking {
	const struct query *query;
	struct spans_in *in;
	struct err *err;
	CURL *curl;
	char error[CURL_ERROR_SIZE];
	bool old;		/* it has no /api/v3 */
	struct buf body;
	bool too_large;
};

/* What on_span sees first, to know how many traces there are. */
struct counting {
	const struct asking *asking;
	struct hash *ids;
};

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct asking *a = context;
	size_t length = size * count;

	a->too_large = a->body.length + length > ANSWER_MAX;
	return a->too_large || buf__append(&a->body, data, length) ? 0 : length;
}

static void put_escaped(struct asking *a, struct buf *out, const char *text)
{
	char *escaped = curl_easy_escape(a->curl, text, 0);

	if (escaped)
		buf__puts(out, escaped);
	else
		out->error = -ENOMEM;
	curl_free(escaped);
}

/* RFC 3339, with nanoseconds. */
static void put_time(struct buf *out, uint64_t ns)
{
	time_t seconds = ns / NSEC_PER_SEC;
	char text[32];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf__printf(out, "%s.%09" PRIu64 "Z", text, (uint64_t)(ns % NSEC_PER_SEC));
}

static void make_url(struct asking *a, struct buf *url, uint64_t from, uint64_t to)
{
	size_t length = strlen(a->query->url);

	while (length && a->query->url[length - 1] == '/')
		length--;
	buf__append(url, a->query->url, length);
	if (a->old) {
		buf__puts(url, "/api/traces?service=");
		put_escaped(a, url, a->query->service);
		buf__printf(url, "&start=%" PRIu64 "&end=%" PRIu64 "&limit=%d",
			    (uint64_t)(from / NSEC_PER_USEC), (uint64_t)(to / NSEC_PER_USEC),
			    LIMIT);
		return;
	}
	buf__puts(url, "/api/v3/traces?query.service_name=");
	put_escaped(a, url, a->query->service);
	buf__puts(url, "&query.start_time_min=");
	put_time(url, from);
	buf__puts(url, "&query.start_time_max=");
	put_time(url, to);
	buf__printf(url, "&query.search_depth=%d&query.num_traces=%d", LIMIT, LIMIT);
}

/* The status, or 0 and *e. */
static long get(struct asking *a, const char *url)
{
	long status = 0;
	CURLcode code;

	buf__truncate(&a->body, 0);
	a->too_large = false;
	*a->error = '\0';
	curl_easy_setopt(a->curl, CURLOPT_URL, url);
	code = curl_easy_perform(a->curl);
	if (code != CURLE_OK && !a->too_large) {
		err__set(a->err, ERR_IO, -EIO, "%s does not answer: %s", a->query->url,
			 *a->error ? a->error : curl_easy_strerror(code));
		err__hint(a->err, "--query-url says where Jaeger's page is");
		return 0;
	}
	curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static int count_trace(const struct span *span, void *context)
{
	struct counting *c = context;

	return hash__set(c->ids, span->trace_id.high, span->trace_id.low, c);
}

/* How many traces an answer has, or -errno. */
static int count_traces(struct asking *a, int (*read)(const void *, size_t, struct spans_in *))
{
	struct counting counting = { .asking = a, .ids = hash__new() };
	struct spans_in in = { .on_span = count_trace, .context = &counting };
	int err;

	if (!counting.ids)
		return -ENOMEM;
	err = read(a->body.data, a->body.length, &in);
	if (!err)
		err = hash__count(counting.ids);
	hash__free(counting.ids);
	return err;
}

static int ask(struct asking *a, uint64_t from, uint64_t to)
{
	struct buf url = BUF_INIT;
	long status = 0;

	make_url(a, &url, from, to);
	if (!url.error)
		status = get(a, url.data);
	if (status == 404 && !a->old) {
		a->old = true;
		buf__truncate(&url, 0);
		make_url(a, &url, from, to);
		status = url.error ? 0 : get(a, url.data);
	}
	buf__free(&url);
	if (a->too_large)
		return 0;
	if (status && status != 200)
		err__set(a->err, ERR_IO, -EIO, "%s answers %ld", a->query->url, status);
	return status == 200 ? 0 : err__set(a->err, ERR_INTERNAL, -ENOMEM, "out of memory");
}

static int read_window(struct asking *a, uint64_t from, uint64_t to)
{
	int (*read)(const void *, size_t, struct spans_in *);
	int traces, err = ask(a, from, to);

	if (err)
		return err;
	read = a->old ? jaeger_json__read : jaeger_v3__read;
	traces = a->too_large ? LIMIT : count_traces(a, read);
	if (traces >= LIMIT && to - from > WINDOW_MIN) {
		uint64_t middle = from + (to - from) / 2;

		err = read_window(a, from, middle);
		return err ? err : read_window(a, middle, to);
	}
	if (traces >= 0 && !a->too_large)
		err = read(a->body.data, a->body.length, a->in);
	else
		err = traces < 0 ? traces : -EFBIG;
	if (err)
		err__set(a->err, err == -ENOMEM ? ERR_INTERNAL : ERR_IO, err,
			 "what %s answers cannot be read", a->query->url);
	return err;
}

int query__run(const struct query *query, struct spans_in *in, struct err *e)
{
	struct asking a = { .query = query, .in = in, .err = e };
	int err;

	if (!late_curl())
		return err__set(e, ERR_INTERNAL, -ELIBACC, "libcurl cannot be loaded: it asks Jaeger");
	a.curl = curl_easy_init();
	if (!a.curl)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	curl_easy_setopt(a.curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(a.curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(a.curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(a.curl, CURLOPT_USERAGENT, "ppbpf/" PPBPF_VERSION);
	curl_easy_setopt(a.curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(a.curl, CURLOPT_WRITEDATA, &a);
	curl_easy_setopt(a.curl, CURLOPT_ERRORBUFFER, a.error);
	err = read_window(&a, query->from_ns, query->to_ns);
	curl_easy_cleanup(a.curl);
	buf__free(&a.body);
	return err;
}

/* {"result": TracesData}, once or, as it streams, several times. */
static int read_result(struct json_in *json, struct spans_in *in)
{
	struct json_key key;
	const char *begin;
	int err = 0;

	json_in__object(json);
	while (!err && json_in__key(json, &key)) {
		if (!json_key_is(&key, "result")) {
			json_in__skip(json);
			continue;
		}
		begin = json->at;
		json_in__skip(json);
		if (!json->error)
			err = otlp_json__read(begin, json->at - begin, in);
	}
	return err ? err : json->error;
}

int jaeger_v3__read(const void *body, size_t length, struct spans_in *in)
{
	struct json_in json;
	int err = 0;

	json_in__begin(&json, body, length);
	while (!err && json_in__type(&json) == JSON_IN_OBJECT)
		err = read_result(&json, in);
	return err ? err : json_in__finish(&json);
}
