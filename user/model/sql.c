// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/sql.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/* --- literals and comments, each ends at or before the statement's end ------------------ */

static size_t after_quoted(struct text s, size_t at, char quote, bool backslashes)
{
	for (at++; at < s.length; at++) {
		if (backslashes && s.bytes[at] == '\\')
			at++;
		else if (s.bytes[at] == quote && at + 1 < s.length && s.bytes[at + 1] == quote)
			at++;
		else if (s.bytes[at] == quote)
			return at + 1;
	}
	return s.length;
}

static size_t after_line(struct text s, size_t at)
{
	const char *end = memchr(s.bytes + at, '\n', s.length - at);

	return end ? (size_t)(end - s.bytes) : s.length;
}

/* They nest. */
static size_t after_comment(struct text s, size_t at)
{
	size_t depth = 0;

	for (; at + 1 < s.length; at++) {
		if (s.bytes[at] == '/' && s.bytes[at + 1] == '*') {
			depth++;
			at++;
		} else if (s.bytes[at] == '*' && s.bytes[at + 1] == '/') {
			at++;
			if (!--depth)
				return at + 1;
		}
	}
	return s.length;
}

/* $tag$...$tag$; 0: it is none. */
static size_t after_dollars(struct text s, size_t at)
{
	size_t end = at + 1, tag;
	const char *close;

	if (end < s.length && isdigit((unsigned char)s.bytes[end]))
		return 0;
	while (end < s.length && is_word(s.bytes[end]))
		end++;
	if (end >= s.length || s.bytes[end] != '$')
		return 0;
	tag = end + 1 - at;
	close = memmem(s.bytes + end + 1, s.length - end - 1, s.bytes + at, tag);
	return close ? (size_t)(close - s.bytes) + tag : s.length;
}

static size_t after_number(struct text s, size_t at)
{
	char c;

	for (; at < s.length; at++) {
		c = s.bytes[at];
		if (is_word(c) || c == '.')
			continue;
		if ((c == '+' || c == '-') && (s.bytes[at - 1] | 0x20) == 'e')
			continue;
		break;
	}
	return at;
}

static size_t after_word(struct text s, size_t at)
{
	while (at < s.length && (is_word(s.bytes[at]) || s.bytes[at] == '$'))
		at++;
	return at;
}

enum piece {
	PIECE_BLANK,
	PIECE_LITERAL,
	PIECE_TEXT,	/* as it is */
};

/* E'', B'', X'', U&'' and N'': a literal that begins with letters. 0: it does not. */
static size_t after_prefixed(struct text s, size_t at)
{
	size_t quote = at + 1;

	if (!strchr("eEbBxXnNuU", s.bytes[at]))
		return 0;
	if ((s.bytes[at] | 0x20) == 'u') {
		if (quote >= s.length || s.bytes[quote] != '&')
			return 0;
		quote++;
	}
	if (quote >= s.length || s.bytes[quote] != '\'')
		return 0;
	return after_quoted(s, quote, '\'', (s.bytes[at] | 0x20) == 'e');
}

static size_t next_piece(struct text s, size_t at, enum piece *piece)
{
	char c = s.bytes[at], next = at + 1 < s.length ? s.bytes[at + 1] : '\0';
	size_t end;

	*piece = PIECE_BLANK;
	if (is_blank(c))
		return at + 1;
	if (c == '-' && next == '-')
		return after_line(s, at);
	if (c == '/' && next == '*')
		return after_comment(s, at);
	*piece = PIECE_LITERAL;
	if (c == '\'')
		return after_quoted(s, at, '\'', false);
	if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)next)))
		return after_number(s, at + 1);
	if (c == '$') {
		end = after_dollars(s, at);
		if (end)
			return end;
		*piece = PIECE_TEXT;
		return after_word(s, at + 1);
	}
	if (is_word(c)) {
		end = c ? after_prefixed(s, at) : 0;
		if (end)
			return end;
		*piece = PIECE_TEXT;
		return after_word(s, at);
	}
	*piece = PIECE_TEXT;
	return c == '"' ? after_quoted(s, at, '"', false) : at + 1;
}

