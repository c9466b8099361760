// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/operation.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"
#include "model/route.h"

static const char *const method_keys[] = { "http.request.method", "http.method", NULL };
/* The conventions of now and of before. */
static const char *const route_keys[] = { "http.route", NULL };
static const char *const target_keys[] = { "url.path", "http.target", "url.full", "http.url", NULL };
static const char *const system_keys[] = { "db.system.name", "db.system", "db.type", NULL };
static const char *const verb_keys[] = { "db.operation.name", "db.operation", NULL };
static const char *const statement_keys[] = { "db.query.text", "db.statement", NULL };

static const char *const sql_systems[] = {
	"postgresql", "mysql", "mariadb", "sqlite", "mssql", "microsoft.sql_server", "oracle",
	"oracle.db", "cockroachdb", "db2", "ibm.db2", "sql", "other_sql", "clickhouse", "redshift",
	"h2", "hsqldb", "trino", "spanner", "gcp.spanner", "snowflake",
};

static bool find_text(const struct span *span, const char *const *keys, struct bytes *text)
{
	struct attribute value;

	if (!attributes__find_any(&span->attributes, keys, &value) ||
	    value.type != ATTRIBUTE_STRING || !value.bytes.length)
		return false;
	*text = value.bytes;
	return true;
}

static size_t method_length(const char *text)
{
	size_t length = 0;

	while (isupper((unsigned char)text[length]))
		length++;
	return length;
}

/* The path in "GET /path", or NULL. */
static const char *path_in_name(const char *name)
{
	size_t length = method_length(name);

	return length && name[length] == ' ' && name[length + 1] == '/' ? name + length + 1 : NULL;
}

/* "GET", "HTTP GET", "HTTP": names that say no more than the method. */
static bool names_method_only(const char *name, const struct bytes *method)
{
	if (!strncasecmp(name, "http", 4) && (name[4] == ' ' || !name[4]))
		name += 4 + (name[4] == ' ');
	return !*name || (strlen(name) == method->length &&
			  !strncasecmp(name, method->data, method->length));
}

static void append_route(struct buf *out, const struct span *span)
{
	struct bytes text;

	if (find_text(span, route_keys, &text))
		buf__append(out, text.data, text.length);
	else if (find_text(span, target_keys, &text))
		route_of(out, text.data, text.length);
}

void operation_of(struct buf *out, const struct span *span)
{
	size_t first = out->length;
	struct bytes method;
	const char *path;

	path = path_in_name(span->name);
	if (span->source == SPAN_FROM_EBPF) {
		buf__puts(out, span->name);	/* it was given its operation's */
	} else if (path) {
		buf__append(out, span->name, path - span->name);
		route_of(out, path, strlen(path));
	} else if (span->name[0] == '/') {
		route_of(out, span->name, strlen(span->name));
	} else if (find_text(span, method_keys, &method) &&
		   names_method_only(span->name, &method)) {
		buf__append(out, method.data, method.length);
		buf__putc(out, ' ');
		append_route(out, span);
		if (out->length == first + method.length + 1)
			buf__truncate(out, out->length - 1);
	} else {
		buf__puts(out, span->name);
	}
	if (out->length - first > SPAN_NAME_MAX)
		buf__truncate(out, first + SPAN_NAME_MAX);
}

/* A pattern, and names that it is tried on. */
struct attempt {
	const char *pattern;
	struct buf name;
	bool matches;
};

static void try(struct attempt *a)
{
	a->matches |= !a->name.error && a->name.length && text_glob(a->pattern, a->name.data);
	buf__truncate(&a->name, 0);
}

static void lower(struct buf *name, size_t from)
{
	for (size_t i = from; i < name->length; i++)
		name->data[i] = tolower((unsigned char)name->data[i]);
}

/* "/api/orders/{id}" as api.orders.{id}, and without what is in braces. */
static void try_dotted(struct attempt *a, const char *route, bool parameters)
{
	for (const char *at = route; *at;) {
		size_t length = strcspn(at, "/");

		if (length && (parameters || (*at != '{' && *at != ':'))) {
			if (a->name.length)
				buf__putc(&a->name, '.');
			buf__append(&a->name, at, length);
		}
		at += length;
		at += *at == '/';
	}
	try(a);
}

static void try_route(struct attempt *a, const struct span *span)
{
	struct buf route = BUF_INIT;
	const char *path;

	append_route(&route, span);
	if (!route.length) {
		operation_of(&route, span);
		path = path_in_name(buf__str(&route));
		if (!path && buf__str(&route)[0] != '/')
			buf__truncate(&route, 0);
		else if (path)
			memmove(route.data, path, strlen(path) + 1);
	}
	if (!route.error && route.length) {
		buf__puts(&a->name, route.data);
		try(a);
		try_dotted(a, route.data, true);
		try_dotted(a, route.data, false);
	}
	buf__free(&route);
}

static bool is_sql(const struct bytes *system)
{
	for (size_t i = 0; i < sizeof(sql_systems) / sizeof(sql_systems[0]); i++)
		if (system->length == strlen(sql_systems[i]) &&
		    !strncasecmp(system->data, sql_systems[i], system->length))
			return true;
	return false;
}

/* The statement's first word stands for an operation that was not told. */
static bool find_verb(const struct span *span, struct bytes *verb)
{
	const char *text;

	if (find_text(span, verb_keys, verb))
		return true;
	if (!find_text(span, statement_keys, verb))
		return false;
	text = verb->data;
	for (size_t i = 0; i < verb->length; i++)
		if (!isalpha((unsigned char)text[i]))
			verb->length = i;
	return verb->length > 0;
}

static void put_part(struct attempt *a, const struct bytes *part)
{
	size_t from = a->name.length;

	buf__putc(&a->name, '.');
	buf__append(&a->name, part->data, part->length);
	lower(&a->name, from);
}

static void try_database(struct attempt *a, const struct span *span)
{
	struct bytes system, verb;

	if (!find_text(span, system_keys, &system))
		return;
	buf__puts(&a->name, is_sql(&system) ? "db.query" : "db.command");
	try(a);
	buf__puts(&a->name, "db");
	put_part(a, &system);
	try(a);
	if (!find_verb(span, &verb))
		return;
	buf__puts(&a->name, "db");
	put_part(a, &verb);
	try(a);
	buf__puts(&a->name, "db");
	put_part(a, &system);
	put_part(a, &verb);
	try(a);
}

static void try_call(struct attempt *a, const struct span *span)
{
	static const char *const service_keys[] = { "rpc.service", NULL };
	static const char *const call_keys[] = { "rpc.method", NULL };
	struct bytes service, method;

	if (!find_text(span, call_keys, &method))
		return;
	buf__puts(&a->name, "rpc.");
	if (find_text(span, service_keys, &service)) {
		buf__append(&a->name, service.data, service.length);
		buf__putc(&a->name, '.');
	}
	buf__append(&a->name, method.data, method.length);
	try(a);
}

bool operation_matches(const struct span *span, const char *pattern)
{
	struct attempt a = { .pattern = pattern };

	buf__puts(&a.name, span->name);
	try(&a);
	operation_of(&a.name, span);
	try(&a);
	try_route(&a, span);
	try_database(&a, span);
	try_call(&a, span);
	buf__free(&a.name);
	return a.matches;
}
