// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "symbol/perfmap.h"

static int file_of(const char *text)
{
	int fd = memfd_create("map", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static struct perfmap *map_of(const char *text)
{
	struct perfmap *map = perfmap__new();
	int fd = file_of(text);

	assert_int_equal(perfmap__read(map, fd), 0);
	close(fd);
	return map;
}

static const char *name_at(const struct perfmap *map, uint64_t address)
{
	const struct perfmap_symbol *symbol = perfmap__find(map, address);

	return symbol ? symbol->name : "";
}

static void lines_are_read_with_and_without_0x(void **state)
{
	struct perfmap *map = map_of("7f0010 20 plain\n0x7f0030 0x10 with a blank\nABCDEF 1 upper\n");

	(void)state;
	assert_string_equal(name_at(map, 0x7f000f), "");
	assert_string_equal(name_at(map, 0x7f0010), "plain");
	assert_string_equal(name_at(map, 0x7f002f), "plain");
	assert_string_equal(name_at(map, 0x7f0030), "with a blank");
	assert_string_equal(name_at(map, 0x7f0040), "");
	assert_string_equal(name_at(map, 0xabcdef), "upper");
	assert_int_equal(perfmap__find(map, 0x7f0011)->start, 0x7f0010);
	perfmap__free(map);
	perfmap__free(NULL);
}

static void a_later_line_holds_where_it_overlaps(void **state)
{
	struct perfmap *map = map_of("1000 100 old\n1080 10 other\n1000 40 new\n");

	(void)state;
	assert_string_equal(name_at(map, 0x1000), "new");
	assert_string_equal(name_at(map, 0x1040), "old");
	assert_string_equal(name_at(map, 0x1080), "other");
	perfmap__free(map);
}

static void garbage_is_passed_by_and_counted(void **state)
{
	struct perfmap_state about;
	struct perfmap *map = map_of("\nhello\n0x 10 no digits\n10 0 no size\n10 20\n"
				     "ffffffffffffffff 10 wraps\n11112222333344445 10 too long\n"
				     "10 10 \n-10 10 signed\n2000 10 good\n10 10x what\n");

	(void)state;
	perfmap__state(map, &about);
	assert_int_equal(about.symbols, 1);
	assert_int_equal(about.bad_lines, 9);
	assert_string_equal(name_at(map, 0x2008), "good");
	perfmap__free(map);
}

static void a_growing_map_is_read_on(void **state)
{
	struct perfmap *map = perfmap__new();
	int fd = file_of("1000 10 first\n2000 10 sec");

	(void)state;
	assert_null(perfmap__find(map, 0x1000));
	assert_int_equal(perfmap__read(map, fd), 0);
	assert_string_equal(name_at(map, 0x1000), "first");
	assert_string_equal(name_at(map, 0x2000), "");
	assert_int_equal(write(fd, "ond\n1000 8 third\n", 17), 17);
	assert_int_equal(perfmap__read(map, fd), 0);
	assert_string_equal(name_at(map, 0x2000), "second");
	assert_string_equal(name_at(map, 0x1000), "third");
	assert_string_equal(name_at(map, 0x1008), "first");
	close(fd);
	perfmap__free(map);
}

static void node_s_names_are_taken_apart(void **state)
{
	static const struct {
		const char *text, *name, *file;
		uint32_t line;
	} cases[] = {
		{ "LazyCompile:~work file:///srv/x.js:3:1", "work", "file:///srv/x.js", 3 },
		{ "JS:^ node:internal/fs:9:2", "(anonymous)", "node:internal/fs", 9 },
		{ "JS:*work", "JS:*work", NULL, 0 },
		{ "JS:*work x.js:12", "JS:*work x.js:12", NULL, 0 },
		{ "Builtin:ArrayMap", "Builtin:ArrayMap", NULL, 0 },
		{ "py::fib:/x.py", "py::fib:/x.py", NULL, 0 },
		{ "Lcom/x/Y;::run", "Lcom/x/Y;::run", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		const struct perfmap_symbol *symbol;
		struct perfmap *map;
		char line[100];

		snprintf(line, sizeof(line), "10 10 %s\n", cases[i].text);
		map = map_of(line);
		symbol = perfmap__find(map, 0x10);
		assert_non_null(symbol);
		assert_string_equal(symbol->name, cases[i].name);
		assert_int_equal(symbol->line, cases[i].line);
		if (cases[i].file)
			assert_string_equal(symbol->file, cases[i].file);
		else
			assert_null(symbol->file);
		perfmap__free(map);
	}
}

static void a_gigabyte_is_not_read_whole(void **state)
{
	struct perfmap *map = perfmap__new();
	struct perfmap_state about;
	int fd = file_of("1000 10 first\n");

	(void)state;
	/* one line of NULs */
	assert_int_equal(ftruncate(fd, 1 << 30), 0);
	assert_int_equal(perfmap__read(map, fd), 0);
	perfmap__state(map, &about);
	assert_true(about.full);
	assert_true(about.bytes <= 257 << 20);
	assert_int_equal(about.symbols, 1);
	assert_string_equal(name_at(map, 0x1000), "first");
	close(fd);
	perfmap__free(map);
}

static void the_map_of_a_process_is_found_and_kept(void **state)
{
	struct perfmap *map = perfmap__new();
	char path[64];
	FILE *file;

	(void)state;
	if (geteuid())
		skip_because("/proc/PID/root of others is for root only");
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	assert_int_equal(perfmap__open(map, getpid()), -ENOENT);
	file = fopen(path, "w");
	fputs("1000 10 mine\n", file);
	fflush(file);
	assert_int_equal(chown(path, 12345, 12345), 0);
	assert_int_equal(perfmap__open(map, getpid()), -EPERM);
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(perfmap__open(map, getpid()), 0);
	assert_int_equal(perfmap__refresh(map), 0);
	unlink(path);
	fputs("2000 10 later\n", file);
	fclose(file);
	assert_int_equal(perfmap__open(map, getpid()), 0);
	assert_int_equal(perfmap__refresh(map), 0);
	assert_string_equal(name_at(map, 0x1000), "mine");
	assert_string_equal(name_at(map, 0x2000), "later");
	perfmap__free(map);
	/* what is no file */
	assert_int_equal(mkfifo(path, 0600), 0);
	map = perfmap__new();
	assert_int_equal(perfmap__open(map, getpid()), -ENOENT);
	unlink(path);
	perfmap__free(map);
}

static void the_map_of_a_process_that_is_gone_is_found(void **state)
{
	struct perfmap *map = perfmap__new();
	char path[64];
	pid_t gone = fork();
	FILE *file;

	(void)state;
	if (!gone)
		_exit(0);
	assert_int_equal(waitpid(gone, NULL, 0), gone);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", gone);
	assert_int_equal(perfmap__open(map, gone), -ENOENT);
	file = fopen(path, "w");
	fputs("1000 10 left\n", file);
	fclose(file);
	if (!geteuid()) {
		assert_int_equal(chown(path, 12345, 12345), 0);
		assert_int_equal(perfmap__open(map, gone), -EPERM);
		assert_int_equal(chown(path, 0, 0), 0);
	}
	assert_int_equal(perfmap__open(map, gone), 0);
	unlink(path);
	assert_int_equal(perfmap__refresh(map), 0);
	assert_string_equal(name_at(map, 0x1000), "left");
	perfmap__free(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read_with_and_without_0x),
		cmocka_unit_test(a_later_line_holds_where_it_overlaps),
		cmocka_unit_test(garbage_is_passed_by_and_counted),
		cmocka_unit_test(a_growing_map_is_read_on),
		cmocka_unit_test(node_s_names_are_taken_apart),
		cmocka_unit_test(a_gigabyte_is_not_read_whole),
		cmocka_unit_test(the_map_of_a_process_is_found_and_kept),
		cmocka_unit_test(the_map_of_a_process_that_is_gone_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
