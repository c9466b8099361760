// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/trace_join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* Of the other ends that wait on a connection, the latest so many are looked at. */
#define SCAN_MAX 256

enum wait { WAIT_OTHER_END, WAIT_OUTER };

struct joiner {
	struct hash *ends;	/* spans that wait for the other end: the latest of a connection */
	struct hash *outer;	/* made in the work of a request that is not known yet: likewise */
	struct hash *requests;	/* that came in, by their number */
};

struct join_key {
	uint64_t a, b;
};

struct joiner *joiner__new(void)
{
	struct joiner *joiner = calloc(1, sizeof(*joiner));

	if (!joiner)
		return NULL;
	joiner->ends = hash__new();
	joiner->outer = hash__new();
	joiner->requests = hash__new();
	if (joiner->ends && joiner->outer && joiner->requests)
		return joiner;
	joiner__free(joiner);
	return NULL;
}

void joiner__free(struct joiner *joiner)
{
	if (!joiner)
		return;
	hash__free(joiner->ends);
	hash__free(joiner->outer);
	hash__free(joiner->requests);
	free(joiner);
}

static bool is_loopback(const struct span_endpoint *end)
{
	static const uint8_t v4[13] = { [10] = 0xff, [11] = 0xff, [12] = 127 };
	static const uint8_t v6[16] = { [15] = 1 };

	return !memcmp(end->address, v4, sizeof(v4)) || !memcmp(end->address, v6, sizeof(v6));
}

/* The namespace tells connections apart only where addresses do not. */
static uint64_t network_of(const struct span_seen *seen)
{
	return is_loopback(&seen->local) ? seen->network : 0;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 32;
}

static uint64_t end_hash(const struct span_endpoint *end, uint64_t seed)
{
	uint64_t words[sizeof(end->address) / sizeof(uint64_t)];

	memcpy(words, end->address, sizeof(words));
	return mix(mix(mix(seed, words[0]), words[1]), end->port);
}

/* The same at both ends but for the role. */
static struct join_key connection_key(const struct span_seen *seen, bool is_server)
{
	uint64_t network = network_of(seen);

	return (struct join_key){
		.a = end_hash(&seen->local, 0xcbf29ce484222325) +
		     end_hash(&seen->peer, 0xcbf29ce484222325) + seen->socket_id,
		.b = (mix(end_hash(&seen->local, 0x84222325cbf29ce4) ^
			  end_hash(&seen->peer, 0x84222325cbf29ce4), network) &
		      ~1ULL) | is_server,
	};
}

static bool is_server(const struct span *span)
{
	return span->kind == SPAN_KIND_SERVER;
}

static bool same_connection(const struct span_seen *a, const struct span_seen *b)
{
	return a->socket_id == b->socket_id && network_of(a) == network_of(b) &&
	       a->local.port == b->peer.port && a->peer.port == b->local.port &&
	       !memcmp(a->local.address, b->peer.address, sizeof(a->local.address)) &&
	       !memcmp(a->peer.address, b->local.address, sizeof(a->local.address));
}

static int wait_for(struct hash *hash, struct join_key key, struct span *span, enum wait wait)
{
	struct span *latest = hash__get(hash, key.a, key.b);
	int err = hash__set(hash, key.a, key.b, span);

	if (err)
		return err;
	span->waits[wait] = (struct span_wait){ .older = latest, .waits = true };
	if (latest)
		latest->waits[wait].newer = span;
	return 0;
}

static void wait_no_more(struct hash *hash, struct join_key key, struct span *span, enum wait wait)
{
	struct span_wait *w = &span->waits[wait];

	if (!w->waits)
		return;
	if (w->older)
		w->older->waits[wait].newer = w->newer;
	if (w->newer)
		w->newer->waits[wait].older = w->older;
	else if (w->older)
		hash__set(hash, key.a, key.b, w->older); /* replaces, and so cannot fail */
	else
		hash__remove(hash, key.a, key.b);
	*w = (struct span_wait){ 0 };
}

