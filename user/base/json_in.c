// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/json_in.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define NUMBER_MAX 64 /* characters of a number that anybody means */
#define DIGITS_EXACT 15 /* of which each whole number is a double */

void json_in__begin(struct json_in *in, const void *text, size_t length)
{
	*in = (struct json_in){ .at = text, .end = (const char *)text + length };
}

void json_in__refuse(struct json_in *in)
{
	if (!in->error) {
		in->error = -EBADMSG;
		in->wrong = in->at;
	}
	in->at = in->end;
}

static void skip_blanks(struct json_in *in)
{
	while (in->at < in->end &&
	       (*in->at == ' ' || *in->at == '\n' || *in->at == '\r' || *in->at == '\t'))
		in->at++;
}

/* The next character after blanks, NUL at the end. */
static char peek(struct json_in *in)
{
	skip_blanks(in);
	return in->at < in->end ? *in->at : '\0';
}

static bool take(struct json_in *in, char c)
{
	if (in->error || in->at >= in->end || peek(in) != c || in->at == in->end)
		return false;
	in->at++;
	return true;
}

static void expect(struct json_in *in, char c)
{
	if (!take(in, c))
		json_in__refuse(in);
}

static bool take_word(struct json_in *in, const char *word)
{
	size_t length = strlen(word);

	skip_blanks(in);
	if (in->error || (size_t)(in->end - in->at) < length || memcmp(in->at, word, length))
		return false;
	in->at += length;
	in->fresh = false;
	return true;
}

enum json_in_type json_in__type(struct json_in *in)
{
	switch (in->error ? '\0' : peek(in)) {
	case '{':
		return JSON_IN_OBJECT;
	case '[':
		return JSON_IN_ARRAY;
	case '"':
		return JSON_IN_STRING;
	case 't':
	case 'f':
		return JSON_IN_BOOL;
	case 'n':
		return JSON_IN_NULL;
	case '-':
	case '0' ... '9':
		return JSON_IN_NUMBER;
	default:
		return JSON_IN_NONE;
	}
}

static void enter(struct json_in *in, char c)
{
	expect(in, c);
	if (in->depth == JSON_IN_DEPTH)
		json_in__refuse(in);
	in->depth++;
	in->fresh = true;
}

void json_in__object(struct json_in *in)
{
	enter(in, '{');
}

void json_in__array(struct json_in *in)
{
	enter(in, '[');
}

/* Whether there is one more before the closing character, which is taken. */
static bool more(struct json_in *in, char closing)
{
	if (in->error)
		return false;
	if (take(in, closing)) {
		in->depth--;
		in->fresh = false;
		return false;
	}
	if (!in->fresh)
		expect(in, ',');
	in->fresh = false;
	return !in->error;
}

bool json_in__element(struct json_in *in)
{
	return more(in, ']');
}

