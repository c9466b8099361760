/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_BASE_JSON_IN_H
#define PPBPF_BASE_JSON_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * Reads JSON (RFC 8259) value by value where it lies. A tree (base/json_tree)
 * takes many times the memory of what a stranger has sent, and turns 64-bit
 * numbers into doubles; here nothing is kept. A reader may be copied, to come
 * back to a place.
 *
 *	json_in__object(&in);
 *	while (json_in__key(&in, &key))
 *		if (json_key_is(&key, "name"))
 *			json_in__string(&in, &name);
 *		else
 *			json_in__skip(&in);
 *	if (json_in__finish(&in)) ...
 *
 * The first error is sticky: from then on nothing is read, and loops end.
 */
struct json_in {
	const char *at;
	const char *end;
	unsigned int depth;
	bool fresh; /* just inside of an object or array: no comma is due */
	int error;  /* 0 or -EBADMSG, -ENOMEM */
	const char *wrong; /* where the error is */
};

/* Objects and arrays in one another, at most. */
#define JSON_IN_DEPTH 64

/* A longer key than these is none that anybody asks for. */
struct json_key {
	char text[64];
	size_t length; /* larger than sizeof(text): cut */
};

enum json_in_type {
	JSON_IN_NONE, /* the end, or no JSON */
	JSON_IN_OBJECT,
	JSON_IN_ARRAY,
	JSON_IN_STRING,
	JSON_IN_NUMBER,
	JSON_IN_BOOL,
	JSON_IN_NULL,
};

void json_in__begin(struct json_in *in, const void *text, size_t length);
enum json_in_type json_in__type(struct json_in *in);

/* Each reads the next value, which has to be of that type; else an error. */
void json_in__object(struct json_in *in);
void json_in__array(struct json_in *in);
void json_in__string(struct json_in *in, struct buf *out); /* appends it, as UTF-8 */
/* The same in place, if it lies there as it is; else nothing is read. */
bool json_in__plain(struct json_in *in, const char **text, size_t *length);
bool json_in__bool(struct json_in *in);
double json_in__double(struct json_in *in);
/*
 * Numbers, or strings of digits, as protobuf's JSON has for 64 bits. A fraction of zeros is
 * allowed; what does not fit is an error.
 */
int64_t json_in__i64(struct json_in *in);
uint64_t json_in__u64(struct json_in *in);
/* Of any type. */
void json_in__skip(struct json_in *in);

/* The next key of the open object; false: it has ended, or an error. */
bool json_in__key(struct json_in *in, struct json_key *key);
/* Or in two steps, with the key of any length read as a string between them. */
bool json_in__member(struct json_in *in);
void json_in__colon(struct json_in *in);
bool json_key_is(const struct json_key *key, const char *name);
/* Whether the open array has another value. */
bool json_in__element(struct json_in *in);

/* null is read, and stands for a value that is not there. */
bool json_in__null(struct json_in *in);

/* Records an error: the text is JSON, but not what it should say. */
void json_in__refuse(struct json_in *in);
/* After the last value: 0, or the error, of which something more behind it is one. */
int json_in__finish(struct json_in *in);

#endif
