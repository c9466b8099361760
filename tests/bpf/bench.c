// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * What a benchmark's time goes to, in known amounts: ROUNDS times the same, each a
 * region of its name.
 *
 *	bench spin|sleep|futex MS ROUNDS
 *	bench read FILE ROUNDS		64 KB at a time, past the page cache
 *	bench nothing 0 0
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ppbpf_mark.h"

#define CHUNK 65536

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static struct timespec after(uint64_t ns)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + ns;

	return (struct timespec){ end / 1000000000, end % 1000000000 };
}

static void spin(uint64_t ns)
{
	uint64_t begin = now_ns(CLOCK_THREAD_CPUTIME_ID);

	PPBPF_BEGIN("spin");
	while (now_ns(CLOCK_THREAD_CPUTIME_ID) - begin < ns)
		;
	PPBPF_END("spin");
}

static void sleep_for(uint64_t ns)
{
	struct timespec end = after(ns);

	PPBPF_BEGIN("sleep");
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
		;
	PPBPF_END("sleep");
}

static void wait_on_futex(uint64_t ns)
{
	static uint32_t word;
	struct timespec end = after(ns);

	PPBPF_BEGIN("futex");
	syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, &end, NULL, FUTEX_BITSET_MATCH_ANY);
	PPBPF_END("futex");
}

static int read_past_cache(const char *path, int rounds)
{
	int fd = open(path, O_RDONLY | O_DIRECT);
	void *chunk = NULL;
	ssize_t got = 0;

	if (fd < 0 || posix_memalign(&chunk, 4096, CHUNK))
		return 1;
	for (int i = 0; i < rounds && got >= 0; i++) {
		PPBPF_BEGIN("read");
		got = pread(fd, chunk, CHUNK, (off_t)i * CHUNK);
		PPBPF_END("read");
	}
	free(chunk);
	close(fd);
	return got == CHUNK ? 0 : 1;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(uint64_t ns);
	} kinds[] = { { "spin", spin }, { "sleep", sleep_for }, { "futex", wait_on_futex } };
	int rounds = argc == 4 ? atoi(argv[3]) : 0;

	if (argc != 4)
		return 2;
	if (!strcmp(argv[1], "read"))
		return read_past_cache(argv[2], rounds);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (int round = 0; round < rounds && !strcmp(argv[1], kinds[i].name); round++)
			kinds[i].run(atoi(argv[2]) * 1000000ULL);
	return 0;
}
