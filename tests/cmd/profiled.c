// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A program whose profile is known.
 *
 *	profiled burn SECONDS	three functions, 70, 20 and 10 % of the CPU time
 *	profiled wait MS	sleeps MS in nap(), and waits MS for a lock in queue();
 *				prints the seconds that each of them has taken
 *	profiled deep N		recurses N deep and burns a second at the bottom
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* no multiple of what samples are apart: they would always hit the same part */
#define ROUND_NS 3141593

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static volatile unsigned long sink;

/* Takes its share of CPU time, whatever the machine does meanwhile. */
static inline __attribute__((always_inline)) void burn(double seconds)
{
	double end = cpu_seconds() + seconds;

	do
		for (int i = 0; i < 2000; i++)
			sink = sink * 3 + i;
	while (cpu_seconds() < end);
}

static void __attribute__((noinline)) most(double share)
{
	burn(0.7 * share);
}

static void __attribute__((noinline)) some(double share)
{
	burn(0.2 * share);
}

static void __attribute__((noinline)) little(double share)
{
	burn(0.1 * share);
}

static void __attribute__((noinline)) all(double seconds)
{
	double end = cpu_seconds() + seconds;

	while (cpu_seconds() < end) {
		most(ROUND_NS / 1e9);
		some(ROUND_NS / 1e9);
		little(ROUND_NS / 1e9);
	}
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile double queue_took, nap_took;

static void *__attribute__((noinline)) queue(void *unused)
{
	double begin = now();

	pthread_mutex_lock(&lock);
	queue_took = now() - begin;
	pthread_mutex_unlock(&lock);
	return unused;
}

static void __attribute__((noinline)) nap(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	double begin = now();

	nanosleep(&t, NULL);
	nap_took = now() - begin;
}

static void wait_twice(long ms)
{
	pthread_t thread;

	pthread_mutex_lock(&lock);
	pthread_create(&thread, NULL, queue, NULL);
	nap(ms);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	printf("took %.6f %.6f\n", nap_took, queue_took);
}

static int __attribute__((noinline)) deep(int n)
{
	int below = 0;

	if (!n)
		burn(1);
	else
		below = deep(n - 1);
	return below + (int)sink;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "burn"))
		all(atof(argv[2]));
	else if (argc == 3 && !strcmp(argv[1], "wait"))
		wait_twice(atol(argv[2]));
	else if (argc == 3 && !strcmp(argv[1], "deep"))
		deep(atoi(argv[2]));
	else
		return 2;
	return argc == 3 && !strcmp(argv[1], "burn") ? 7 : 0;
}
