// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* A message cut inside a character would not be UTF-8. */
static void format_whole_characters(char *out, size_t size, const char *format, va_list args)
{
	int length = vsnprintf(out, size, format, args);
	size_t at, step;
	uint32_t unused;

	if (length < 0)
		out[0] = '\0';
	if (length < 0 || (size_t)length < size)
		return;
	for (at = size - 1; at > 0 && (out[at - 1] & 0xc0) == 0x80; at--)
		;
	if (at == 0)
		return;
	at--;
	step = utf8_decode(out + at, size - 1 - at, &unused);
	if (step == 0)
		out[at] = '\0';
}

int err__set(struct err *e, enum err_cause cause, int code, const char *format, ...)
{
	va_list args;

	if (code == 0)
		code = -EIO;
	if (code > 0)
		code = -code;
	if (!e)
		return code;
	e->kept = e->cause != ERR_NONE;
	if (e->kept)
		return e->code;

	e->cause = cause;
	e->code = code;
	va_start(args, format);
	format_whole_characters(e->message, sizeof(e->message), format, args);
	va_end(args);
	return code;
}

void err__hint(struct err *e, const char *format, ...)
{
	va_list args;

	if (!e || e->kept || e->cause == ERR_NONE)
		return;
	va_start(args, format);
	format_whole_characters(e->hint, sizeof(e->hint), format, args);
	va_end(args);
}

void err__clear(struct err *e)
{
	memset(e, 0, sizeof(*e));
}

const char *err_cause_name(enum err_cause cause)
{
	static const char *const names[] = {
		[ERR_NONE] = "none",
		[ERR_USAGE] = "usage",
		[ERR_PERMISSION] = "permission",
		[ERR_UNSUPPORTED_KERNEL] = "unsupported_kernel",
		[ERR_IO] = "io",
		[ERR_NOT_FOUND] = "not_found",
		[ERR_TIMEOUT] = "timeout",
		[ERR_INTERNAL] = "internal",
	};

	return cause < sizeof(names) / sizeof(names[0]) ? names[cause] : "internal";
}
