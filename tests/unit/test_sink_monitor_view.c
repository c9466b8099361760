// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/text.h"
#include "sink/monitor_view.h"
#include "sink_report.h"

#define ROWS 24
#define COLUMNS 80

/* What a terminal makes of the few sequences that the view uses. */
struct model {
	char rows[ROWS][COLUMNS * 4 + 1];	/* the text of each row */
	int row;
	int scrolled;
	int frames;		/* times the cursor went back up */
	bool at_start;		/* of a row */
	bool cursor_hidden;
	bool coloured;
};

static void erase(struct model *model, int from)
{
	for (int i = from; i < ROWS; i++)
		model->rows[i][0] = '\0';
}

static const char *sequence(struct model *model, const char *at)
{
	int n = 1, length = 0;

	if (sscanf(at, "[%dA%n", &n, &length) == 1 && length) {
		model->row -= n;
		assert_true(model->row >= 0);
		model->frames++;
		return at + length;
	}
	if (!strncmp(at, "[K", 2)) {
		/* only ever after the text of a line, or before any */
		if (model->at_start)
			model->rows[model->row][0] = '\0';
		return at + 2;
	}
	if (!strncmp(at, "[J", 2)) {
		/* a terminal may keep a copy of what is erased as a whole screen */
		assert_true(model->row > 0);
		erase(model, model->row);
		return at + 2;
	}
	if (!strncmp(at, "[?25", 4)) {
		model->cursor_hidden = at[4] == 'l';
		return at + 5;
	}
	if (sscanf(at, "[%dm%n", &n, &length) == 1 && length) {
		model->coloured = true;
		return at + length;
	}
	fail_msg("an unknown sequence: %.8s", at);
	return NULL;
}

static void line_feed(struct model *model)
{
	if (++model->row == ROWS) {
		model->row--;
		model->scrolled++;
	}
}

static void feed(struct model *model, const char *at)
{
	while (*at) {
		size_t length = strcspn(at, "\r\n\033");
		char *row = model->rows[model->row];

		if (length) {
			assert_true(length < sizeof(model->rows[0]));
			memcpy(row, at, length);
			row[length] = '\0';
			assert_in_range(text_width(row, true), 0, COLUMNS);
			at += length;
			model->at_start = false;
		} else if (*at == '\033') {
			at = sequence(model, at + 1);
		} else {
			if (*at == '\n')
				line_feed(model);
			model->at_start = true;
			at++;
		}
	}
}

static const char *row_with(const struct model *model, const char *what)
{
	for (int i = 0; i < ROWS; i++)
		if (strstr(model->rows[i], what))
			return model->rows[i];
	return NULL;
}

struct terminal {
	int master;
	int slave;
};

static void resize(const struct terminal *terminal, int columns)
{
	struct winsize size = { .ws_row = ROWS, .ws_col = columns };

	assert_int_equal(ioctl(terminal->slave, TIOCSWINSZ, &size), 0);
}

static struct terminal open_terminal(void)
{
	struct terminal terminal;
	struct termios settings;

	terminal.master = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(terminal.master >= 0);
	assert_int_equal(grantpt(terminal.master), 0);
	assert_int_equal(unlockpt(terminal.master), 0);
	terminal.slave = open(ptsname(terminal.master), O_RDWR | O_NOCTTY);
	assert_true(terminal.slave >= 0);
	assert_int_equal(tcgetattr(terminal.slave, &settings), 0);
	settings.c_oflag &= ~(tcflag_t)OPOST;	/* what we write is what is read */
	tcsetattr(terminal.slave, TCSANOW, &settings);
	fcntl(terminal.master, F_SETFL, O_NONBLOCK);
	resize(&terminal, COLUMNS);
	return terminal;
}

static void close_terminal(const struct terminal *terminal)
{
	close(terminal->slave);
	close(terminal->master);
}

