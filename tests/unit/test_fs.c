// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"

#define NOBODY 65534

static char folder[FOLDER_LENGTH];

/* Every test has an empty folder as its working directory. */
static int enter_folder(void **state)
{
	(void)state;
	umask(022);
	return temporary_folder(folder) == 0 && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
	char command[FOLDER_LENGTH + 8];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return chdir("/") == 0 ? system(command) : -1;
}

static void put_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void expect_contents(const char *path, const char *expected)
{
	struct buf b = BUF_INIT;

	assert_int_equal(read_file(path, 1 << 20, &b, NULL), 0);
	assert_string_equal(buf__str(&b), expected);
	buf__free(&b);
}

static int entries(const char *path)
{
	DIR *dir = opendir(path);
	int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2; /* . and .. */
}

/* What a file that is being written adds to its folder. */
static int unfinished(void)
{
	int fd = open(".", O_TMPFILE | O_WRONLY, 0600);

	if (fd < 0)
		return 1;
	close(fd);
	return 0;
}

static void reading_appends(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	put_file("a", "hello");
	put_file("empty", "");
	buf__puts(&b, "> ");
	assert_int_equal(read_file("a", 5, &b, NULL), 0);
	assert_int_equal(read_file("empty", 0, &b, NULL), 0);
	assert_string_equal(buf__str(&b), "> hello");
	buf__free(&b);
}

static void a_file_without_a_size_is_read_whole(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	/* /proc says that its files have 0 bytes. */
	assert_int_equal(read_file("/proc/self/comm", 4096, &b, NULL), 0);
	assert_int_equal(b.data[b.length - 1], '\n');
	buf__truncate(&b, b.length - 1);
	assert_string_equal(buf__str(&b), program_invocation_short_name);
	buf__free(&b);
}

static void a_large_file_is_read_to_the_last_byte(void **state)
{
	struct buf b = BUF_INIT;
	FILE *file = fopen("large", "w");

	(void)state;
	for (int i = 0; i < 100000; i++)
		fprintf(file, "%07d\n", i);
	fclose(file);
	assert_int_equal(read_file("large", 800000, &b, NULL), 0);
	assert_int_equal(b.length, 800000);
	assert_string_equal(b.data + 799992, "0099999\n");
	buf__free(&b);
}

static void what_cannot_be_read_says_why(void **state)
{
	struct buf b = BUF_INIT;
	struct err e = { 0 };

	(void)state;
	buf__puts(&b, "kept");
	assert_int_equal(read_file("none", 10, &b, &e), -ENOENT);
	assert_int_equal(e.cause, ERR_NOT_FOUND);
	assert_string_equal(e.message, "cannot read none: No such file or directory");

	err__clear(&e);
	assert_int_equal(read_file(".", 10, &b, &e), -EISDIR);
	assert_int_equal(e.cause, ERR_IO);

	err__clear(&e);
	put_file("a", "12345");
	assert_int_equal(read_file("a", 4, &b, &e), -EFBIG);
	assert_string_equal(e.message, "cannot read a: File too large");
	assert_string_equal(buf__str(&b), "kept");
	buf__free(&b);
}

/* Root may do everything: these are tried as nobody. */
static void become_nobody(void)
{
	if (geteuid() == 0) {
		assert_int_equal(chown(".", NOBODY, NOBODY), 0);
		assert_int_equal(setegid(NOBODY), 0);
		assert_int_equal(seteuid(NOBODY), 0);
	}
}

static void become_yourself(void)
{
	if (getuid() == 0) {
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(setegid(0), 0);
	}
}

static void what_may_not_be_read_is_a_permission(void **state)
{
	struct buf b = BUF_INIT;
	struct err e = { 0 };
	int err;

	(void)state;
	put_file("secret", "x");
	chmod("secret", 0);
	become_nobody();
	err = read_file("secret", 10, &b, &e);
	become_yourself();
	assert_int_equal(err, -EACCES);
	assert_int_equal(e.cause, ERR_PERMISSION);
	buf__free(&b);
}

static int write_text(const char *path, const char *text, struct err *e)
{
	struct atomic_file *f = atomic_file__open(path, e);
	int err;

	if (!f)
		return e->code;
	fputs(text, atomic_file__stream(f));
	err = atomic_file__commit(f, e);
	atomic_file__free(f);
	return err;
}

