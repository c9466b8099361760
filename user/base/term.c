// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/term.h"

#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/units.h"

#define TERMINAL_WIDTH 80
#define TERMINAL_HEIGHT 24
#define PIPE_WIDTH 100
#define WIDEST 10000
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Asks the environment, not setlocale(): a library may not have called it. */
static bool locale_is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", NULL);
	const char *charset;
	bool utf8;

	if (!locale)
		return false;
	charset = nl_langinfo_l(CODESET, locale);
	utf8 = !strcasecmp(charset, "UTF-8") || !strcasecmp(charset, "UTF8");
	freelocale(locale);
	return utf8;
}

/* An empty variable counts as none, as no-color.org has it. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static bool terminal_is_dumb(void)
{
	const char *type = variable("TERM");

	return !*type || !strcmp(type, "dumb");
}

void term__resize(struct term *t, int fd)
{
	struct winsize size;
	uint64_t columns;

	if (!t->is_terminal)
		return;
	t->width = TERMINAL_WIDTH;
	t->height = TERMINAL_HEIGHT;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
		t->width = size.ws_col;
		t->height = size.ws_row > 0 ? size.ws_row : TERMINAL_HEIGHT;
	} else if (parse_u64(variable("COLUMNS"), 1, WIDEST, &columns) == 0) {
		t->width = (int)columns;
	}
}

void term__detect(struct term *t, int fd)
{
	*t = (struct term){ .width = PIPE_WIDTH };
	t->is_terminal = isatty(fd);
	t->utf8 = locale_is_utf8();
	t->colour = t->is_terminal && !*variable("NO_COLOR") && !terminal_is_dumb();
	term__resize(t, fd);
}

const char *term_shade(size_t index, bool utf8)
{
	static const char *const blocks[] = { "█", "▓", "▒", "░" };
	static const char *const ascii[] = { "#", "=", "-", "." };

	return (utf8 ? blocks : ascii)[index % LENGTH(blocks)];
}

/* Columns up to the end of a part; each edge is rounded, so the errors do not add up. */
static int edge(double sum, double total, int width)
{
	double column = round(sum / total * width);

	return column >= width ? width : column <= 0 ? 0 : (int)column;
}

void term_bar(struct buf *b, const double *parts, size_t count, double total, int width, bool utf8)
{
	double sum = 0;
	int at = 0;

	if (!(total > 0))
		count = 0;
	for (size_t i = 0; i < count; i++) {
		int end;

		if (!(parts[i] > 0))
			continue;
		sum += parts[i];
		end = edge(sum, total, width);
		if (end <= at && at < width)
			end = at + 1;
		for (; at < end; at++)
			buf__puts(b, term_shade(i, utf8));
	}
	if (at < width)
		buf__fill(b, ' ', width - at);
}

/* The largest of those values that one column shows; NaN when none is known. */
static double largest(const double *values, size_t from, size_t to)
{
	double most = NAN;

	for (size_t i = from; i < to; i++)
		most = fmax(most, values[i]);
	return most;
}

void term_sparkline(struct buf *b, const double *values, size_t count, int width, bool utf8)
{
	static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const ascii[] = { "_", ".", "-", "~", "=", "+", "*", "#" };
	const char *const *levels = utf8 ? blocks : ascii;
	const int steps = LENGTH(blocks);
	size_t columns = width < 0 ? 0 : count < (size_t)width ? count : (size_t)width;
	double top = largest(values, 0, count);

	for (size_t i = 0; i < columns; i++) {
		double value = largest(values, i * count / columns, (i + 1) * count / columns);
		double share = top > 0 && value > 0 ? value / top : 0;
		double level = fmax(0, ceil(share * steps) - 1);

		if (isnan(value))
			buf__putc(b, ' ');
		else
			buf__puts(b, levels[(size_t)level]);
	}
}
