// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Stacks of known shape and size: stacks MODE SECONDS [DEPTH]
 *
 * shares   seven_tenths(), two_tenths() and one_tenth() of the CPU time
 * deep     recursion, DEPTH frames
 * signal   a handler that runs most of the time, over a function without a call
 * waits    sleeps of 50 ms in sleeper(), waits for a mutex of 30 ms in locker()
 *
 * It begins with a line on its standard input.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "trigger.h"

static volatile long sink;
static double until;
static long cpu_ns[3];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t turn;

#define APART __attribute__((noinline, noclone))

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Returns something, so that no caller ends in a jump to it. */
static APART long burn(long turns)
{
	for (long i = 0; i < turns; i++)
		sink += i * i;
	return sink;
}

#define TURNS 100000

static APART long one_tenth(void)
{
	return burn(1 * TURNS) + 1;
}

static APART long two_tenths(void)
{
	return burn(2 * TURNS) + 2;
}

static APART long seven_tenths(void)
{
	return burn(7 * TURNS) + 7;
}

static APART int shares(void)
{
	long (*const functions[3])(void) = { seven_tenths, two_tenths, one_tenth };

	while (seconds(CLOCK_MONOTONIC) < until)
		for (int i = 0; i < 3; i++) {
			double before = seconds(CLOCK_THREAD_CPUTIME_ID);

			functions[i]();
			cpu_ns[i] += (seconds(CLOCK_THREAD_CPUTIME_ID) - before) * 1e9;
		}
	say("{\"what\": \"shares\", \"ns\": [%ld, %ld, %ld]}", cpu_ns[0], cpu_ns[1], cpu_ns[2]);
	return 0;
}

static APART int deep(int depth)
{
	volatile char here[48];

	here[depth % 48] = depth;
	if (depth > 1)
		return deep(depth - 1) + here[depth % 48];
	while (seconds(CLOCK_MONOTONIC) < until)
		burn(TURNS);
	return here[1];
}

static void handler(int number)
{
	double end = seconds(CLOCK_MONOTONIC) + 0.02;

	(void)number;
	while (seconds(CLOCK_MONOTONIC) < end)
		burn(TURNS);
}

static APART int interrupted(void)
{
	struct itimerval timer = { .it_value.tv_usec = 1000 };
	struct sigaction action = { .sa_handler = handler };

	sigaction(SIGALRM, &action, NULL);
	while (seconds(CLOCK_MONOTONIC) < until) {
		setitimer(ITIMER_REAL, &timer, NULL);
		burn(20 * TURNS);
	}
	return 0;
}

static APART long sleeper(void)
{
	struct timespec t = { .tv_nsec = 50000000 };
	double before = seconds(CLOCK_MONOTONIC);

	nanosleep(&t, NULL);
	return (seconds(CLOCK_MONOTONIC) - before) * 1e9;
}

static APART long locker(void)
{
	double before = seconds(CLOCK_MONOTONIC);

	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	return (seconds(CLOCK_MONOTONIC) - before) * 1e9;
}

#define ROUNDS 10

static void *holder(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		pthread_barrier_wait(&turn);
		nap(0.03);
		pthread_mutex_unlock(&mutex);
		pthread_barrier_wait(&turn);
	}
	return unused;
}

static APART int waits(void)
{
	long slept = 0, locked = 0;
	pthread_t thread;

	pthread_barrier_init(&turn, NULL, 2);
	pthread_create(&thread, NULL, holder, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&turn);
		locked += locker();
		pthread_barrier_wait(&turn);
		slept += sleeper();
	}
	pthread_join(thread, NULL);
	say("{\"what\": \"waits\", \"slept\": %ld, \"locked\": %ld}", slept, locked);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";

	/* until a line comes: whoever watches has begun by then */
	if (getchar() == EOF)
		return 2;
	until = seconds(CLOCK_MONOTONIC) + (argc > 2 ? atof(argv[2]) : 0);
	if (!strcmp(mode, "shares"))
		return shares();
	if (!strcmp(mode, "deep"))
		return deep(argc > 3 ? atoi(argv[3]) : 400) & 0;
	if (!strcmp(mode, "signal"))
		return interrupted();
	if (!strcmp(mode, "waits"))
		return waits();
	return 2;
}
