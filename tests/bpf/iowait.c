// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Waits for a disk, each kind in a process of its own, one after another so
 * that they do not queue behind each other:
 *
 *	iowait SECONDS FILE
 *
 * Each works on FILE for SECONDS and says how much of that it was blocked.
 */
#include <sys/mman.h>

#include "trigger.h"

#define FILE_BYTES (32 << 20)
#define BLOCK 4096

static double seconds;

/* The file's clean pages leave the page cache; they were synced before. */
static int make_file(const char *path)
{
	static char chunk[1 << 20];
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	check(fd >= 0);
	memset(chunk, 'x', sizeof(chunk));
	for (off_t at = 0; at < FILE_BYTES; at += (off_t)sizeof(chunk))
		check(pwrite(fd, chunk, sizeof(chunk), at) == sizeof(chunk));
	check(!fsync(fd));
	check(!posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	check(!posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM));
	return fd;
}

/* Every block once a round, no two neighbours in a row. */
static off_t scattered(long i)
{
	return (off_t)(i * 4099 % (FILE_BYTES / BLOCK)) * BLOCK;
}

static void direct(int file, int flags)
{
	int64_t deadline = wall_ns() + (int64_t)(seconds * 1e9);
	void *page = aligned_alloc(BLOCK, BLOCK);
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	fd = open(path, flags | O_DIRECT);
	check(fd >= 0 && page);
	for (long i = 0; wall_ns() < deadline; i++)
		check((flags == O_RDONLY ? pread(fd, page, BLOCK, scattered(i)) :
					   pwrite(fd, page, BLOCK, scattered(i))) == BLOCK);
	close(fd);
}

static void direct_read(int fd)
{
	direct(fd, O_RDONLY);
}

static void direct_write(int fd)
{
	direct(fd, O_WRONLY);
}

static void cold_read(int fd)
{
	int64_t deadline = wall_ns() + (int64_t)(seconds * 1e9);
	char page[BLOCK];

	for (long i = 0; wall_ns() < deadline; i++) {
		if (i % (FILE_BYTES / BLOCK) == 0)
			posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		check(pread(fd, page, BLOCK, scattered(i)) == BLOCK);
	}
}

static void fault(int fd)
{
	int64_t deadline = wall_ns() + (int64_t)(seconds * 1e9);

	while (wall_ns() < deadline) {
		volatile char *map;

		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		map = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
		check(map != MAP_FAILED && !madvise((void *)map, FILE_BYTES, MADV_RANDOM));
		for (long i = 0; i < FILE_BYTES / BLOCK && wall_ns() < deadline; i++)
			(void)map[scattered(i)];
		munmap((void *)map, FILE_BYTES);
	}
}

static const struct wait {
	const char *name;
	const char *reason;
	void (*wait)(int fd);
} waits[] = {
	{ "direct_read", "disk", direct_read },
	{ "direct_write", "disk", direct_write },
	{ "cold_read", "disk", cold_read },
	{ "fault", "memory", fault },
};

static void run_one(const struct wait *wait, int fd)
{
	struct stretch s = stretch_begin();
	struct rusage usage;

	wait->wait(fd);
	stretch_end(&s);
	getrusage(RUSAGE_SELF, &usage);
	say("{\"what\": \"wait\", \"name\": \"%s\", \"reason\": \"%s\", \"pid\": %d, "
	    "\"blocked_ns\": %" PRId64 ", \"wall_ns\": %" PRId64 ", \"major_faults\": %ld}",
	    wait->name, wait->reason, getpid(), stretch_blocked(&s), s.wall, usage.ru_majflt);
	_exit(0);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: iowait SECONDS FILE\n");
		return 2;
	}
	seconds = atof(argv[1]);
	fd = make_file(argv[2]);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		pid_t pid = fork();

		check(pid >= 0);
		if (!pid)
			run_one(&waits[i], fd);
		check(!reap(pid, NULL));
	}
	return 0;
}
