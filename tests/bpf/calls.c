// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Functions and regions that count themselves: what a profiler says of them has
 * to be just that. calls GROUP [ARGUMENT...]
 */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>

#include "ppbpf_mark.h"
#include "trigger.h"

/* Kept as they are written: not inlined in parts, nor made a loop. */
#if defined(__clang__)
#define PROBED __attribute__((noinline, optnone, used))
#else
#define PROBED __attribute__((noipa, used))
#endif
#define KEEP __asm__ volatile("" ::: "memory")

static atomic_ulong leaf_calls, fib_calls, left_calls, exiting_calls, deep_calls;

PROBED static int leaf(int n)
{
	atomic_fetch_add(&leaf_calls, 1);
	return n;
}

PROBED static int fib(int n)
{
	int a, b;

	atomic_fetch_add(&fib_calls, 1);
	a = n < 2 ? leaf(n) : fib(n - 1);
	b = n < 2 ? 0 : fib(n - 2);
	KEEP;
	return a + b;
}

static void *recurse(void *rounds)
{
	for (long i = 0; i < (long)rounds; i++) {
		PPBPF_BEGIN("round");
		fib(10);
		PPBPF_END("round");
	}
	return NULL;
}

static void threads(long count, long rounds)
{
	pthread_t thread[64];

	for (long i = 0; i < count; i++)
		check(!pthread_create(&thread[i], NULL, recurse, (void *)rounds));
	for (long i = 0; i < count; i++)
		check(!pthread_join(thread[i], NULL));
	say("{\"what\": \"threads\", \"leaf\": %lu, \"fib\": %lu, \"outermost\": %ld}", leaf_calls,
	    fib_calls, count * rounds);
}

PROBED static void inner_nap(void)
{
	nap(0.02);
	KEEP;
}

PROBED static void outer_nap(void)
{
	nap(0.01);
	inner_nap();
	KEEP;
}

static void times(void)
{
	int64_t from;

	for (int i = 0; i < 10; i++)
		outer_nap();
	from = wall_ns();
	PPBPF_BEGIN("spin and nap");
	spin_until(wall_ns() + 30000000);
	nap(0.03);
	PPBPF_END("spin and nap");
	say("{\"what\": \"times\", \"region_ns\": %" PRId64 "}", wall_ns() - from);
}

static jmp_buf back;

PROBED static int leaves(int how)
{
	atomic_fetch_add(&left_calls, 1);
	if (how)
		longjmp(back, 1);
	leaf(how);
	KEEP;
	return how;
}

PROBED static int calls_leaves(int how)
{
	int n = leaves(how);

	KEEP;
	return n + 1;
}

static void jumps(void)
{
	for (volatile int i = 0; i < 50; i++)
		if (!setjmp(back)) {
			PPBPF_BEGIN("jumped over");
			calls_leaves(i & 1);
			PPBPF_END("jumped over");
		}
	say("{\"what\": \"jumps\", \"leaves\": %lu, \"leaf\": %lu}", left_calls, leaf_calls);
}

PROBED static void exits_inside(void)
{
	atomic_fetch_add(&exiting_calls, 1);
	PPBPF_BEGIN("never ends");
	pthread_exit(NULL);
}

static void *end_thread(void *unused)
{
	exits_inside();
	KEEP;
	return unused;
}

static void thread_exits(void)
{
	pthread_t thread;

	for (int i = 0; i < 10; i++) {
		check(!pthread_create(&thread, NULL, end_thread, NULL));
		check(!pthread_join(thread, NULL));
	}
	recurse((void *)1);
	say("{\"what\": \"exits\", \"exits_inside\": %lu}", exiting_calls);
}

PROBED static int deep(int n)
{
	int below;

	atomic_fetch_add(&deep_calls, 1);
	below = n ? deep(n - 1) : 0;
	KEEP;
	return below + 1;
}

/* Jumps to leaf() at its end: the compiler sees to that. */
PROBED static int ends_in_leaf(int n)
{
	return leaf(n + 1);
}

static void odd_shapes(void)
{
	int status;
	pid_t pid;

	deep(2000);
	for (int i = 0; i < 30; i++)
		ends_in_leaf(i);
	PPBPF_BEGIN("a");
	PPBPF_BEGIN("b");
	PPBPF_END("a");
	PPBPF_BEGIN("a");
	PPBPF_BEGIN("a");
	PPBPF_END("a");
	PPBPF_END("a");
	PPBPF_END("b");
	PPBPF_END("b");
	pid = fork();
	if (!pid)
		_exit(fib(5) & 0);
	check(waitpid(pid, &status, 0) == pid && !status);
	say("{\"what\": \"odd\", \"deep\": %lu, \"leaf\": %lu}", deep_calls, leaf_calls);
}

static void load(const char *path, const char *name, long count)
{
	int (*function)(int);
	void *library = dlopen(path, RTLD_NOW);

	if (!library)
		die("%s", dlerror());
	function = (int (*)(int))dlsym(library, name);
	check(function);
	for (long i = 0; i < count; i++)
		function(1);
	say("{\"what\": \"loaded\", \"calls\": %ld}", count);
}

/* Until it is told to end, for who comes later. */
static void forever(void)
{
	say("{\"what\": \"ready\", \"pid\": %d}", (int)getpid());
	for (;;) {
		recurse((void *)1);
		nap(0.001);
	}
}

int main(int argc, char **argv)
{
	const char *group = argc > 1 ? argv[1] : "";

	if (!strcmp(group, "threads") && argc == 4)
		threads(atol(argv[2]), atol(argv[3]));
	else if (!strcmp(group, "times"))
		times();
	else if (!strcmp(group, "jumps"))
		jumps();
	else if (!strcmp(group, "exits"))
		thread_exits();
	else if (!strcmp(group, "odd"))
		odd_shapes();
	else if (!strcmp(group, "load") && argc == 5)
		load(argv[2], argv[3], atol(argv[4]));
	else if (!strcmp(group, "forever"))
		forever();
	else
		die("no such group: %s", group);
	return 0;
}