static int hex4(struct json_in *in)
{
	int value = 0;

	if (in->end - in->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = *in->at++;

		if (c >= '0' && c <= '9')
			value = value << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value << 4 | ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

static void put_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf__putc(out, c);
	} else if (c < 0x800) {
		buf__putc(out, 0xc0 | c >> 6);
		buf__putc(out, 0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		buf__putc(out, 0xe0 | c >> 12);
		buf__putc(out, 0x80 | (c >> 6 & 0x3f));
		buf__putc(out, 0x80 | (c & 0x3f));
	} else {
		buf__putc(out, 0xf0 | c >> 18);
		buf__putc(out, 0x80 | (c >> 12 & 0x3f));
		buf__putc(out, 0x80 | (c >> 6 & 0x3f));
		buf__putc(out, 0x80 | (c & 0x3f));
	}
}

/* After "\u". Half a pair of surrogates stands for no character: U+FFFD. */
static void read_unicode(struct json_in *in, struct buf *out)
{
	int c = hex4(in), low;

	if (c < 0) {
		json_in__refuse(in);
		return;
	}
	if (c >= 0xd800 && c < 0xdc00 && in->end - in->at >= 6 && in->at[0] == '\\' &&
	    in->at[1] == 'u') {
		struct json_in ahead = *in;

		ahead.at += 2;
		low = hex4(&ahead);
		if (low >= 0xdc00 && low < 0xe000) {
			in->at = ahead.at;
			put_utf8(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
			return;
		}
	}
	put_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
}

static void read_escape(struct json_in *in, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (in->at == in->end) {
		json_in__refuse(in);
		return;
	}
	if (*in->at == 'u') {
		in->at++;
		read_unicode(in, out);
		return;
	}
	found = memchr(from, *in->at++, sizeof(from) - 1);
	if (found)
		buf__putc(out, to[found - from]);
	else
		json_in__refuse(in);
}

void json_in__string(struct json_in *in, struct buf *out)
{
	expect(in, '"');
	while (!in->error) {
		const char *first = in->at;

		while (in->at < in->end && *in->at != '"' && *in->at != '\\' &&
		       (unsigned char)*in->at >= ' ')
			in->at++;
		buf__append(out, first, in->at - first);
		if (in->at == in->end || (unsigned char)*in->at < ' ') {
			json_in__refuse(in);
		} else if (*in->at++ == '"') {
			break;
		} else {
			read_escape(in, out);
		}
	}
	if (out->error) {
		in->error = out->error;
		in->wrong = in->at;
	}
	in->fresh = false;
}

bool json_in__plain(struct json_in *in, const char **text, size_t *length)
{
	const char *c;

	if (in->error || peek(in) != '"')
		return false;
	for (c = in->at + 1; c < in->end && *c != '"' && *c != '\\' && (unsigned char)*c >= ' '; c++)
		;
	if (c >= in->end || *c != '"')
		return false;
	*text = in->at + 1;
	*length = c - *text;
	in->at = c + 1;
	in->fresh = false;
	return true;
}

/* As json_in__string(), without a copy of it. */
static void skip_string(struct json_in *in)
{
	expect(in, '"');
	while (!in->error) {
		if (in->at == in->end || (unsigned char)*in->at < ' ')
			json_in__refuse(in);
		else if (*in->at++ == '"')
			break;
		else if (in->at[-1] == '\\' && in->at < in->end)
			in->at++;
	}
	in->fresh = false;
}

bool json_in__member(struct json_in *in)
{
	return more(in, '}');
}

void json_in__colon(struct json_in *in)
{
	expect(in, ':');
}

static void set_key(struct json_key *key, const char *text, size_t length)
{
	key->length = length;
	memcpy(key->text, text, length < sizeof(key->text) ? length : sizeof(key->text));
}

bool json_in__key(struct json_in *in, struct json_key *key)
{
	struct buf text = BUF_INIT;
	const char *plain;
	size_t length;

	if (!json_in__member(in))
		return false;
	if (json_in__plain(in, &plain, &length)) {
		set_key(key, plain, length);
	} else {
		json_in__string(in, &text);
		set_key(key, buf__str(&text), text.length);
		buf__free(&text);
	}
	json_in__colon(in);
	return !in->error;
}

bool json_key_is(const struct json_key *key, const char *name)
{
	return key->length == strlen(name) && key->length <= sizeof(key->text) &&
	       !memcmp(key->text, name, key->length);
}

bool json_in__bool(struct json_in *in)
{
	if (take_word(in, "true"))
		return true;
	if (!take_word(in, "false"))
		json_in__refuse(in);
	return false;
}

bool json_in__null(struct json_in *in)
{
	return take_word(in, "null");
}

/* The number's text, quoted or not; its length, or 0 and an error. */
static size_t number_text(struct json_in *in, char *out)
{
	const char *begin = in->at;
	bool quoted = take(in, '"');
	size_t length = 0;

	skip_blanks(in);
	while (in->at < in->end && length < NUMBER_MAX && strchr("+-.0123456789eE", *in->at) &&
	       *in->at)
		out[length++] = *in->at++;
	out[length] = '\0';
	if (quoted && !in->error && (in->at == in->end || *in->at++ != '"'))
		length = 0;
	if (!length || in->error || !strcmp(out, "-")) {
		in->at = begin;
		json_in__refuse(in);
		return 0;
	}
	in->fresh = false;
	return length;
}

/* strtod() with a point, whatever the locale says. */
static double to_double(const char *text, char **end)
{
	static locale_t c_locale;

	if (!c_locale)
		c_locale = newlocale(LC_ALL_MASK, "C", NULL);
	return c_locale ? strtod_l(text, end, c_locale) : strtod(text, end);
}

/*
 * A number of few enough digits to be exact: its digits as a whole number, times or over a
 * power of ten, are both exact as doubles, and one operation rounds once (Clinger, 1990).
 * False: it is another one, and nothing is read.
 */
static bool short_double(struct json_in *in, double *value)
{
	static const double powers[] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
		1e15,
	};
	const char *c = in->at;
	bool negative = c < in->end && *c == '-';
	unsigned int digits = 0, behind = 0;
	uint64_t whole = 0;

	for (c += negative; c < in->end && *c >= '0' && *c <= '9'; c++, digits++)
		whole = whole * 10 + (*c - '0');
	if (!digits || digits > DIGITS_EXACT)
		return false;
	if (c < in->end && *c == '.')
		for (c++; c < in->end && *c >= '0' && *c <= '9' && digits <= DIGITS_EXACT; c++) {
			whole = whole * 10 + (*c - '0');
			digits++;
			behind++;
		}
	if (digits > DIGITS_EXACT || c == in->end || strchr("+-.0123456789eE", *c))
		return false;
	*value = negative ? -(whole / powers[behind]) : whole / powers[behind];
	in->at = c;
	in->fresh = false;
	return true;
}

double json_in__double(struct json_in *in)
{
	static const struct {
		const char *word;
		double value;
	} words[] = { { "\"NaN\"", NAN }, { "\"Infinity\"", INFINITY }, { "\"-Infinity\"", -INFINITY } };
	char text[NUMBER_MAX + 1], *end;
	double value;

	if (peek(in) != '"' && short_double(in, &value))
		return value;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (take_word(in, words[i].word))
			return words[i].value;
	if (!number_text(in, text))
		return 0;
	value = to_double(text, &end);
	if (*end)
		json_in__refuse(in);
	return value;
}

/* Whether what is behind a whole number's digits adds nothing to it: ".000". */
static bool adds_nothing(const char *text)
{
	return !*text || (*text == '.' && text[1] && text[1 + strspn(text + 1, "0")] == '\0');
}

uint64_t json_in__u64(struct json_in *in)
{
	char text[NUMBER_MAX + 1], *end;
	uint64_t value;

	if (!number_text(in, text))
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || text[0] == '-' || text[0] == '+' || !adds_nothing(end)) {
		json_in__refuse(in);
		return 0;
	}
	return value;
}

