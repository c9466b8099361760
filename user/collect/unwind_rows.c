// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/unwind_rows.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbol/cfi.h"

#define CHUNK_BYTES ((size_t)PPBPF_CHUNK_ROWS * sizeof(struct ppbpf_unwind_row))

#define PUBLISHER_STACK ((size_t)PTHREAD_STACK_MIN + 16384)
#define PUBLISHED_POLL_US 50

/* A map of rows, and the thread that puts it where the programs find it. */
struct chunk {
	int chunks_fd;
	uint32_t number;
	int fd;
	bool has_publisher;
	pthread_t publisher;
	int error;
};

struct unwind_rows {
	int chunks_fd;
	struct chunk chunks[PPBPF_CHUNKS_MAX]; /* as they come */
	size_t count;
	struct ppbpf_unwind_row *chunk; /* the last one, mapped; NULL: it is full */
};

struct unwind_rows *unwind_rows__new(int chunks_fd)
{
	struct unwind_rows *rows = calloc(1, sizeof(*rows));

	if (rows)
		rows->chunks_fd = chunks_fd;
	return rows;
}

static void unmap(struct unwind_rows *rows)
{
	if (rows->chunk)
		munmap(rows->chunk, CHUNK_BYTES);
	rows->chunk = NULL;
}

void unwind_rows__free(struct unwind_rows *rows)
{
	if (!rows)
		return;
	unmap(rows);
	for (size_t i = 0; i << PPBPF_CHUNK_SHIFT < rows->count; i++) {
		if (rows->chunks[i].has_publisher)
			pthread_join(rows->chunks[i].publisher, NULL);
		close(rows->chunks[i].fd);
	}
	free(rows);
}

/*
 * The kernel comes back from this only when no program can have the former value
 * any more, of which there is none: 10 ms, and a second on a busy machine.
 */
static void *publish(void *context)
{
	struct chunk *chunk = context;

	if (bpf_map_update_elem(chunk->chunks_fd, &chunk->number, &chunk->fd, BPF_ANY))
		__atomic_store_n(&chunk->error, -errno, __ATOMIC_RELEASE);
	return NULL;
}

/* So a thread waits for that; we, until the map is in its place, which it is at once. */
static int publish_aside(struct chunk *chunk)
{
	pthread_attr_t attributes;
	uint32_t id;
	int err;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, PUBLISHER_STACK);
	chunk->has_publisher = !pthread_create(&chunk->publisher, &attributes, publish, chunk);
	pthread_attr_destroy(&attributes);
	if (!chunk->has_publisher)
		publish(chunk);
	for (;;) {
		err = __atomic_load_n(&chunk->error, __ATOMIC_ACQUIRE);
		if (err || !bpf_map_lookup_elem(chunk->chunks_fd, &chunk->number, &id))
			break;
		/* "not there yet" is the one answer that changes */
		if (errno != ENOENT) {
			err = -errno;
			break;
		}
		usleep(PUBLISHED_POLL_US);
	}
	if (err && chunk->has_publisher)
		pthread_join(chunk->publisher, NULL);
	return err;
}

/* The array of maps keeps the new one; we keep it mapped until it is full. */
static int begin_chunk(struct unwind_rows *rows)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	struct chunk fresh = { .chunks_fd = rows->chunks_fd,
			       .number = rows->count >> PPBPF_CHUNK_SHIFT };
	struct chunk *chunk;
	void *mapped;
	int err;

	if (fresh.number >= PPBPF_CHUNKS_MAX)
		return -ENOSPC;
	chunk = &rows->chunks[fresh.number];
	*chunk = fresh;
	chunk->fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "unwind_chunk", sizeof(uint32_t),
				   sizeof(struct ppbpf_unwind_row), PPBPF_CHUNK_ROWS, &options);
	if (chunk->fd < 0)
		return chunk->fd;
	mapped = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, chunk->fd, 0);
	err = mapped == MAP_FAILED ? -errno : publish_aside(chunk);
	if (err && mapped != MAP_FAILED)
		munmap(mapped, CHUNK_BYTES);
	if (err) {
		close(chunk->fd);
		return err;
	}
	rows->chunk = mapped;
	return 0;
}

static int append(struct unwind_rows *rows, const void *data, size_t count)
{
	const struct ppbpf_unwind_row *from = data;

	while (count) {
		size_t at = rows->count & (PPBPF_CHUNK_ROWS - 1), room = PPBPF_CHUNK_ROWS - at;
		int err = rows->chunk ? 0 : begin_chunk(rows);

		if (err)
			return err;
		if (room > count)
			room = count;
		memcpy(rows->chunk + at, from, room * sizeof(*from));
		__atomic_store_n(&rows->count, rows->count + room, __ATOMIC_RELAXED);
		from += room;
		count -= room;
		if (!(rows->count & (PPBPF_CHUNK_ROWS - 1)))
			unmap(rows);
	}
	return 0;
}

int unwind_rows__add(struct unwind_rows *rows, const struct cfi_table *table,
		     struct ppbpf_module *module)
{
	uint32_t first = rows->count, odd[2] = { 0 };
	size_t entries = table->pages + 1;
	int err = append(rows, table->index, entries / 2);

	if (!err && entries & 1) {
		odd[0] = table->index[entries - 1];
		err = append(rows, odd, 1);
	}
	module->index = first;
	module->rows = rows->count;
	if (!err)
		err = append(rows, table->rows, table->count);
	module->first_page = table->first_page;
	module->pages = table->pages;
	module->row_count = table->count;
	return err;
}

static int row_at(const struct unwind_rows *rows, uint32_t number, struct ppbpf_unwind_row *row)
{
	uint32_t at = number & (PPBPF_CHUNK_ROWS - 1);

	return bpf_map_lookup_elem(rows->chunks[number >> PPBPF_CHUNK_SHIFT].fd, &at, row);
}

/* Two pages' first rows lie in each row of the index. */
static int page_row(const struct unwind_rows *rows, const struct ppbpf_module *module,
		    uint32_t page, uint32_t *first)
{
	uint32_t pair[2];
	int err = row_at(rows, module->index + page / 2, (struct ppbpf_unwind_row *)pair);

	*first = pair[page & 1];
	return err;
}

void unwind_rows__find(const struct unwind_rows *rows, const struct ppbpf_module *module,
		       uint64_t offset, struct ppbpf_unwind_row *row)
{
	uint64_t page = (offset >> PPBPF_PAGE_SHIFT) - module->first_page;
	struct ppbpf_unwind_row found;
	uint32_t low, high, middle;

	if (offset >> 32 || page >= module->pages || page_row(rows, module, page, &low) ||
	    page_row(rows, module, page + 1, &high))
		return;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (row_at(rows, module->rows + middle, &found))
			return;
		if (found.pc <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low && !row_at(rows, module->rows + low - 1, &found))
		*row = found;
}

size_t unwind_rows__count(const struct unwind_rows *rows)
{
	return __atomic_load_n(&rows->count, __ATOMIC_RELAXED);
}

size_t unwind_rows__bytes(const struct unwind_rows *rows)
{
	size_t chunks = (unwind_rows__count(rows) + PPBPF_CHUNK_ROWS - 1) >> PPBPF_CHUNK_SHIFT;

	return chunks * CHUNK_BYTES;
}
