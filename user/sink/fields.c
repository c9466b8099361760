// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/fields.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "model/report.h"

#define DEPTH_MAX 16
#define PATH_MAX_BYTES 128

struct fields {
	struct json *json;
	const struct report *report;	/* its reasons come first */
	struct report *own;		/* holds the reasons given here, and nothing else */
	struct hash *explained;		/* paths: the same null recurs in each of many rows */
	char path[PATH_MAX_BYTES];
	size_t lengths[DEPTH_MAX];	/* of the path outside of each open object or array */
	size_t depth;
	int error;
};

struct fields *fields__new(struct json *json, const struct report *report)
{
	struct fields *fields = calloc(1, sizeof(*fields));

	if (!fields)
		return NULL;
	fields->json = json;
	fields->report = report;
	fields->own = report__new();
	fields->explained = hash__new();
	if (!fields->own || !fields->explained) {
		fields__free(fields);
		return NULL;
	}
	return fields;
}

void fields__free(struct fields *fields)
{
	if (!fields)
		return;
	report__free(fields->own);
	hash__free(fields->explained);
	free(fields);
}

static void write_key(struct fields *fields, const char *key)
{
	if (key)
		json__key(fields->json, key);
}

/* Appends to the path; fields__restore() with what it returned undoes it. */
static size_t path_add(struct fields *fields, const char *key)
{
	size_t length = strlen(fields->path);

	if (!key)
		return length;
	assert(length + strlen(key) + 2 <= sizeof(fields->path));
	snprintf(fields->path + length, sizeof(fields->path) - length, "%s%s", length ? "." : "",
		 key);
	return length;
}

static void enter(struct fields *fields, const char *key)
{
	assert(fields->depth < DEPTH_MAX);
	write_key(fields, key);
	fields->lengths[fields->depth++] = path_add(fields, key);
}

static void leave(struct fields *fields)
{
	fields->path[fields->lengths[--fields->depth]] = '\0';
}

void fields__object_begin(struct fields *fields, const char *key)
{
	enter(fields, key);
	json__object_begin(fields->json);
}

void fields__object_end(struct fields *fields)
{
	json__object_end(fields->json);
	leave(fields);
}

void fields__array_begin(struct fields *fields, const char *key)
{
	enter(fields, key);
	json__array_begin(fields->json);
}

void fields__array_end(struct fields *fields)
{
	json__array_end(fields->json);
	leave(fields);
}

static bool is_explained(const struct fields *fields, const char *path)
{
	return (fields->report && report__why_missing(fields->report, path)) ||
	       report__why_missing(fields->own, path);
}

/* By a reason for the path or for what it is a part of. */
static bool path_is_explained(const struct fields *fields)
{
	char path[PATH_MAX_BYTES];
	char *dot;

	memcpy(path, fields->path, sizeof(path));
	while (!is_explained(fields, path)) {
		dot = strrchr(path, '.');
		if (!dot)
			return false;
		*dot = '\0';
	}
	return true;
}

/* FNV-1a */
static uint64_t path_hash(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325;

	while (*path)
		hash = (hash ^ (unsigned char)*path++) * 0x100000001b3;
	return hash;
}

static int explain(struct fields *fields, const char *why)
{
	if (!path_is_explained(fields) && report__missing(fields->own, fields->path, "%s", why))
		return -ENOMEM;
	return 0;
}

void fields__why(struct fields *fields, const char *key, const char *why)
{
	size_t length = path_add(fields, key);
	uint64_t hash = path_hash(fields->path);

	if (!hash__get(fields->explained, hash, 0) &&
	    (explain(fields, why) || hash__set(fields->explained, hash, 0, fields)))
		fields->error = -ENOMEM;
	fields->path[length] = '\0';
}

void fields__null(struct fields *fields, const char *key, const char *why)
{
	fields__why(fields, key, why);
	write_key(fields, key);
	json__null(fields->json);
}

