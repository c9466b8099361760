// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Says what one marker of ppbpf_mark.h and one call of a function take, in
 * nanoseconds, against the same loop without it: marks COUNT
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ppbpf_mark.h"

#define BATCHES 7
#define KEEP __asm__ volatile("" ::: "memory")

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

#if defined(__x86_64__)
/* The usual begin of a function that keeps something, and one that has to be stepped. */
__attribute__((naked, noinline, used)) static void pushes(void)
{
	__asm__("push %rbp\n\tpop %rbp\n\tret");
}

__attribute__((naked, noinline, used)) static void moves(void)
{
	__asm__("mov %rsp, %rax\n\tret");
}
#else
__attribute__((noinline, used)) static void pushes(void)
{
	KEEP;
}

__attribute__((noinline, used)) static void moves(void)
{
	KEEP;
}
#endif

/* The least of some batches: others on the machine only ever add. */
#define TIME(result, body)						\
	do {								\
		double from, took;					\
									\
		result = 1e18;						\
		for (int batch = 0; batch < BATCHES; batch++) {		\
			from = now();					\
			for (long i = 0; i < count; i++) {		\
				body;					\
				KEEP;					\
			}						\
			took = (now() - from) / count;			\
			result = took < result ? took : result;		\
		}							\
	} while (0)

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1000;
	double nothing, pair, push, move;
	void (*volatile call)(void);

	TIME(nothing, KEEP);
	TIME(pair, PPBPF_BEGIN("overhead"); KEEP; PPBPF_END("overhead"));
	call = pushes;
	TIME(push, call());
	call = moves;
	TIME(move, call());
	printf("{\"marker\": %.3f, \"pushes\": %.3f, \"moves\": %.3f}\n", (pair - nothing) / 2,
	       push - nothing, move - nothing);
	return 0;
}
