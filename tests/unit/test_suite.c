// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/suite.h"
#include "store/suite_yaml.h"

static char path[64];

/* The suite in a text, or NULL and the error. */
static struct suite *suite_of(const char *text, struct err *e)
{
	FILE *file;

	snprintf(path, sizeof(path), "/tmp/ppbpf-suite-%d.yaml", getpid());
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	*e = (struct err){ 0 };
	return suite_yaml__read(path, e);
}

static struct suite *good(const char *text)
{
	struct err e;
	struct suite *suite = suite_of(text, &e);

	if (!suite)
		fail_msg("refused: %s", e.message);
	unlink(path);
	return suite;
}

/* Refused, in a message that has the line and each of the words. */
static void refused(const char *text, unsigned int line, const char *word, const char *other)
{
	char place[128];
	struct err e;
	struct suite *suite = suite_of(text, &e);

	if (suite)
		fail_msg("accepted: %s", text);
	unlink(path);
	assert_int_equal(e.cause, ERR_USAGE);
	snprintf(place, sizeof(place), "%s:%u: ", path, line);
	if (strncmp(e.message, place, strlen(place)) || !strstr(e.message, word) ||
	    !strstr(e.message, other))
		fail_msg("line %u, \"%s\" and \"%s\" expected in: %s", line, word, other, e.message);
	assert_null(strchr(e.message, '\n'));
}

static void every_key_is_read(void **state)
{
	struct suite *suite = good(
		"name: all\n"
		"defaults: {iterations: 7, env: {LANG: C, PATH: /bin}, threshold: 2.5%}\n"
		"benchmarks:\n"
		"- name: one\n"
		"  command: [a, '-9', \"b c\"]\n"
		"  env: {HOME: null, X: 'a=b'}\n"
		"  cwd: /tmp\n"
		"  stdin: /etc/passwd\n"
		"  user: nobody\n"
		"  setup: make all\n"
		"  cleanup: [rm, x]\n"
		"  prepare: sync\n"
		"  conclude: [sync]\n"
		"  warmup: 0\n"
		"  timeout: 1500ms\n"
		"  throughput: {bytes: 64K}\n"
		"  expect: {status: [0, 3], output: '^ok$'}\n"
		"  region: parse\n"
		"- {name: two, shell: yes, command: a | b, iterations: 3, threshold: 0.1,\n"
		"   throughput: 1000, function: 'f@libz.so.1'}\n");
	const struct suite_benchmark *b = suite->benchmarks;

	(void)state;
	assert_int_equal(suite->count, 2);
	assert_string_equal(suite->name, "all");
	assert_string_equal(b->name, "one");
	assert_string_equal(b->command.argv[1], "-9");
	assert_string_equal(b->command.argv[2], "b c");
	assert_null(b->command.argv[3]);
	assert_string_equal(b->env[0], "LANG=C");
	assert_string_equal(b->env[2], "HOME");
	assert_string_equal(b->env[3], "X=a=b");
	assert_null(b->env[4]);
	assert_string_equal(b->cwd, "/tmp");
	assert_string_equal(b->stdin_path, "/etc/passwd");
	assert_string_equal(b->user, "nobody");
	assert_true(b->setup.shell && b->prepare.shell);
	assert_string_equal(b->setup.argv[2], "make all");
	assert_false(b->cleanup.shell || b->conclude.shell);
	assert_int_equal(b->iterations, 7);
	assert_true(b->warmup_given && b->warmup == 0);
	assert_int_equal(b->timeout_ns, 1500000000);
	assert_true(fabs(b->threshold - 0.025) < 1e-12);
	assert_int_equal(b->throughput_unit, THROUGHPUT_BYTES);
	assert_true(b->throughput == 65536);
	assert_true(suite_benchmark__status_is_well(b, 3));
	assert_false(suite_benchmark__status_is_well(b, 1));
	assert_string_equal(b->output, "^ok$");
	assert_string_equal(b->region, "parse");
	assert_int_equal(b->line, 4);
	b++;
	assert_string_equal(b->command.argv[0], "/bin/sh");
	assert_string_equal(b->command.argv[2], "a | b");
	assert_int_equal(b->iterations, 3);
	assert_false(b->warmup_given);
	assert_true(suite_benchmark__status_is_well(b, 0));
	assert_false(suite_benchmark__status_is_well(b, 3));
	assert_int_equal(b->throughput_unit, THROUGHPUT_OPERATIONS);
	assert_string_equal(b->function, "f@libz.so.1");
	suite__free(suite);
}

