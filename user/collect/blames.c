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

/* Each CPU's latest blames. `sum` of their sequence numbers; odd: one is being changed. */
static int read_blame_caches(const struct core_bpf *skel, struct ppbpf_blame_cache *caches,
			     int cpus, uint64_t *sum)
{
	uint32_t zero = 0;

	*sum = 0;
	if (bpf_map_lookup_elem(bpf_map__fd(skel->maps.blame_caches), &zero, caches))
		return -errno;
	for (int cpu = 0; cpu < cpus; cpu++) {
		if (caches[cpu].seq & 1)
			return -EAGAIN;
		*sum += caches[cpu].seq;
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

/*
 * One look. -EAGAIN: a blame moved from a CPU's own to the map of all
 * meanwhile, and may have been seen in both or in neither.
 */
static int read_blames(const struct core_bpf *skel, struct report *report,
		       struct ppbpf_blame_cache *caches, int cpus)
{
	const struct ppbpf_blame_slot *slot;
	uint64_t before, after;
	int err;

	report->blame_count = 0;
	err = read_blame_caches(skel, caches, cpus, &before);
	for (int cpu = 0; cpu < cpus && !err; cpu++)
		for (size_t i = 0; i < PPBPF_BLAME_SLOTS && !err; i++) {
			slot = &caches[cpu].slots[i];
			if (slot->tgid)
				err = add_blame(report, slot->tgid, slot->comm, slot->ns);
		}
	if (!err)
		err = add_blame_map(report, bpf_map__fd(skel->maps.blames));
	if (!err)
		err = add_blame_map(report, bpf_map__fd(skel->maps.blames_by_name));
	if (!err)
		err = read_blame_caches(skel, caches, cpus, &after);
	return !err && after != before ? -EAGAIN : err;
}

#define BLAME_TRIES 8

void blames__read(struct report *report, const struct core_bpf *skel)
{
	int cpus = libbpf_num_possible_cpus();
	struct ppbpf_blame_cache *caches = cpus > 0 ? calloc(cpus, sizeof(*caches)) : NULL;
	struct process *process;

	for (int i = 0; caches && i < BLAME_TRIES; i++)
		if (read_blames(skel, report, caches, cpus) != -EAGAIN)
			break;
	free(caches);
	if (!report->blame_count)
		return;
	merge_blames(report);
	for (size_t i = 0; i < report->blame_count; i++) {
		process = tasks__find(report->tasks, report->blames[i].tgid);
		report->blames[i].followed = process && process->followed;
	}
	qsort(report->blames, report->blame_count, sizeof(*report->blames), by_ns);
}
