/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What the trigger programs share: clocks, the kernel's own accounting of the
 * caller, and say(), which writes a truth as one JSON line to the file that
 * $TRUTH names (on tmpfs, so that the lines are no disk writes), or to stdout.
 */
#ifndef TESTS_BPF_TRIGGER_H
#define TESTS_BPF_TRIGGER_H

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NSEC 1000000000LL

#define die(...) \
	do { \
		fprintf(stderr, "%s:%d: ", __FILE__, __LINE__); \
		fprintf(stderr, __VA_ARGS__); \
		fprintf(stderr, ": %s\n", strerror(errno)); \
		_exit(99); \
	} while (0)

#define check(ok) \
	do { \
		if (!(ok)) \
			die("%s", #ok); \
	} while (0)

static inline int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

static inline int64_t wall_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static inline void nap(double seconds)
{
	struct timespec ts = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
}

static inline void spin_until(int64_t deadline)
{
	while (wall_ns() < deadline)
		;
}

static inline void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check(sched_setaffinity(0, sizeof(set), &set) == 0);
}

__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...)
{
	static __thread char line[65536];
	const char *path = getenv("TRUTH");
	va_list args;
	int fd, len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (len < 0 || len >= (int)sizeof(line) - 1)
		die("a truth of %d bytes", len);
	line[len++] = '\n';
	fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644) : 1;
	check(fd >= 0 && write(fd, line, (size_t)len) == len);
	if (path)
		close(fd);
}

static inline void slurp(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		die("%s", path);
	len = read(fd, text, size - 1);
	check(len >= 0);
	text[len] = '\0';
	close(fd);
}

/* The number after `key` in a file such as /proc/PID/status or /proc/PID/io. */
static inline int64_t figure(const char *path, const char *key)
{
	char text[8192] = "\n";
	char *at = text;

	slurp(path, text + 1, sizeof(text) - 1);
	while ((at = strstr(at + 1, key)) && at[-1] != '\n')
		;
	if (!at)
		die("no %s in %s", key, path);
	return strtoll(at + strlen(key), NULL, 10);
}

/* Nanoseconds that a thread ran and waited for a CPU, as the scheduler has them. */
struct schedstat {
	int64_t cpu;
	int64_t delay;
};

static inline struct schedstat schedstat(const char *path)
{
	struct schedstat stat;
	char text[128];

	slurp(path, text, sizeof(text));
	check(sscanf(text, "%" SCNd64 " %" SCNd64, &stat.cpu, &stat.delay) == 2);
	return stat;
}

static inline struct schedstat schedstat_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	return schedstat(path);
}

static inline int64_t timeval_ns(struct timeval tv)
{
	return tv.tv_sec * NSEC + tv.tv_usec * 1000LL;
}

static inline int64_t rusage_ns(const struct rusage *usage)
{
	return timeval_ns(usage->ru_utime) + timeval_ns(usage->ru_stime);
}

/*
 * A stretch of the calling thread's life. What is left of the wall clock
 * after the time on a CPU and the time in a run queue is time blocked.
 */
struct stretch {
	int64_t wall;
	int64_t cpu;
	int64_t delay;
};

static inline struct stretch stretch_begin(void)
{
	struct stretch s;

	s.delay = schedstat("/proc/thread-self/schedstat").delay;
	s.cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	s.wall = wall_ns();
	return s;
}

static inline void stretch_end(struct stretch *s)
{
	s->wall = wall_ns() - s->wall;
	s->cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID) - s->cpu;
	s->delay = schedstat("/proc/thread-self/schedstat").delay - s->delay;
}

static inline int64_t stretch_blocked(const struct stretch *s)
{
	return s->wall - s->cpu - s->delay;
}

/*
 * Waits until a child has ended and left its CPU for the last time, and gives
 * the scheduler's figures of the zombie: exact, where wait4 may come earlier.
 */
static inline struct schedstat settle(pid_t pid)
{
	siginfo_t info;

	check(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	nap(0.001);
	return schedstat_of(pid);
}

static inline int reap(pid_t pid, struct rusage *usage)
{
	int status;

	while (wait4(pid, &status, 0, usage) < 0)
		check(errno == EINTR);
	return status;
}

#endif /* TESTS_BPF_TRIGGER_H */