/*
 * By the request's place in the connection's stream. Where that is not known, a server is at
 * work while its client waits: which of the two begins first the clocks do not tell, as they
 * are read when a send has returned, and by then the other end may be at it. Several fit where
 * requests are pipelined: they are served in the order in which they were sent.
 */
static bool ends_fit(const struct span *a, const struct span *b)
{
	if (!same_connection(&a->seen, &b->seen))
		return false;
	if (a->seen.sequenced && b->seen.sequenced)
		return a->seen.sequence == b->seen.sequence;
	return a->start_ns <= b->end_ns && b->start_ns <= a->end_ns;
}

static struct span *other_end(const struct joiner *joiner, const struct span *span)
{
	struct join_key key = connection_key(&span->seen, !is_server(span));
	struct span *at = hash__get(joiner->ends, key.a, key.b), *found = NULL;

	for (int i = 0; at && i < SCAN_MAX; i++, at = at->waits[WAIT_OTHER_END].older)
		if (ends_fit(span, at) && (!found || at->start_ns <= found->start_ns))
			found = at;
	return found;
}

static void match(struct span *client, struct span *server)
{
	server->parent_id = client->span_id;
	/* it had been sent when it arrived */
	if (client->start_ns > server->start_ns)
		client->start_ns = server->start_ns;
}

static int match_ends(struct joiner *joiner, struct span *span,
		      int (*on_match)(struct span *a, struct span *b, void *context), void *context)
{
	struct span *other = other_end(joiner, span);

	if (!other)
		return wait_for(joiner->ends, connection_key(&span->seen, is_server(span)), span,
				WAIT_OTHER_END);
	wait_no_more(joiner->ends, connection_key(&other->seen, is_server(other)), other,
		     WAIT_OTHER_END);
	match(is_server(span) ? other : span, is_server(span) ? span : other);
	return on_match(span, other, context);
}

/* An explicit context of its own is stronger: the service began another trace on purpose. */
static bool may_be_within(const struct span *inner, const struct span *outer)
{
	const struct trace_id *a = &inner->seen.carried_trace, *b = &outer->seen.carried_trace;

	return !trace_id_known(a) || !trace_id_known(b) || trace_id_equal(a, b);
}

static int match_within(struct span *outer, struct span *inner,
			int (*on_match)(struct span *a, struct span *b, void *context),
			void *context)
{
	inner->parent_id = outer->span_id;
	return on_match(outer, inner, context);
}

static int match_inner(struct joiner *joiner, struct span *outer,
		       int (*on_match)(struct span *a, struct span *b, void *context),
		       void *context)
{
	struct join_key key = { outer->seen.request, 0 };
	struct span *inner;
	int err = hash__set(joiner->requests, key.a, key.b, outer);

	while (!err && (inner = hash__get(joiner->outer, key.a, key.b))) {
		wait_no_more(joiner->outer, key, inner, WAIT_OUTER);
		if (may_be_within(inner, outer))
			err = match_within(outer, inner, on_match, context);
	}
	return err;
}

static int match_outer(struct joiner *joiner, struct span *inner,
		       int (*on_match)(struct span *a, struct span *b, void *context),
		       void *context)
{
	struct join_key key = { inner->seen.within, 0 };
	struct span *outer = hash__get(joiner->requests, key.a, key.b);

	if (!outer)
		return wait_for(joiner->outer, key, inner, WAIT_OUTER);
	if (!may_be_within(inner, outer))
		return 0;
	return match_within(outer, inner, on_match, context);
}

int joiner__add(struct joiner *joiner, struct span *span,
		int (*on_match)(struct span *a, struct span *b, void *context), void *context)
{
	int err = 0;

	if (span->seen.connection_known)
		err = match_ends(joiner, span, on_match, context);
	if (!err && is_server(span) && span->seen.request)
		err = match_inner(joiner, span, on_match, context);
	if (!err && !is_server(span) && span->seen.within)
		err = match_outer(joiner, span, on_match, context);
	return err;
}