static const char *written(int fd)
{
	static char text[1 << 16];
	size_t length = 0;
	ssize_t n;

	while ((n = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += n;
	text[length] = '\0';
	return text;
}

/* Ten intervals a second; build.sh has half a CPU. */
static void run(struct monitor_view *view, struct report *report, int from, int to)
{
	struct report_interval interval = {
		.seconds = 0.1, .cpu_percent = 50, .resident_bytes = 4 << 20,
	};

	for (int i = from; i <= to; i++) {
		interval.time = i / 10.0;
		interval.values[PPBPF_CPU_NS] = 50 * MS;
		interval.values[PPBPF_READ_BYTES] = 1 << 20;
		sample_figures(report, 4242)[PPBPF_CPU_NS] += 50 * MS;
		assert_int_equal(monitor_view__interval(view, report, &interval), 0);
	}
}

static int plain_terminal(void **state)
{
	(void)state;
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "1", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("COLUMNS");
	return 0;
}

static void a_terminal_is_refreshed_in_place(void **state)
{
	struct terminal terminal = open_terminal();
	struct report *report = sample_report();
	struct monitor_view *view = monitor_view__new(terminal.slave, NULL, 0);
	struct model model = { 0 };

	(void)state;
	run(view, report, 1, 1);
	feed(&model, written(terminal.master));
	assert_true(model.cursor_hidden);
	assert_string_equal(model.rows[0],
			    "./build.sh and 2 more processes · 100 ms · every 100 ms");
	assert_int_equal(model.frames, 0);
	run(view, report, 2, 10);
	feed(&model, written(terminal.master));
	/* at 0.4, 0.7 and 1.0 s: at most four a second */
	assert_int_equal(model.frames, 3);
	assert_int_equal(model.scrolled, 0);
	assert_string_equal(model.rows[0],
			    "./build.sh and 2 more processes · 1.00 s · every 100 ms");
	assert_non_null(row_with(&model, "on CPU"));
	assert_false(model.coloured);
	assert_int_equal(monitor_view__free(view), 0);
	feed(&model, written(terminal.master));
	assert_false(model.cursor_hidden);
	assert_int_equal(model.row, 0);
	for (int i = 0; i < ROWS; i++)
		assert_string_equal(model.rows[i], "");
	close_terminal(&terminal);
	report__free(report);
}

static void a_row_has_the_share_of_late(void **state)
{
	struct terminal terminal = open_terminal();
	struct report *report = sample_report();
	struct monitor_view *view = monitor_view__new(terminal.slave, NULL, 0);
	struct model model = { 0 };
	const char *row;

	(void)state;
	run(view, report, 1, 7);
	feed(&model, written(terminal.master));
	row = row_with(&model, " 4242 build.sh");
	assert_non_null(row);
	assert_non_null(strstr(row, " 50.0 % "));
	/* 100 ms it had, 50 a time since */
	assert_non_null(strstr(row, " 0.45 s "));
	assert_non_null(strstr(row, "4.00 MB"));
	/* what has ended is left to the summary */
	assert_null(row_with(&model, "cc1 parse.c"));
	monitor_view__free(view);
	close_terminal(&terminal);
	report__free(report);
}

static void many_processes_do_not_scroll_the_screen(void **state)
{
	struct terminal terminal = open_terminal();
	struct report *report = sample_report();
	struct monitor_view *view = monitor_view__new(terminal.slave, NULL, 100);
	struct model model = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 50; i++) {
		struct ppbpf_exec_event exec = {
			.kind = PPBPF_EVENT_EXEC, .tgid = 6000 + i, .names = { .pid = 6000 + i }, .comm = "many",
			.leader_start_boot_ns = BEGIN_NS + i, .boot_ns = BEGIN_NS + i,
		};

		assert_int_equal(tasks__exec(report->tasks, &exec), 0);
	}
	run(view, report, 1, 10);
	feed(&model, written(terminal.master));
	assert_int_equal(model.scrolled, 0);
	assert_int_equal(model.row, ROWS - 1);
	assert_non_null(row_with(&model, " 6000 many"));
	monitor_view__free(view);
	close_terminal(&terminal);
	report__free(report);
}

/* The old lines take more rows in a narrower window: those are gone back over, too. */
static void a_resized_window_is_obeyed(void **state)
{
	struct terminal terminal = open_terminal();
	struct report *report = sample_report();
	struct monitor_view *view = monitor_view__new(terminal.slave, NULL, 0);
	const char *text, *line, *end;
	int lines = 0, up = 0;

	(void)state;
	run(view, report, 1, 1);
	for (text = written(terminal.master); (text = strchr(text, '\n')); text++)
		lines++;
	resize(&terminal, 40);
	run(view, report, 2, 4);
	text = written(terminal.master);
	assert_int_equal(sscanf(text, "\r\033[%dA", &up), 1);
	assert_true(up > lines);
	for (line = strchr(text, 'A') + 1; (end = strchr(line, '\n')); line = end + 1) {
		char copy[512];

		/* less the sequence that erases the rest of the line */
		snprintf(copy, sizeof(copy), "%.*s", (int)(end - line) - 3, line);
		assert_in_range(text_width(copy, true), 0, 40);
	}
	monitor_view__free(view);
	close_terminal(&terminal);
	report__free(report);
}

static void colours_come_where_they_are_wanted(void **state)
{
	struct terminal terminal = open_terminal();
	struct report *report = sample_report();
	struct monitor_view *view;

	(void)state;
	unsetenv("NO_COLOR");
	view = monitor_view__new(terminal.slave, NULL, 0);
	run(view, report, 1, 1);
	assert_non_null(strstr(written(terminal.master), "\033[32m"));
	monitor_view__free(view);
	close_terminal(&terminal);
	report__free(report);
}

static void assert_plain_lines(const char *text)
{
	static const char *const expected[] = {
		"       time        cpu     memory    waiting       read    written       sent   received",
		"     1.00 s     50.0 %    4.00 MB     0.00 s    10.0 MB          0          0          0",
		"     2.00 s     50.0 %    4.00 MB     0.00 s    10.0 MB          0          0          0",
	};
	size_t count = 0;
	const char *end;

	for (; (end = strchr(text, '\n')); text = end + 1) {
		assert_true(count < LENGTH(expected));
		assert_int_equal(end - text, strlen(expected[count]));
		assert_memory_equal(text, expected[count], end - text);
		count++;
	}
	assert_int_equal(count, LENGTH(expected));
	assert_string_equal(text, "");
}

static void a_pipe_gets_a_line_a_second(void **state)
{
	struct report *report = sample_report();
	struct monitor_view *view;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	view = monitor_view__new(ends[1], NULL, 0);
	run(view, report, 1, 25);
	assert_int_equal(monitor_view__free(view), 0);
	assert_plain_lines(written(ends[0]));
	close(ends[0]);
	close(ends[1]);
	report__free(report);
}

static void a_dumb_terminal_gets_lines_without_any_sequence(void **state)
{
	struct terminal terminal = open_terminal();
	struct report *report = sample_report();
	struct monitor_view *view;

	(void)state;
	setenv("TERM", "dumb", 1);
	resize(&terminal, 100);
	view = monitor_view__new(terminal.slave, NULL, 0);
	run(view, report, 1, 25);
	assert_int_equal(monitor_view__free(view), 0);
	assert_plain_lines(written(terminal.master));
	close_terminal(&terminal);
	report__free(report);
}

static void long_intervals_have_a_line_each(void **state)
{
	struct report *report = sample_report();
	struct report_interval interval = { .seconds = 5, .cpu_percent = 10 };
	struct monitor_view *view;
	int ends[2], lines = 0;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	report->tracked[1] = false;
	view = monitor_view__new(ends[1], NULL, 0);
	for (int i = 1; i <= 3; i++) {
		interval.time = 5 * i;
		monitor_view__interval(view, report, &interval);
	}
	for (const char *c = written(ends[0]); (c = strchr(c, '\n')); c++)
		lines++;
	assert_int_equal(lines, 1 + 3);
	monitor_view__free(view);
	close(ends[0]);
	close(ends[1]);
	report__free(report);
}

static void a_reader_that_went_away_is_epipe(void **state)
{
	struct report *report = sample_report();
	struct report_interval interval = { .time = 1, .seconds = 1 };
	struct monitor_view *view;
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	view = monitor_view__new(ends[1], NULL, 0);
	close(ends[0]);
	assert_int_equal(monitor_view__interval(view, report, &interval), -EPIPE);
	monitor_view__free(view);
	monitor_view__free(NULL);
	close(ends[1]);
	report__free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_terminal_is_refreshed_in_place, plain_terminal),
		cmocka_unit_test_setup(a_row_has_the_share_of_late, plain_terminal),
		cmocka_unit_test_setup(many_processes_do_not_scroll_the_screen, plain_terminal),
		cmocka_unit_test_setup(a_resized_window_is_obeyed, plain_terminal),
		cmocka_unit_test_setup(colours_come_where_they_are_wanted, plain_terminal),
		cmocka_unit_test_setup(a_pipe_gets_a_line_a_second, plain_terminal),
		cmocka_unit_test_setup(a_dumb_terminal_gets_lines_without_any_sequence,
				       plain_terminal),
		cmocka_unit_test_setup(long_intervals_have_a_line_each, plain_terminal),
		cmocka_unit_test_setup(a_reader_that_went_away_is_epipe, plain_terminal),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
