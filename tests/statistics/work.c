// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A benchmark of known size: work UNITS [LOCK_MS [DISK_READS [MEMORY_MB]]]
 *
 * UNITS of arithmetic, about 0.1 ms each; a mutex that another thread holds for LOCK_MS;
 * so many reads of 256 KB past the page cache, of the file WORK_FILE; so much memory touched.
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOPS_OF_A_UNIT 60000
#define READ_BYTES (256 * 1024)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t held;

static void compute(long units)
{
	volatile uint64_t sink;
	uint64_t x = 88172645463325252;

	for (long i = 0; i < units * LOOPS_OF_A_UNIT; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	sink = x;
	(void)sink;
}

static void *hold(void *ms)
{
	pthread_mutex_lock(&mutex);
	sem_post(&held);
	usleep(*(long *)ms * 1000);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void wait_for_lock(long ms)
{
	pthread_t thread;

	sem_init(&held, 0, 0);
	pthread_create(&thread, NULL, hold, &ms);
	sem_wait(&held);
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	pthread_join(thread, NULL);
}

static int read_disk(long reads)
{
	const char *path = getenv("WORK_FILE");
	int fd = path ? open(path, O_RDONLY | O_DIRECT) : -1;
	void *buffer = NULL;
	ssize_t got = 0;

	if (fd < 0 || posix_memalign(&buffer, 4096, READ_BYTES))
		return 1;
	for (long i = 0; i < reads && got >= 0; i++)
		got = pread(fd, buffer, READ_BYTES, i * READ_BYTES);
	free(buffer);
	close(fd);
	return got < 0;
}

int main(int argc, char **argv)
{
	long sizes[4] = { 0 };
	char *memory = NULL;

	for (int i = 1; i < argc && i <= 4; i++)
		sizes[i - 1] = atol(argv[i]);
	if (sizes[3]) {
		memory = malloc(sizes[3] << 20);
		memset(memory, 1, sizes[3] << 20);
	}
	compute(sizes[0]);
	if (sizes[1])
		wait_for_lock(sizes[1]);
	if (sizes[2] && read_disk(sizes[2])) {
		fputs("work: WORK_FILE cannot be read\n", stderr);
		return 1;
	}
	free(memory);
	return 0;
}
