// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * The bare loop that a benchmark runner is held against: posix_spawn and wait4 of
 * /bin/true, output to /dev/null. Prints the median of COUNT runs in microseconds.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	char *const command[] = { "/bin/true", NULL };
	int count = argc > 1 ? atoi(argv[1]) : 1000;
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	double *us, begin;
	int status;
	pid_t pid;

	us = calloc(count, sizeof(*us));
	if (!us || count < 1)
		return 1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	for (int i = 0; i < count; i++) {
		begin = now_us();
		if (posix_spawn(&pid, command[0], &actions, NULL, command, environ) ||
		    wait4(pid, &status, 0, &usage) != pid)
			return 1;
		us[i] = now_us() - begin;
	}
	qsort(us, count, sizeof(*us), by_value);
	printf("%.1f\n", (us[(count - 1) / 2] + us[count / 2]) / 2);
	return 0;
}