static void parameters_are_a_matrix(void **state)
{
	struct suite *suite = good(
		"- name: z\n"
		"  command: [gzip, '-{level}', '{file}', '{other}', 'x{level}y{level}']\n"
		"  env: {L: '{level}'}\n"
		"  parameters: {level: [1, 9], file: [a, b, c]}\n"
		"- {name: 'n-{p}', command: [x], parameters: {p: [5]}}\n");

	(void)state;
	assert_int_equal(suite->count, 7);
	assert_string_equal(suite->benchmarks[0].name, "z[level=1,file=a]");
	assert_string_equal(suite->benchmarks[1].name, "z[level=1,file=b]");
	assert_string_equal(suite->benchmarks[5].name, "z[level=9,file=c]");
	assert_string_equal(suite->benchmarks[5].command.argv[1], "-9");
	assert_string_equal(suite->benchmarks[5].command.argv[2], "c");
	assert_string_equal(suite->benchmarks[5].command.argv[3], "{other}");
	assert_string_equal(suite->benchmarks[5].command.argv[4], "x9y9");
	assert_string_equal(suite->benchmarks[5].env[0], "L=9");
	assert_string_equal(suite->benchmarks[5].parameters[1].value, "c");
	assert_string_equal(suite->benchmarks[6].name, "n-5");
	suite__free(suite);
}

static void mistakes_name_their_line_and_key(void **state)
{
	(void)state;
	refused("benchmarks:\n- name: a\n  comand: [x]\n", 3, "comand", "did you mean command");
	refused("- name: a\n  command: [x]\n  timeout: soon\n", 3, "timeout", "\"soon\"");
	refused("- name: a\n  command: [x]\n  timeout: 0\n", 3, "timeout", "\"0\"");
	refused("- name: a\n  command: x y\n", 2, "command", "shell: true");
	refused("- name: a\n  shell: true\n  command: [x]\n", 3, "command", "line");
	refused("- command: [x]\n", 1, "name", "missing");
	refused("- name: a\n", 1, "command", "missing");
	refused("- {name: a, command: []}\n", 1, "command", "empty list");
	refused("- {name: a, command: [x], iterations: 0}\n", 1, "iterations", "\"0\"");
	refused("- {name: a, command: [x], iterations: -3}\n", 1, "iterations", "\"-3\"");
	refused("- {name: a, command: [x], iterations: [1]}\n", 1, "iterations", "number");
	refused("- {name: a, command: [x], threshold: 5}\n", 1, "threshold", "\"5\"");
	refused("- {name: a, command: [x], shell: maybe}\n", 1, "shell", "\"maybe\"");
	refused("- {name: a, command: [x], env: [A]}\n", 1, "env", "LANG");
	refused("- {name: a, command: [x], env: {A=B: c}}\n", 1, "env", "A=B");
	refused("- {name: a, command: [x],\n   expect: {status: 256}}\n", 2, "expect.status", "256");
	refused("- {name: a, command: [x],\n   expect: {output: '['}}\n", 2, "expect.output",
		"regular expression");
	refused("- {name: a, command: [x],\n   expect: {stats: 1}}\n", 2, "stats", "status");
	refused("- {name: a, command: [x], throughput: {bytes: many}}\n", 1, "throughput.bytes",
		"many");
	refused("- {name: a, command: [x], parameters: {p: []}}\n", 1, "parameters", "p");
	refused("- {name: a, command: [x]}\n- {name: a, command: [y]}\n", 2, "name", "\"a\"");
	refused("- {name: a, command: [x],\n   name: b}\n", 2, "name", "twice");
	refused("- {name: a, command: [x], region: r, function: f}\n", 1, "region", "choose one");
	refused("defaults: {name: x}\nbenchmarks: [{name: a, command: [x]}]\n", 1, "defaults", "own");
	refused("benchmarks: {}\n", 1, "benchmarks", "list");
	refused("a: [\n", 2, "no YAML", "");
	refused("benchmarks:\n\t- x\n", 2, "no YAML", "");
	refused("just text\n", 1, "benchmarks", "missing");
}

