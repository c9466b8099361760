// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Moves known numbers of bytes to and from a disk, each way in processes of
 * their own:
 *
 *	disk DIRECTORY
 *	disk DIRECTORY later
 *
 * A scene has an actor, which does the work, and at times another, which syncs
 * or drops what the actor wrote; the actor ends after it. Each says what it
 * knows that it read, wrote and dropped, and what /proc/self/io has for it.
 * The second form writes, waits for a line on its standard input, writes more
 * and reads, and says what it moved before and after.
 */
#include <linux/limits.h>
#include <pthread.h>
#include <sys/mman.h>

#include "trigger.h"

#define PAGE 4096
#define MB (1 << 20)
#define FILE_BYTES (8 * MB)

struct bytes {
	int64_t read;
	int64_t written;
	int64_t cancelled;
};

static char path[PATH_MAX];
static char chunk[MB] __attribute__((aligned(PAGE)));

static int open_file(int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		die("%s", path);
	return fd;
}

/* A file whose blocks are allocated and on the disk, and no page in memory. */
static void prepare(bool filled)
{
	int fd = open_file(O_RDWR | O_CREAT | O_TRUNC);

	for (int i = 0; filled && i < FILE_BYTES / MB; i++)
		check(write(fd, chunk, MB) == MB);
	check(!fsync(fd) && !posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	close(fd);
}

static struct bytes write_direct(void)
{
	int fd = open_file(O_WRONLY | O_DIRECT);

	for (int i = 0; i < 64; i++)
		check(write(fd, chunk, 64 << 10) == 64 << 10);
	close(fd);
	return (struct bytes){ .written = 64 * (64 << 10) };
}

static struct bytes write_buffered(void)
{
	int fd = open_file(O_WRONLY);

	for (int i = 0; i < 3; i++)
		check(write(fd, chunk, MB) == MB);
	close(fd);
	return (struct bytes){ .written = 3 * MB };
}

static struct bytes write_and_fsync(void)
{
	int fd = open_file(O_WRONLY);

	for (int i = 0; i < 5; i++)
		check(write(fd, chunk, MB) == MB);
	check(!fsync(fd));
	close(fd);
	return (struct bytes){ .written = 5 * MB };
}

/* One byte makes a page dirty; a second one in the same page is free. */
static struct bytes write_sparsely(void)
{
	int fd = open_file(O_WRONLY);

	for (int i = 0; i < 10; i++)
		for (int j = 0; j < 3; j++)
			check(pwrite(fd, "x", 1, i * 16 * PAGE + j) == 1);
	close(fd);
	/* a page must be read before a part of it is written */
	return (struct bytes){ .written = 10 * PAGE, .read = 10 * PAGE };
}

static struct bytes write_mapped(void)
{
	int fd = open_file(O_RDWR);
	char *map = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	check(map != MAP_FAILED && !madvise(map, FILE_BYTES, MADV_RANDOM));
	for (int i = 0; i < 256; i++)
		map[i * PAGE] = 'x';
	munmap(map, FILE_BYTES);
	close(fd);
	/* the pages were read to be written to */
	return (struct bytes){ .written = 256 * PAGE, .read = 256 * PAGE };
}

static struct bytes sync_it(void)
{
	int fd = open_file(O_RDWR);

	check(!fsync(fd));
	close(fd);
	return (struct bytes){ 0 };
}

static struct bytes read_cold(void)
{
	int fd = open_file(O_RDONLY);

	for (int i = 0; i < FILE_BYTES / MB; i++)
		check(read(fd, chunk, MB) == MB);
	close(fd);
	return (struct bytes){ .read = FILE_BYTES };
}

static struct bytes read_direct(void)
{
	int fd = open_file(O_RDONLY | O_DIRECT);

	for (int i = 0; i < 2; i++)
		check(read(fd, chunk, MB) == MB);
	close(fd);
	return (struct bytes){ .read = 2 * MB };
}

static struct bytes read_warm(void)
{
	int fd = open_file(O_RDONLY);

	check(!posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM));
	for (int i = 0; i < 2; i++)
		check(pread(fd, chunk, MB, 0) == MB);
	close(fd);
	return (struct bytes){ .read = MB };
}

