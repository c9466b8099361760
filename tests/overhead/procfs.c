/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a snapshot of every process costs a program that reads /proc: the five
 * files that hold ppbpf's per-process figures, read and not even parsed.
 *
 *	procfs PASSES PAUSE_MS
 *
 * prints "processes cpu_ns wall_ns" for each pass. The pause between passes is
 * a monitor's interval: back to back, a pass finds its memory in the caches.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const files[] = { "stat", "statm", "io", "status", "schedstat" };

static long long now(clockid_t clock)
{
	struct timespec t = { 0 };

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* How many of the files could be read. */
static int read_process(const char *pid)
{
	char path[64], content[8192];
	int readable = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		/* the process may be gone by now, or keep its io to itself */
		if (fd < 0)
			continue;
		if (read(fd, content, sizeof(content)) > 0)
			readable++;
		close(fd);
	}
	return readable;
}

static int pass(void)
{
	long long cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	long long wall = now(CLOCK_MONOTONIC);
	struct dirent *entry;
	int processes = 0;
	DIR *proc = opendir("/proc");

	if (!proc)
		return -errno;
	while ((entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (read_process(entry->d_name))
			processes++;
	}
	closedir(proc);
	wall = now(CLOCK_MONOTONIC) - wall;
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("%d %lld %lld\n", processes, cpu, wall);
	return processes ? 0 : -ESRCH;
}

int main(int argc, char **argv)
{
	int passes = argc == 3 ? atoi(argv[1]) : 0, err = 0;

	if (passes <= 0) {
		fprintf(stderr, "usage: procfs PASSES PAUSE_MS\n");
		return 2;
	}
	while (!err && passes--) {
		err = pass();
		usleep((useconds_t)atoi(argv[2]) * 1000);
	}
	if (err)
		fprintf(stderr, "procfs: %s\n", strerror(-err));
	return err ? 4 : 0;
}