static void a_suite_cannot_grow_without_bounds(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	buf__puts(&text, "- name: a\n  command: [x]\n  parameters:\n");
	for (int i = 0; i < 6; i++)
		buf__printf(&text, "    p%d: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n", i);
	refused(buf__str(&text), 1, "parameters", "100000");
	buf__free(&text);
	/* aliases of aliases: each list is ten times the one before */
	buf__puts(&text, "- name: a\n  command: [x]\n  parameters:\n    p0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
	for (int i = 1; i < 9; i++)
		buf__printf(&text, "    p%d: &a%d [*a%d,*a%d]\n", i, i, i - 1, i - 1);
	refused(buf__str(&text), 4, "parameters", "list of values");
	buf__free(&text);
}

static void an_empty_file_is_no_suite(void **state)
{
	struct err e;

	(void)state;
	assert_null(suite_of("", &e));
	assert_int_equal(e.cause, ERR_USAGE);
	unlink(path);
	e = (struct err){ 0 };
	assert_null(suite_yaml__read("/nonexistent/suite.yaml", &e));
	assert_int_equal(e.cause, ERR_NOT_FOUND);
}

static void the_example_is_a_suite(void **state)
{
	struct suite *suite = good(suite_yaml_example);

	(void)state;
	assert_int_equal(suite->count, 4);
	assert_string_equal(suite->benchmarks[2].name, "compress[level=9]");
	suite__free(suite);
}

static void expect_words(const char *line, const char *const *expected)
{
	struct arena arena = ARENA_INIT;
	int err;
	char **words = words_split(&arena, line, &err);
	size_t i;

	assert_int_equal(err, 0);
	for (i = 0; expected[i]; i++) {
		assert_non_null(words[i]);
		assert_string_equal(words[i], expected[i]);
	}
	assert_null(words[i]);
	arena__free(&arena);
}

static void lines_are_split_as_a_shell_would(void **state)
{
	struct arena arena = ARENA_INIT;
	int err;

	(void)state;
	expect_words("a  b\tc ", (const char *const[]){ "a", "b", "c", NULL });
	expect_words("a 'b c' \"d \\\" e\" f\\ g", (const char *const[]){ "a", "b c", "d \" e", "f g",
									NULL });
	expect_words("'' x\"\"y '$HOME'", (const char *const[]){ "", "xy", "$HOME", NULL });
	expect_words("", (const char *const[]){ NULL });
	assert_null(words_split(&arena, "a 'b", &err));
	assert_int_equal(err, -EINVAL);
	arena__free(&arena);
}

static void commands_are_shown_as_one_would_type_them(void **state)
{
	struct arena arena = ARENA_INIT;
	struct suite_command list = { .argv = (char *[]){ "a b", "-x", "it's", "", NULL } };
	struct suite_command line = { .argv = (char *[]){ "/bin/sh", "-c", "a | b", NULL },
				      .shell = true };

	(void)state;
	assert_string_equal(command_text(&arena, &list), "'a b' -x 'it'\\''s' ''");
	assert_string_equal(command_text(&arena, &line), "a | b");
	arena__free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(parameters_are_a_matrix),
		cmocka_unit_test(mistakes_name_their_line_and_key),
		cmocka_unit_test(a_suite_cannot_grow_without_bounds),
		cmocka_unit_test(an_empty_file_is_no_suite),
		cmocka_unit_test(the_example_is_a_suite),
		cmocka_unit_test(lines_are_split_as_a_shell_would),
		cmocka_unit_test(commands_are_shown_as_one_would_type_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