void fields__u64(struct fields *fields, const char *key, uint64_t n)
{
	write_key(fields, key);
	json__u64(fields->json, n);
}

void fields__i64(struct fields *fields, const char *key, int64_t n)
{
	write_key(fields, key);
	json__i64(fields->json, n);
}

void fields__bool(struct fields *fields, const char *key, bool value)
{
	write_key(fields, key);
	json__bool(fields->json, value);
}

void fields__string(struct fields *fields, const char *key, const char *text)
{
	write_key(fields, key);
	json__string(fields->json, text);
}

void fields__comm(struct fields *fields, const char *key, const char *comm)
{
	write_key(fields, key);
	json__string_n(fields->json, comm, strnlen(comm, PPBPF_COMM_LEN));
}

void fields__nulls(struct fields *fields, const char *const *keys, size_t count, const char *why)
{
	for (size_t i = 0; i < count; i++)
		fields__null(fields, keys[i], why);
}

void fields__strings(struct fields *fields, const char *key, char *const *texts, size_t count)
{
	fields__array_begin(fields, key);
	for (size_t i = 0; i < count; i++)
		fields__string(fields, NULL, texts[i]);
	fields__array_end(fields);
}

void fields__number(struct fields *fields, const char *key, double value, int decimals)
{
	write_key(fields, key);
	json__rounded(fields->json, value, decimals);
}

void fields__double(struct fields *fields, const char *key, double value)
{
	write_key(fields, key);
	json__double(fields->json, value);
}

void fields__ms(struct fields *fields, const char *key, uint64_t ns)
{
	fields__number(fields, key, ns / 1e6, 6);
}

void fields__mb(struct fields *fields, const char *key, double bytes)
{
	write_key(fields, key);
	json__double(fields->json, bytes / 1048576);
}

void fields__metric(struct fields *fields, const struct metric *metric, uint64_t n)
{
	const char *why = metric_why_null(fields->report, metric);

	if (why)
		fields__null(fields, metric->json, why);
	else
		fields__u64(fields, metric->json, n);
}

static void write_reasons(struct json *json, const struct report *report)
{
	for (size_t i = 0; report && i < report->missing_count; i++) {
		json__key(json, report->missing[i].name);
		json__string(json, report->missing[i].why);
	}
}

int fields__unavailable(struct fields *fields, const char *key)
{
	write_key(fields, key);
	json__object_begin(fields->json);
	write_reasons(fields->json, fields->report);
	write_reasons(fields->json, fields->own);
	json__object_end(fields->json);
	return fields->error;
}

void cpu_parts(uint64_t cpu_ns, const uint64_t *values, bool kthread, uint64_t *user,
	       uint64_t *kernel)
{
	uint64_t ticks = kthread ? 0 : values[PPBPF_UTIME_NS];

	cpu_scale(cpu_ns, ticks, kthread ? 1 : values[PPBPF_STIME_NS], user, kernel);
}

const char *tracked_why_null(int subject)
{
	static const char *const why[] = {
		"not asked for (--no-cpu)", "not asked for (--no-memory)",
		"not asked for (--no-disk)", "not asked for (--no-network)",
	};

	return why[subject];
}

static const char *why_not_wanted(const struct report *report, const struct metric *metric)
{
	static const int tracked[SUBJECT_NR] = {
		[SUBJECT_CPU] = 1, [SUBJECT_MEMORY] = 2, [SUBJECT_DISK] = 3, [SUBJECT_NETWORK] = 4,
	};
	int subject = tracked[metric->subject] - 1;

	if (subject >= 0 && !report->tracked[subject])
		return tracked_why_null(subject);
	if (metric->on_request)
		return "only on request: name it in --metrics";
	return "not asked for (--metrics)";
}

const char *metric_why_null(const struct report *report, const struct metric *metric)
{
	const char *why = report__why_missing(report, metric->name);

	if (!why && !metric_set__has(&report->wanted, metric))
		why = why_not_wanted(report, metric);
	return why;
}