int64_t json_in__i64(struct json_in *in)
{
	char text[NUMBER_MAX + 1], *end;
	int64_t value;

	if (!number_text(in, text))
		return 0;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || end == text || text[0] == '+' || !adds_nothing(end)) {
		json_in__refuse(in);
		return 0;
	}
	return value;
}

/* A value that is no object and no array. */
static void skip_scalar(struct json_in *in)
{
	switch (json_in__type(in)) {
	case JSON_IN_STRING:
		skip_string(in);
		break;
	case JSON_IN_NUMBER:
		json_in__double(in);
		break;
	case JSON_IN_BOOL:
		json_in__bool(in);
		break;
	case JSON_IN_NULL:
		if (!json_in__null(in))
			json_in__refuse(in);
		break;
	default:
		json_in__refuse(in);
	}
}

void json_in__skip(struct json_in *in)
{
	unsigned int depth = in->depth;
	uint64_t objects = 0; /* which of the open ones are */
	struct json_key key;

	do {
		enum json_in_type type = json_in__type(in);

		if (type == JSON_IN_OBJECT || type == JSON_IN_ARRAY) {
			enter(in, type == JSON_IN_OBJECT ? '{' : '[');
			objects = objects << 1 | (type == JSON_IN_OBJECT);
		} else {
			skip_scalar(in);
		}
		while (!in->error && in->depth > depth &&
		       !(objects & 1 ? json_in__key(in, &key) : json_in__element(in)))
			objects >>= 1;
	} while (!in->error && in->depth > depth);
}

int json_in__finish(struct json_in *in)
{
	if (!in->error && (in->depth || peek(in) || in->at < in->end))
		json_in__refuse(in);
	return in->error;
}
