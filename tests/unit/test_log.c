// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "unit.h"

#include <string.h>

#include "base/log.h"

static char captured[4096];

/* What @say wrote to standard error. */
static const char *stderr_of(void (*say)(void))
{
	int pipes[2], saved = dup(STDERR_FILENO);
	ssize_t got;

	assert_int_equal(pipe2(pipes, O_NONBLOCK), 0);
	dup2(pipes[1], STDERR_FILENO);
	say();
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipes[1]);
	got = read(pipes[0], captured, sizeof(captured) - 1);
	close(pipes[0]);
	captured[got > 0 ? got : 0] = '\0';
	return captured;
}

static void say_each_level(void)
{
	log_error("e%d", 1);
	log_warn("w%d", 2);
	log_info("i%d", 3);
	log_debug("d%d", 4);
}

static void each_level_shows_itself_and_what_is_graver(void **state)
{
	static const char *const expected[] = {
		[LOG_LEVEL_QUIET] = "",
		[LOG_LEVEL_ERROR] = "ppbpf: e1\n",
		[LOG_LEVEL_WARN] = "ppbpf: e1\nppbpf: warning: w2\n",
		[LOG_LEVEL_INFO] = "ppbpf: e1\nppbpf: warning: w2\nppbpf: i3\n",
		[LOG_LEVEL_DEBUG] = "ppbpf: e1\nppbpf: warning: w2\nppbpf: i3\nppbpf: debug: d4\n",
	};

	(void)state;
	assert_int_equal(log_get_level(), LOG_LEVEL_WARN);
	for (int level = LOG_LEVEL_QUIET; level <= LOG_LEVEL_DEBUG; level++) {
		log_set_level(level);
		assert_string_equal(stderr_of(say_each_level), expected[level]);
	}
	log_set_level(LOG_LEVEL_WARN);
}

static void say_badly(void)
{
	log_error("a\nb\tc\x1b[31m d\x7f é\n\n");
}

static void a_message_is_one_line_without_controls(void **state)
{
	(void)state;
	assert_string_equal(stderr_of(say_badly), "ppbpf: a b c?[31m d? é\n");
}

static void say_much(void)
{
	log_warn("%*d", 3000, 1);
}

static void a_long_message_is_cut_but_ends_its_line(void **state)
{
	const char *line = stderr_of(say_much);

	(void)state;
	assert_true(strlen(line) > 1000);
	assert_true(strlen(line) < 1100);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void collect(enum log_level level, const char *message, void *context)
{
	char *into = context;

	sprintf(into + strlen(into), "%d:%s;", level, message);
}

static char collected[256];

static void say_to_a_sink(void)
{
	log_set_sink(collect, collected);
	log_error("to the sink\n");
	log_debug("not shown");
	log_set_sink(NULL, NULL);
	log_error("to standard error");
}

static void a_sink_takes_the_messages(void **state)
{
	(void)state;
	assert_string_equal(stderr_of(say_to_a_sink), "ppbpf: to standard error\n");
	assert_string_equal(collected, "1:to the sink;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_level_shows_itself_and_what_is_graver),
		cmocka_unit_test(a_message_is_one_line_without_controls),
		cmocka_unit_test(a_long_message_is_cut_but_ends_its_line),
		cmocka_unit_test(a_sink_takes_the_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