static void a_result_appears_whole(void **state)
{
	struct err e = { 0 };
	struct atomic_file *f;

	(void)state;
	put_file("result", "old");
	f = atomic_file__open("result", &e);
	assert_non_null(f);
	fputs("new", atomic_file__stream(f));
	fflush(atomic_file__stream(f));
	expect_contents("result", "old");
	assert_int_equal(atomic_file__commit(f, &e), 0);
	expect_contents("result", "new");
	atomic_file__free(f);
	expect_contents("result", "new");
	assert_int_equal(entries("."), 1);
}

static void what_is_not_committed_leaves_nothing(void **state)
{
	struct err e = { 0 };
	struct atomic_file *f;

	(void)state;
	f = atomic_file__open("result", &e);
	fputs("half", atomic_file__stream(f));
	assert_int_equal(entries("."), unfinished());
	atomic_file__free(f);
	atomic_file__free(NULL);
	assert_int_equal(entries("."), 0);
}

#ifndef EVERY_FILE_HAS_A_NAME
static void a_sigkill_leaves_nothing(void **state)
{
	int status, fd = open(".", O_TMPFILE | O_WRONLY, 0600);
	pid_t child;

	(void)state;
	if (fd < 0)
		skip_because("the file system of /tmp has no O_TMPFILE");
	close(fd);
	child = fork();
	if (child == 0) {
		struct err e = { 0 };
		struct atomic_file *f = atomic_file__open("result", &e);

		fputs("half", atomic_file__stream(f));
		fflush(atomic_file__stream(f));
		kill(getpid(), SIGKILL);
	}
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(entries("."), 0);
}
#endif

static void two_writers_of_one_file_do_not_mix(void **state)
{
	struct err e = { 0 };
	struct atomic_file *a = atomic_file__open("result", &e);
	struct atomic_file *b = atomic_file__open("result", &e);

	(void)state;
	fputs("from a", atomic_file__stream(a));
	fputs("from b, longer", atomic_file__stream(b));
	assert_int_equal(atomic_file__commit(b, &e), 0);
	assert_int_equal(atomic_file__commit(a, &e), 0);
	atomic_file__free(a);
	atomic_file__free(b);
	expect_contents("result", "from a");
	assert_int_equal(entries("."), 1);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode;
}

static void permissions_are_the_umasks_or_the_old_files(void **state)
{
	struct err e = { 0 };

	(void)state;
	umask(027);
	assert_int_equal(write_text("new", "x", &e), 0);
	assert_int_equal(mode_of("new") & 07777, 0640);
	put_file("old", "x");
	chmod("old", 0604);
	assert_int_equal(write_text("old", "y", &e), 0);
	assert_int_equal(mode_of("old") & 07777, 0604);
}

static void a_name_of_255_bytes_is_fine(void **state)
{
	struct err e = { 0 };
	char name[256];

	(void)state;
	memset(name, 'n', 255);
	name[255] = '\0';
	assert_int_equal(write_text(name, "x", &e), 0);
	expect_contents(name, "x");
}

static void the_file_belongs_to_who_called_sudo(void **state)
{
	struct err e = { 0 };
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip_because("not root: no other owner can be given");
	setenv("SUDO_UID", "1234", 1);
	setenv("SUDO_GID", "2345", 1);
	assert_int_equal(write_text("result", "x", &e), 0);
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	assert_int_equal(stat("result", &st), 0);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_gid, 2345);
}

static void a_link_is_replaced_and_its_target_left_alone(void **state)
{
	struct err e = { 0 };

	(void)state;
	put_file("precious", "untouched");
	assert_int_equal(symlink("precious", "link"), 0);
	assert_int_equal(write_text("link", "result", &e), 0);
	expect_contents("precious", "untouched");
	expect_contents("link", "result");
	assert_true(S_ISREG(mode_of("link")));
}

static void a_device_stays_a_device(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(write_text("/dev/null", "x", &e), 0);
	assert_true(S_ISCHR(mode_of("/dev/null")));
	assert_int_equal(symlink("/dev/null", "null"), 0);
	assert_int_equal(write_text("null", "x", &e), 0);
	assert_true(S_ISLNK(mode_of("null")));
}

static void a_full_disk_is_an_error(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(write_text("/dev/full", "x", &e), -ENOSPC);
	assert_int_equal(e.cause, ERR_IO);
	assert_string_equal(e.message, "cannot write /dev/full: No space left on device");
}

