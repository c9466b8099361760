/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Many tasks that do nothing, for measuring what their mere number costs.
 *
 *	sleepers processes|threads|wakers COUNT
 *
 * prints "ready" when all of them sleep and ends them when its standard input
 * does: nothing is left behind when whoever started it dies. Wakers are
 * processes that wake up every 50 ms, so that each has changed in any 100 ms.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREAD_STACK (32 * 1024)
#define WAKER_US 50000

static void *sleep_forever(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static void wake_forever(void)
{
	for (;;)
		usleep(WAKER_US);
}

static int start_processes(pid_t *pids, long count, bool wakers)
{
	for (long i = 0; i < count; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return -errno;
		if (!pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(STDIN_FILENO);
			close(STDOUT_FILENO);
			if (wakers)
				wake_forever();
			sleep_forever(NULL);
		}
	}
	return 0;
}

static void end_processes(const pid_t *pids, long count)
{
	for (long i = 0; i < count && pids[i] > 0; i++)
		kill(pids[i], SIGKILL);
	for (long i = 0; i < count && pids[i] > 0; i++)
		waitpid(pids[i], NULL, 0);
}

static int start_threads(long count)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	err = pthread_attr_init(&attr);
	if (!err)
		err = pthread_attr_setstacksize(&attr, THREAD_STACK);
	for (long i = 0; i < count && !err; i++)
		err = pthread_create(&thread, &attr, sleep_forever, NULL);
	pthread_attr_destroy(&attr);
	return -err;
}

static int announce_and_wait(void)
{
	char byte;

	/* the last one started may not have fallen asleep yet */
	usleep(100000);
	if (puts("ready") < 0 || fflush(stdout))
		return -errno;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}

static bool is_kind(const char *name)
{
	return !strcmp(name, "processes") || !strcmp(name, "threads") || !strcmp(name, "wakers");
}

int main(int argc, char **argv)
{
	long count = argc == 3 ? atol(argv[2]) : 0;
	pid_t *pids;
	int err;

	if (count <= 0 || !is_kind(argv[1])) {
		fprintf(stderr, "usage: sleepers processes|threads|wakers COUNT\n");
		return 2;
	}
	pids = calloc((size_t)count, sizeof(*pids));
	if (!pids)
		return 4;
	if (argv[1][0] == 't')
		err = start_threads(count);
	else
		err = start_processes(pids, count, argv[1][0] == 'w');
	if (!err)
		err = announce_and_wait();
	end_processes(pids, count);
	free(pids);
	if (err)
		fprintf(stderr, "sleepers: %s\n", strerror(-err));
	return err ? 4 : 0;
}