int sql_redact(struct buf *out, struct text s)
{
	size_t start = out->length, at = 0, end;
	bool blank = false;
	enum piece piece;

	for (; at < s.length && out->length - start < SQL_SHOWN; at = end) {
		end = next_piece(s, at, &piece);
		if (piece == PIECE_BLANK) {
			blank = out->length > start;
			continue;
		}
		if (blank)
			buf__putc(out, ' ');
		blank = false;
		if (piece == PIECE_LITERAL)
			buf__putc(out, '?');
		else
			buf__append(out, s.bytes + at, end - at);
	}
	if (!out->error && out->length - start > SQL_SHOWN)
		buf__truncate(out, start + SQL_SHOWN);
	return out->error;
}

/* --- what it does, and to what ------------------------------------------------------------ */

static struct text word_at(struct text s, size_t at)
{
	return (struct text){ s.bytes + at, after_word(s, at) - at };
}

static bool word_is(struct text word, const char *expected)
{
	return word.length == strlen(expected) && !strncasecmp(word.bytes, expected, word.length);
}

static const char *const operations[] = {
	"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "BEGIN", "COMMIT", "ROLLBACK", "COPY",
	"CREATE", "ALTER", "DROP", "TRUNCATE", "SET", "SHOW", "VACUUM", "ANALYZE", "EXPLAIN",
	"LISTEN", "NOTIFY", "UNLISTEN", "CALL", "DECLARE", "FETCH", "CLOSE", "LOCK", "PREPARE",
	"EXECUTE", "DEALLOCATE", "SAVEPOINT", "RELEASE", "START", "END", "ABORT", "VALUES", "TABLE",
	"DISCARD", "RESET", "GRANT", "REVOKE", "DO", "CHECKPOINT", "REFRESH", "REINDEX", "CLUSTER",
	"COMMENT", "WITH", "MOVE", "IMPORT",
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static struct text named_operation(struct text word, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (word_is(word, operations[i]))
			return (struct text){ operations[i], strlen(operations[i]) };
	return (struct text){ 0 };
}

#define OF_WITH 5	/* the first ones */

/* Where the statement proper begins: after the list of WITH, outside of its parentheses. */
static size_t main_part(struct text s)
{
	size_t depth = 0, at = 0, first;
	struct text word;

	while (at < s.length && !is_word(s.bytes[at]))
		at++;
	first = at;
	if (!word_is(word_at(s, at), "with"))
		return first;
	while (at < s.length) {
		if (s.bytes[at] == '(')
			depth++;
		else if (s.bytes[at] == ')' && depth)
			depth--;
		word = word_at(s, at);
		if (!depth && named_operation(word, OF_WITH).bytes)
			return at;
		at += word.length ? word.length : 1;
	}
	return first;
}

struct text sql_operation(struct text s)
{
	if (!s.length)
		return (struct text){ 0 };
	return named_operation(word_at(s, main_part(s)), OPERATIONS);
}

/* A name with its schema, quoted or not. */
static struct text name_at(struct text s, size_t at)
{
	size_t end = at;

	while (end < s.length) {
		if (s.bytes[end] == '"')
			end = after_quoted(s, end, '"', false);
		else if (is_word(s.bytes[end]) || s.bytes[end] == '.')
			end++;
		else
			break;
	}
	return (struct text){ s.bytes + at, end - at };
}

static bool before_a_name(struct text word)
{
	return word_is(word, "from") || word_is(word, "into") || word_is(word, "update") ||
	       word_is(word, "table") || word_is(word, "copy");
}

static bool passed_over(struct text word)
{
	return word_is(word, "only") || word_is(word, "if") || word_is(word, "not") ||
	       word_is(word, "exists");
}

/* generate_series(?): a function where a table may stand. */
static bool is_call(struct text s, struct text name)
{
	const char *end = name.bytes + name.length;

	return end < s.bytes + s.length && *end == '(';
}

struct text sql_collection(struct text s)
{
	bool wanted = false, from = false;
	size_t at = s.length ? main_part(s) : 0;
	struct text word, name;

	while (at < s.length) {
		if (s.bytes[at] == ' ') {
			at++;
			continue;
		}
		word = word_at(s, at);
		if (wanted && !passed_over(word)) {
			name = name_at(s, at);
			if (name.length && !(from && is_call(s, name)))
				return name;
			wanted = false;
		} else if (word.length && before_a_name(word)) {
			wanted = true;
			from = word_is(word, "from");
		}
		at += word.length ? word.length : 1;
	}
	return (struct text){ 0 };
}
