// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/demangle.h"

#include <libiberty/demangle.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* A mangled name can stand for one that is exponentially longer. */
#define MANGLED_MAX 1024
#define NAME_MAX_LENGTH 1024

/* cut at a character's boundary */
static void put(struct buf *out, const char *name, size_t length)
{
	size_t from = out->length;

	if (length > NAME_MAX_LENGTH) {
		length = NAME_MAX_LENGTH;
		while (length && ((unsigned char)name[length] & 0xc0) == 0x80)
			length--;
	}
	buf__append(out, name, length);
	for (size_t i = from; i < out->length; i++)
		if ((unsigned char)out->data[i] < ' ' || out->data[i] == 0x7f)
			out->data[i] = '?';
}

static bool is_mangled(const char *symbol)
{
	return !strncmp(symbol, "_Z", 2) || !strncmp(symbol, "_R", 2) ||
	       !strncmp(symbol, "__Z", 3) || !strncmp(symbol, "_D", 2);
}

/*
 * How long a name is without what gcc and clang append to copies and parts of a
 * function: "f.constprop.0", "f.part.0.isra.1", "f.cold", "f.llvm.1234".
 */
static size_t without_suffixes(const char *name, size_t length)
{
	static const char *const suffixes[] = { ".constprop", ".isra", ".part", ".cold",
						".lto_priv", ".llvm" };

	for (size_t at = 1; at < length; at++)
		for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
			size_t end = at + strlen(suffixes[i]);

			if (!strncmp(name + at, suffixes[i], strlen(suffixes[i])) &&
			    (end >= length || name[end] == '.'))
				return at;
		}
	return length;
}

void demangle(struct buf *out, const char *symbol)
{
	size_t length = strstr(symbol, "@plt") ? strlen(symbol) : strcspn(symbol, "@");
	char *name = NULL;

	if (is_mangled(symbol) && strlen(symbol) <= MANGLED_MAX)
		name = cplus_demangle(symbol, DMGL_AUTO | DMGL_ANSI | DMGL_RET_DROP);
	if (name)
		put(out, name, strlen(name));
	else
		put(out, symbol, without_suffixes(symbol, length ? length : strlen(symbol)));
	free(name);
}
