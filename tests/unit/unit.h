/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_TESTS_UNIT_H
#define PPBPF_TESTS_UNIT_H

/* cmocka wants these first, in this order. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define FOLDER_LENGTH 64

/* Makes a new folder where temporary files belong, and leaves its path in @folder; -1: none. */
static inline int temporary_folder(char folder[FOLDER_LENGTH])
{
	const char *where = getenv("TMPDIR");
	int length = snprintf(folder, FOLDER_LENGTH, "%s/ppbpf-test-", where ? where : P_tmpdir);

	if (length + 7 > FOLDER_LENGTH)
		return -1;
	/* mkdtemp() puts others in the place of six X */
	memset(folder + length, 'X', 6);
	folder[length + 6] = '\0';
	return mkdtemp(folder) ? 0 : -1;
}

/* Skips with a reason; the test ends here. */
#define skip_because(reason)                                          \
	do {                                                          \
		print_message("# skip - %s: %s\n", __func__, reason); \
		skip();                                               \
	} while (0)

/* Whether @misuse fails an assertion, in a process of its own. */
static inline int aborts(void (*misuse)(void))
{
	struct rlimit no_core = { 0, 0 };
	pid_t child = fork();
	int status;

	if (child == 0) {
		int nowhere = open("/dev/null", O_WRONLY);

		setrlimit(RLIMIT_CORE, &no_core);
		dup2(nowhere, STDERR_FILENO);
		misuse();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
