/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * JSON fields that may be null: a null cannot be written without its reason,
 * which then stands in metadata.unavailable under the field's path ("perf.ipc";
 * positions in arrays are left out). A reason for a path holds for all below it.
 */
#ifndef PPBPF_SINK_FIELDS_H
#define PPBPF_SINK_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;
struct metric;
struct report;

struct fields;

/* Paths begin at the value that is written next. `report` may be NULL; NULL: no memory. */
struct fields *fields__new(struct json *json, const struct report *report);
void fields__free(struct fields *fields);

/* `key` is NULL for an element of an array. */
void fields__object_begin(struct fields *fields, const char *key);
void fields__object_end(struct fields *fields);
void fields__array_begin(struct fields *fields, const char *key);
void fields__array_end(struct fields *fields);

/* Says why `key` of the open object, or what is below it, will be null. */
void fields__why(struct fields *fields, const char *key, const char *why);
/* The report's own reason, or one given before, wins over `why`. */
void fields__null(struct fields *fields, const char *key, const char *why);
void fields__nulls(struct fields *fields, const char *const *keys, size_t count, const char *why);

void fields__u64(struct fields *fields, const char *key, uint64_t n);
void fields__i64(struct fields *fields, const char *key, int64_t n);
void fields__bool(struct fields *fields, const char *key, bool value);
void fields__string(struct fields *fields, const char *key, const char *text);
/* An array of strings. */
void fields__strings(struct fields *fields, const char *key, char *const *texts, size_t count);
/* A name in an array of bytes, which may lack its NUL. */
void fields__comm(struct fields *fields, const char *key, const char *comm);
void fields__number(struct fields *fields, const char *key, double value, int decimals);
/* All digits: of what may be tiny. */
void fields__double(struct fields *fields, const char *key, double value);
void fields__ms(struct fields *fields, const char *key, uint64_t ns);
void fields__mb(struct fields *fields, const char *key, double bytes);

/* Under the metric's own key: `n`, or null when this run cannot have it. */
void fields__metric(struct fields *fields, const struct metric *metric, uint64_t n);

/* The object of all reasons. Returns 0, or -ENOMEM when one was lost. */
int fields__unavailable(struct fields *fields, const char *key);

/* Why this run does not know a metric, in one clause; NULL: it does. */
const char *metric_why_null(const struct report *report, const struct metric *metric);
/*
 * The user and kernel parts of so much CPU time, from tick samples: estimates,
 * but a kernel thread has no user part.
 */
void cpu_parts(uint64_t cpu_ns, const uint64_t *values, bool kthread, uint64_t *user,
	       uint64_t *kernel);
/* Why a subject (the index into report->tracked) is not tracked. */
const char *tracked_why_null(int subject);

#endif
