// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/blames.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "collect/skeleton.h"
#include "model/report.h"
#include "model/tasks.h"

static int by_ns(const void *a, const void *b)
{
	const struct report_blame *x = a, *y = b;

	return x->ns < y->ns ? 1 : x->ns > y->ns ? -1 : 0;
}

static int by_blamed(const void *a, const void *b)
{
	const struct report_blame *x = a, *y = b;

	return x->tgid != y->tgid ? (x->tgid < y->tgid ? -1 : 1) :
				    memcmp(x->comm, y->comm, sizeof(x->comm));
}

static int add_blame(struct report *report, uint32_t tgid, const void *comm, uint64_t ns)
{
	struct report_blame *more = report->blames;
	size_t count = report->blame_count;

	if (!(count & (count - 1)))
		more = realloc(more, (count ? 2 * count : 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	report->blames = more;
	more[count] = (struct report_blame){ .tgid = tgid, .ns = ns };
	text_copy(more[count].comm, sizeof(more[count].comm), comm);
	report->blame_count++;
	return 0;
}

static int add_blame_map(struct report *report, int fd)
{
	struct ppbpf_blame_key key, *last = NULL;
	uint64_t ns;
	int err = 0;

	for (; !err && !bpf_map_get_next_key(fd, last, &key); last = &key)
		if (!bpf_map_lookup_elem(fd, &key, &ns))
			err = add_blame(report, key.tgid, key.comm, ns);
	return err;
}

struct blames {
	const struct core_bpf *skel;
	int cpus;
	struct ppbpf_blame_cache *caches;	/* one a CPU */
	/* The maps of all change with the caches' sequence numbers only: what they held at these. */
	struct report_blame *rows;
	size_t row_count;
	uint64_t rows_at;
	bool rows_known;
};

struct blames *blames__new(const struct core_bpf *skel)
{
	struct blames *b = calloc(1, sizeof(*b));
	int cpus = libbpf_num_possible_cpus();

	if (b && cpus > 0) {
		b->skel = skel;
		b->cpus = cpus;
		b->caches = calloc(cpus, sizeof(*b->caches));
	}
	if (b && b->caches)
		return b;
	free(b);
	return NULL;
}

void blames__free(struct blames *b)
{
	if (!b)
		return;
	free(b->caches);
	free(b->rows);
	free(b);
}

/* Each CPU's latest blames. `sum` of their sequence numbers; odd: one is being changed. */
static int read_caches(struct blames *b, uint64_t *sum)
{
	uint32_t zero = 0;

	*sum = 0;
	if (bpf_map_lookup_elem(bpf_map__fd(b->skel->maps.blame_caches), &zero, b->caches))
		return -errno;
	for (int cpu = 0; cpu < b->cpus; cpu++) {
		if (b->caches[cpu].seq & 1)
			return -EAGAIN;
		*sum += b->caches[cpu].seq;
	}
	return 0;
}

/* The same process by the same name, once. */
static void merge_blames(struct report *report)
{
	struct report_blame *blames = report->blames;
	size_t kept = 0;

	qsort(blames, report->blame_count, sizeof(*blames), by_blamed);
	for (size_t i = 0; i < report->blame_count; i++) {
		if (kept && !by_blamed(&blames[kept - 1], &blames[i]))
			blames[kept - 1].ns += blames[i].ns;
		else
			blames[kept++] = blames[i];
	}
	report->blame_count = kept;
}

static int add_rows(struct blames *b, struct report *report)
{
	int err = 0;

	for (size_t i = 0; i < b->row_count && !err; i++)
		err = add_blame(report, b->rows[i].tgid, b->rows[i].comm, b->rows[i].ns);
	return err;
}

/* The maps of all, whose rows are kept: after the caches' they are the report's last ones. */
static int add_maps(struct blames *b, struct report *report, uint64_t seq)
{
	size_t before = report->blame_count;
	struct report_blame *rows;
	int err;

	err = add_blame_map(report, bpf_map__fd(b->skel->maps.blames));
	if (!err)
		err = add_blame_map(report, bpf_map__fd(b->skel->maps.blames_by_name));
	if (err)
		return err;
	b->row_count = report->blame_count - before;
	rows = realloc(b->rows, (b->row_count + 1) * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	if (b->row_count)
		memcpy(rows, report->blames + before, b->row_count * sizeof(*rows));
	b->rows = rows;
	b->rows_at = seq;
	b->rows_known = true;
	return 0;
}

/*
 * One look. -EAGAIN: a blame moved from a CPU's own to the map of all
 * meanwhile, and may have been seen in both or in neither.
 */
static int read_blames(struct blames *b, struct report *report)
{
	const struct ppbpf_blame_slot *slot;
	uint64_t before, after;
	int err;

	report->blame_count = 0;
	err = read_caches(b, &before);
	for (int cpu = 0; cpu < b->cpus && !err; cpu++)
		for (size_t i = 0; i < PPBPF_BLAME_SLOTS && !err; i++) {
			slot = &b->caches[cpu].slots[i];
			if (slot->tgid)
				err = add_blame(report, slot->tgid, slot->comm, slot->ns);
		}
	if (!err && b->rows_known && b->rows_at == before)
		return add_rows(b, report);
	b->rows_known = false;
	if (!err)
		err = add_maps(b, report, before);
	if (!err)
		err = read_caches(b, &after);
	if (err || after != before)
		b->rows_known = false;
	return !err && after != before ? -EAGAIN : err;
}

#define BLAME_TRIES 8

void blames__read(struct blames *b, struct report *report)
{
	struct process *process;

	for (int i = 0; i < BLAME_TRIES; i++)
		if (read_blames(b, report) != -EAGAIN)
			break;
	if (!report->blame_count)
		return;
	merge_blames(report);
	for (size_t i = 0; i < report->blame_count; i++) {
		process = tasks__find(report->tasks, report->blames[i].tgid);
		report->blames[i].followed = process && process->followed;
	}
	qsort(report->blames, report->blame_count, sizeof(*report->blames), by_ns);
}