static struct bytes write_new(void)
{
	int fd = open_file(O_WRONLY);

	check(write(fd, chunk, MB) == MB);
	close(fd);
	return (struct bytes){ .written = MB };
}

static struct bytes truncate_it(void)
{
	check(!truncate(path, 0));
	return (struct bytes){ .cancelled = MB };
}

static struct bytes unlink_it(void)
{
	check(!unlink(path));
	return (struct bytes){ .cancelled = MB };
}

static struct bytes write_and_truncate(void)
{
	write_new();
	truncate_it();
	return (struct bytes){ .written = MB, .cancelled = MB };
}

static void *write_part(void *part)
{
	int fd = open_file(O_WRONLY);

	check(pwrite(fd, chunk, MB, (intptr_t)part * MB) == MB);
	close(fd);
	return NULL;
}

static struct bytes write_in_threads(void)
{
	pthread_t threads[4];

	for (intptr_t i = 0; i < 4; i++)
		check(!pthread_create(&threads[i], NULL, write_part, (void *)i));
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return (struct bytes){ .written = 4 * MB };
}

static const struct scene {
	const char *name;
	bool filled;	/* is the file there before, with blocks of its own? */
	struct bytes (*actor)(void);
	struct bytes (*other)(void);
} scenes[] = {
	{ "direct write", true, write_direct, NULL },
	{ "buffered write", true, write_buffered, NULL },
	{ "buffered write and fsync", true, write_and_fsync, NULL },
	{ "single bytes", true, write_sparsely, NULL },
	{ "threads that write", true, write_in_threads, NULL },
	{ "mmap, synced by another", true, write_mapped, sync_it },
	{ "write, synced by another", true, write_buffered, sync_it },
	{ "cold read", true, read_cold, NULL },
	{ "direct read", true, read_direct, NULL },
	{ "second read is free", true, read_warm, NULL },
	{ "truncated by another", false, write_new, truncate_it },
	{ "unlinked by another", false, write_new, unlink_it },
	{ "truncated by itself", false, write_and_truncate, NULL },
};

static void act(const char *scene, const char *role, struct bytes (*part)(void))
{
	const char *io = "/proc/self/io";
	struct bytes known = part();

	say("{\"what\": \"io\", \"name\": \"%s\", \"role\": \"%s\", \"pid\": %d, "
	    "\"known\": [%" PRId64 ", %" PRId64 ", %" PRId64 "], "
	    "\"io\": [%" PRId64 ", %" PRId64 ", %" PRId64 "]}",
	    scene, role, getpid(), known.read, known.written, known.cancelled,
	    figure(io, "read_bytes:"), figure(io, "write_bytes:"),
	    figure(io, "cancelled_write_bytes:"));
}

static void play(const struct scene *scene)
{
	int done[2], leave[2];
	char byte;
	pid_t actor, other;

	prepare(scene->filled);
	check(!pipe(done) && !pipe(leave));
	actor = fork();
	check(actor >= 0);
	if (!actor) {
		act(scene->name, "actor", scene->actor);
		check(write(done[1], "x", 1) == 1 && read(leave[0], &byte, 1) == 1);
		_exit(0);
	}
	check(read(done[0], &byte, 1) == 1);
	if (scene->other) {
		other = fork();
		check(other >= 0);
		if (!other) {
			act(scene->name, "other", scene->other);
			_exit(0);
		}
		check(!reap(other, NULL));
	}
	check(write(leave[1], "x", 1) == 1);
	check(!reap(actor, NULL));
	close(done[0]);
	close(done[1]);
	close(leave[0]);
	close(leave[1]);
}

static void later(void)
{
	struct bytes (*const after[])(void) = { write_buffered, write_direct, read_direct };
	char line[16];

	prepare(true);
	act("later", "before", write_and_fsync);
	check(read(0, line, sizeof(line)) > 0);
	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++)
		act("later", "after", after[i]);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: disk DIRECTORY [later]\n");
		return 2;
	}
	memset(chunk, 'x', sizeof(chunk));
	snprintf(path, sizeof(path), "%s/ppbpf-disk-%d", argv[1], getpid());
	if (argc > 2)
		later();
	else
		for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
			play(&scenes[i]);
	unlink(path);
	return 0;
}