static void a_write_that_failed_early_is_not_forgotten(void **state)
{
	struct rlimit limit, small;
	struct err e = { 0 };
	struct atomic_file *f;
	char block[4096];
	int err;

	(void)state;
	memset(block, 'x', sizeof(block));
	put_file("result", "old");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	small = (struct rlimit){ 10000, limit.rlim_max };
	f = atomic_file__open("result", &e);
	setrlimit(RLIMIT_FSIZE, &small);
	for (int i = 0; i < 10; i++)
		fwrite(block, 1, sizeof(block), atomic_file__stream(f));
	setrlimit(RLIMIT_FSIZE, &limit);
	/* There is room again, but not for what was lost. */
	err = atomic_file__commit(f, &e);
	atomic_file__free(f);
	assert_true(err < 0);
	assert_int_equal(e.cause, ERR_IO);
	expect_contents("result", "old");
	assert_int_equal(entries("."), 1);
}

static void expect_refusal(const char *path, int code, const char *message)
{
	struct err e = { 0 };

	assert_null(atomic_file__open(path, &e));
	assert_int_equal(e.code, code);
	assert_int_equal(e.cause, ERR_IO);
	assert_string_equal(e.message, message);
}

static void what_cannot_be_written_is_refused_at_once(void **state)
{
	(void)state;
	expect_refusal("none/result", -ENOENT,
		       "cannot write none/result: No such file or directory");
	expect_refusal("/", -EISDIR, "cannot write /: Is a directory");
	expect_refusal("", -ENOENT, "cannot write : No such file or directory");
	put_file("file", "x");
	expect_refusal("file/result", -ENOTDIR, "cannot write file/result: Not a directory");
	assert_int_equal(entries("."), 1);
}

static void what_may_not_be_written_is_refused_at_once(void **state)
{
	(void)state;
	put_file("theirs", "x");
	chmod("theirs", 0444);
	mkdir("closed", 0555);
	become_nobody();
	expect_refusal("theirs", -EACCES, "cannot write theirs: Permission denied");
	expect_refusal("closed/result", -EACCES, "cannot write closed/result: Permission denied");
	become_yourself();
	expect_contents("theirs", "x");
	assert_int_equal(entries("closed"), 0);
}

/* Exit status 0: what was written to "-" came out of standard output. */
static int write_to_stdout(int stdout_fd)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct err e = { 0 };

		if (stdout_fd < 0)
			close(STDOUT_FILENO);
		else
			dup2(stdout_fd, STDOUT_FILENO);
		_exit(-write_text("-", "to standard output", &e));
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

static void a_dash_is_standard_output(void **state)
{
	char text[64] = "";
	int pipes[2], full = open("/dev/full", O_WRONLY);

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write_to_stdout(pipes[1]), 0);
	assert_int_equal(read(pipes[0], text, sizeof(text)), 18);
	assert_string_equal(text, "to standard output");
	close(pipes[0]);
	close(pipes[1]);
	assert_int_equal(entries("."), 0);

	assert_int_equal(write_to_stdout(full), ENOSPC);
	close(full);
	assert_int_equal(write_to_stdout(-1), EBADF);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_folder, leave_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reading_appends),
		TEST(a_file_without_a_size_is_read_whole),
		TEST(a_large_file_is_read_to_the_last_byte),
		TEST(what_cannot_be_read_says_why),
		TEST(what_may_not_be_read_is_a_permission),
		TEST(a_result_appears_whole),
		TEST(what_is_not_committed_leaves_nothing),
#ifndef EVERY_FILE_HAS_A_NAME
		TEST(a_sigkill_leaves_nothing),
#endif
		TEST(two_writers_of_one_file_do_not_mix),
		TEST(permissions_are_the_umasks_or_the_old_files),
		TEST(a_name_of_255_bytes_is_fine),
		TEST(the_file_belongs_to_who_called_sudo),
		TEST(a_link_is_replaced_and_its_target_left_alone),
		TEST(a_device_stays_a_device),
		TEST(a_full_disk_is_an_error),
		TEST(a_write_that_failed_early_is_not_forgotten),
		TEST(what_cannot_be_written_is_refused_at_once),
		TEST(what_may_not_be_written_is_refused_at_once),
		TEST(a_dash_is_standard_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
