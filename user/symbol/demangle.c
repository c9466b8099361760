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

void demangle(struct buf *out, const char *symbol)
{
	size_t length = strstr(symbol, "@plt") ? strlen(symbol) : strcspn(symbol, "@");
	char *name = NULL;

	if (is_mangled(symbol) && strlen(symbol) <= MANGLED_MAX)
		name = cplus_demangle(symbol, DMGL_AUTO | DMGL_ANSI | DMGL_RET_DROP);
	if (name)
		put(out, name, strlen(name));
	else
		put(out, symbol, length ? length : strlen(symbol));
	free(name);
}