bool joiner__awaits_outer(const struct span *span)
{
	return span->waits[WAIT_OUTER].waits;
}

void joiner__remove(struct joiner *joiner, struct span *span)
{
	const struct span_seen *seen = &span->seen;

	wait_no_more(joiner->ends, connection_key(seen, is_server(span)), span, WAIT_OTHER_END);
	wait_no_more(joiner->outer, (struct join_key){ seen->within, 0 }, span, WAIT_OUTER);
	if (seen->request && hash__get(joiner->requests, seen->request, 0) == span)
		hash__remove(joiner->requests, seen->request, 0);
}

struct span *span_of_id(struct span *const *by_id, size_t count, uint64_t id)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_id[middle]->span_id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && by_id[low]->span_id == id ? by_id[low] : NULL;
}

/* A trace's requests that came in, by process and start. */
struct servers {
	struct span **spans;
	size_t count;
};

static int compare_servers(const void *a, const void *b)
{
	const struct span *x = *(struct span *const *)a, *y = *(struct span *const *)b;

	if (x->seen.pid != y->seen.pid)
		return x->seen.pid < y->seen.pid ? -1 : 1;
	return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

static int find_servers(struct servers *servers, const struct trace *trace)
{
	servers->spans = malloc(trace->span_count * sizeof(struct span *));
	if (!servers->spans)
		return -ENOMEM;
	for (struct span *s = trace->spans; s; s = s->next)
		if (s->source == SPAN_FROM_EBPF && is_server(s))
			servers->spans[servers->count++] = s;
	qsort(servers->spans, servers->count, sizeof(struct span *), compare_servers);
	return 0;
}

/* Behind the last of the process's that began before the client's request. */
static size_t begun_before(const struct servers *servers, const struct span *client)
{
	const struct span key = { .seen.pid = client->seen.pid, .start_ns = client->start_ns };
	const struct span *at = &key;
	size_t low = 0, high = servers->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_servers(&servers->spans[middle], &at) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Those of a process that were being served when it made a request with the same header. */
struct candidates {
	const struct span *same_parent, *same_trace;
	size_t same_parents, same_traces;
};

static struct candidates candidates_of(const struct servers *servers, const struct span *client)
{
	struct candidates found = { 0 };
	size_t i = begun_before(servers, client);

	for (int scanned = 0; i-- && scanned < SCAN_MAX; scanned++) {
		const struct span *s = servers->spans[i];

		if (s->seen.pid != client->seen.pid)
			break;
		if (s->end_ns < client->start_ns ||
		    !trace_id_equal(&s->seen.carried_trace, &client->seen.carried_trace))
			continue;
		found.same_trace = s;
		found.same_traces++;
		if (s->seen.carried_parent == client->seen.carried_parent) {
			found.same_parent = s;
			found.same_parents++;
		}
	}
	return found;
}

static uint64_t client_parent(const struct trace *trace, const struct servers *servers,
			      const struct span *client, struct span *const *by_id)
{
	struct candidates found = candidates_of(servers, client);

	/* sent on as it came: the header names the caller, and the caller of this is the process */
	if (found.same_parents == 1)
		return found.same_parent->span_id;
	if (span_of_id(by_id, trace->span_count, client->seen.carried_parent))
		return client->seen.carried_parent;
	/* made by the service itself, which did not tell us of its span */
	if (found.same_traces == 1)
		return found.same_trace->span_id;
	return client->seen.carried_parent;
}

int join_parents(struct trace *trace, struct span *const *by_id)
{
	struct servers servers = { 0 };

	if (!trace->seen)
		return 0;
	if (find_servers(&servers, trace))
		return -ENOMEM;
	for (struct span *s = trace->spans; s; s = s->next) {
		if (s->parent_id || !trace_id_known(&s->seen.carried_trace))
			continue;
		s->parent_id = is_server(s) ? s->seen.carried_parent :
					      client_parent(trace, &servers, s, by_id);
	}
	free(servers.spans);
	return 0;
}
