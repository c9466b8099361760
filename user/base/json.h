/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_BASE_JSON_H
#define PPBPF_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct buf;

/*
 * A streaming JSON writer: nothing is kept but the nesting, so that a result
 * of any size costs no memory.
 *
 * Wrong nesting (a value without a key in an object, an end without its
 * begin, a document left open) is a bug of the caller and fails an assertion.
 * An error of the stream or buffer is sticky and returned by json__finish().
 */
struct json;

enum json_style {
	JSON_COMPACT, /* on one line: what --jsonl needs */
	JSON_PRETTY,  /* two spaces a level */
};

/* Write to a stream or a buffer, which stay the caller's. NULL: no memory. */
struct json *json__new(FILE *stream, enum json_style style);
struct json *json__new_buf(struct buf *buffer, enum json_style style);
void json__free(struct json *j);

void json__object_begin(struct json *j);
void json__object_end(struct json *j);
void json__array_begin(struct json *j);
void json__array_end(struct json *j);

/* The name of an object's next value. */
void json__key(struct json *j, const char *name);

/* What is not UTF-8 in a string becomes U+FFFD, a byte at a time. A NULL string is null. */
void json__string(struct json *j, const char *text);
void json__string_n(struct json *j, const char *text, size_t length);
void json__u64(struct json *j, uint64_t value);
void json__i64(struct json *j, int64_t value);

/*
 * The shortest digits that read back as the same double, with a decimal point
 * in every locale; null for what JSON cannot say (NaN, infinities).
 */
void json__double(struct json *j, double value);

/* The same rounded to @decimals (0 to 15) after the point: no 46.699999999999996 for people. */
void json__rounded(struct json *j, double value, int decimals);
void json__bool(struct json *j, bool value);
void json__null(struct json *j);

/*
 * Ends a document with a newline and flushes it; the next value starts another
 * one (a line of --jsonl). Returns 0, or the first error as a negative errno.
 */
int json__finish(struct json *j);

#endif
