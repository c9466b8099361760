// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/mapped.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/intern.h"

#define PAGES 64		/* of records a CPU; a power of 2 */
#define RECORD_MAX 8192		/* a path of PATH_MAX and what is before it */

struct ring {
	int fd;
	struct perf_event_mmap_page *page;
};

struct mapped {
	struct ring *rings;
	size_t ring_count;
	size_t bytes;		/* of a ring's records */
	struct intern *known;
	const char **paths;
	size_t path_count;
};

static bool open_ring(struct mapped *m, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_DUMMY,
		.inherit = 1, .disabled = 1, .enable_on_exec = 1, .exclude_kernel = 1,
		.mmap = 1, .mmap2 = 1,
	};
	long page_size = sysconf(_SC_PAGESIZE);
	struct ring *ring = &m->rings[m->ring_count];
	void *memory;

	m->bytes = PAGES * page_size;
	ring->fd = syscall(SYS_perf_event_open, &attr, 0, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (ring->fd < 0)
		return errno == ENODEV;	/* a CPU that is not there */
	memory = mmap(NULL, m->bytes + page_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (memory == MAP_FAILED) {
		close(ring->fd);
		return false;
	}
	ring->page = memory;
	m->ring_count++;
	return true;
}

struct mapped *mapped__new(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	struct mapped *m = calloc(1, sizeof(*m));
	bool good = m != NULL;

	if (m) {
		m->rings = calloc(cpus, sizeof(*m->rings));
		m->known = intern__new();
		good = m->rings && m->known;
	}
	for (long cpu = 0; cpu < cpus && good; cpu++)
		good = open_ring(m, cpu);
	if (good && m->ring_count)
		return m;
	mapped__free(m);
	return NULL;
}

void mapped__free(struct mapped *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->ring_count; i++) {
		munmap(m->rings[i].page, m->bytes + sysconf(_SC_PAGESIZE));
		close(m->rings[i].fd);
	}
	intern__free(m->known);
	free(m->paths);
	free(m->rings);
	free(m);
}

static void add_path(struct mapped *m, const char *path)
{
	const char **more;
	bool added = false;
	int number;

	/* "[vdso]", "//anon", and what was deleted: no file of that name */
	if (path[0] != '/' || path[1] == '/' || strstr(path, " (deleted)"))
		return;
	number = intern__add(m->known, path, strlen(path), &added);
	if (number < 0 || !added)
		return;
	more = realloc(m->paths, (m->path_count + 1) * sizeof(*more));
	if (!more)
		return;
	m->paths = more;
	m->paths[m->path_count++] = intern__get(m->known, number, NULL);
}

/* struct of PERF_RECORD_MMAP2 up to its name, as perf_event_open(2) has it */
struct mmap2 {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t addr, len, pgoff;
	uint32_t maj, min;
	uint64_t ino, ino_generation;
	uint32_t prot, flags;
	char filename[];
};

static void read_ring(struct mapped *m, const struct ring *ring)
{
	const char *data = (const char *)ring->page + sysconf(_SC_PAGESIZE);
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = ring->page->data_tail;
	char record[RECORD_MAX + 1];
	struct perf_event_header header;

	while (head - tail >= sizeof(header)) {
		for (size_t i = 0; i < sizeof(header); i++)
			((char *)&header)[i] = data[(tail + i) % m->bytes];
		if (header.size < sizeof(header) || header.size > head - tail)
			break;
		if (header.type == PERF_RECORD_MMAP2 && header.size <= RECORD_MAX &&
		    header.size > sizeof(struct mmap2)) {
			for (size_t i = 0; i < header.size; i++)
				record[i] = data[(tail + i) % m->bytes];
			record[header.size] = '\0';
			add_path(m, ((const struct mmap2 *)(const void *)record)->filename);
		}
		tail += header.size;
	}
	__atomic_store_n(&ring->page->data_tail, head, __ATOMIC_RELEASE);
}

void mapped__drain(struct mapped *m)
{
	for (size_t i = 0; i < m->ring_count; i++)
		read_ring(m, &m->rings[i]);
}

const char *const *mapped__paths(const struct mapped *m, size_t *count)
{
	*count = m->path_count;
	return m->paths;
}
