// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define PREFIX "ppbpf: "
#define MESSAGE_BYTES 1024

static enum log_level current_level = LOG_LEVEL_WARN;
static log_sink_fn current_sink;
static void *current_context;

void log_set_level(enum log_level level)
{
	current_level = level;
}

enum log_level log_get_level(void)
{
	return current_level;
}

void log_set_sink(log_sink_fn sink, void *context)
{
	current_sink = sink;
	current_context = context;
}

static void emit(enum log_level level, const char *format, va_list args)
{
	static const char *const labels[] = {
		[LOG_LEVEL_ERROR] = "",
		[LOG_LEVEL_WARN] = "warning: ",
		[LOG_LEVEL_INFO] = "",
		[LOG_LEVEL_DEBUG] = "debug: ",
	};
	char message[MESSAGE_BYTES];
	char line[sizeof(PREFIX) + sizeof("warning: ") + MESSAGE_BYTES];
	int length;

	if (level > current_level)
		return;
	vsnprintf(message, sizeof(message), format, args);
	length = strlen(message);
	while (length > 0 && message[length - 1] == '\n')
		message[--length] = '\0';
	text_blank_controls(message);
	if (current_sink) {
		current_sink(level, message, current_context);
		return;
	}
	length = snprintf(line, sizeof(line), PREFIX "%s%s\n", labels[level], message);
	/* Nobody is left to tell when standard error itself fails. */
	if (write(STDERR_FILENO, line, length) < 0)
		return;
}

#define DEFINE_LOG(name, level)            \
	void name(const char *format, ...) \
	{                                  \
		va_list args;              \
                                           \
		va_start(args, format);    \
		emit(level, format, args); \
		va_end(args);              \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warn, LOG_LEVEL_WARN)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)
