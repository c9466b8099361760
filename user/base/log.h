/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_BASE_LOG_H
#define PPBPF_BASE_LOG_H

/*
 * Messages for people, on standard error, a line each: "ppbpf: ...".
 *
 * A message is written by one write(2), so that lines of two threads, or of
 * ppbpf and its COMMAND, do not mix. Control characters in it (a process may
 * choose its own name) become '?'.
 */

enum log_level {
	LOG_LEVEL_QUIET, /* nothing, not even errors */
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN, /* the default */
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* Takes the messages instead of standard error; the text has no newline. */
typedef void (*log_sink_fn)(enum log_level level, const char *message, void *context);

void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* NULL: standard error again. Set it before other threads start. */
void log_set_sink(log_sink_fn sink, void *context);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
