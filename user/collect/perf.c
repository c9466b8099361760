// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/perf.h"

#include <dirent.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNTERS_MAX 512	/* file descriptors: processes with more threads go uncounted */

static const uint64_t events[PERF_VALUE_NR] = {
	[PERF_INSTRUCTIONS] = PERF_COUNT_HW_INSTRUCTIONS,
	[PERF_CYCLES] = PERF_COUNT_HW_CPU_CYCLES,
	[PERF_CACHE_MISSES] = PERF_COUNT_HW_CACHE_MISSES,
	[PERF_BRANCH_MISSES] = PERF_COUNT_HW_BRANCH_MISSES,
};

struct perf {
	int fds[COUNTERS_MAX][PERF_VALUE_NR];
	size_t count;
};

static void open_for(struct perf *perf, pid_t tid, int cpu, bool from_exec)
{
	bool any = false;

	if (perf->count == COUNTERS_MAX)
		return;
	for (size_t i = 0; i < PERF_VALUE_NR; i++) {
		struct perf_event_attr attr = {
			.type = PERF_TYPE_HARDWARE, .size = sizeof(attr), .config = events[i],
			.inherit = cpu < 0,
			.disabled = from_exec,	/* in us; a child's is turned on by its exec */
			.enable_on_exec = from_exec,
			.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED |
				       PERF_FORMAT_TOTAL_TIME_RUNNING,
		};
		int fd = syscall(SYS_perf_event_open, &attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

		perf->fds[perf->count][i] = fd;
		any |= fd >= 0;
	}
	perf->count += any;
}

static void open_threads(struct perf *perf, pid_t pid)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			open_for(perf, atoi(entry->d_name), -1, false);
	if (dir)
		closedir(dir);
}

struct perf *perf__new(const pid_t *pids, size_t count)
{
	struct perf *perf = calloc(1, sizeof(*perf));

	if (!perf)
		return NULL;
	for (size_t i = 0; i < count; i++)
		open_threads(perf, pids[i]);
	for (int cpu = 0; !count && cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++)
		open_for(perf, -1, cpu, false);
	if (perf->count)
		return perf;
	free(perf);
	return NULL;
}

struct perf *perf__new_children(void)
{
	struct perf *perf = calloc(1, sizeof(*perf));

	if (perf)
		open_for(perf, 0, -1, true);
	if (perf && perf->count)
		return perf;
	free(perf);
	return NULL;
}

void perf__free(struct perf *perf)
{
	if (!perf)
		return;
	for (size_t i = 0; i < perf->count; i++)
		for (size_t j = 0; j < PERF_VALUE_NR; j++)
			if (perf->fds[i][j] >= 0)
				close(perf->fds[i][j]);
	free(perf);
}

void perf__read(const struct perf *perf, struct value values[PERF_VALUE_NR])
{
	uint64_t got[3];	/* value, time enabled, time running */

	for (size_t i = 0; i < perf->count; i++)
		for (size_t j = 0; j < PERF_VALUE_NR; j++) {
			if (perf->fds[i][j] < 0 ||
			    read(perf->fds[i][j], got, sizeof(got)) != sizeof(got) || !got[2])
				continue;
			values[j].known = true;
			values[j].n += (uint64_t)((double)got[0] * got[1] / got[2]);
		}
}
