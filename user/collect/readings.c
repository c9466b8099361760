// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/readings.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "model/report.h"

static struct report_disk *disk_row(struct report *report, const struct ppbpf_disk_key *key)
{
	struct report_disk *more;
	char path[64], link[256];
	ssize_t length;

	for (size_t i = 0; i < report->disk_count; i++)
		if (report->disks[i].major == key->major && report->disks[i].minor == key->minor)
			return &report->disks[i];
	more = realloc(report->disks, (report->disk_count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	report->disks = more;
	more = &report->disks[report->disk_count++];
	memset(more, 0, sizeof(*more));
	more->major = key->major;
	more->minor = key->minor;
	snprintf(more->name, sizeof(more->name), "%u:%u", key->major, key->minor);
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", key->major, key->minor);
	length = readlink(path, link, sizeof(link) - 1);
	if (length > 0) {
		link[length] = '\0';
		text_copy(more->name, sizeof(more->name), strrchr(link, '/') + 1);
	}
	return more;
}

static void disk_add(struct ppbpf_disk *to, const struct ppbpf_disk *from)
{
	to->operations += from->operations;
	to->bytes += from->bytes;
	to->queue_ns += from->queue_ns;
	to->service_ns += from->service_ns;
	to->errors += from->errors;
	for (size_t i = 0; i < PPBPF_IO_SLOTS; i++) {
		to->queue_hist[i] += from->queue_hist[i];
		to->service_hist[i] += from->service_hist[i];
	}
}

void readings__disks(struct report *report, int fd)
{
	int cpus = libbpf_num_possible_cpus();
	struct ppbpf_disk_key key, *last = NULL;
	struct ppbpf_disk *values;
	struct report_disk *row;

	values = cpus > 0 ? calloc(cpus, sizeof(*values)) : NULL;
	for (; values && !bpf_map_get_next_key(fd, last, &key); last = &key) {
		if (key.op >= PPBPF_IO_NR || bpf_map_lookup_elem(fd, &key, values))
			continue;
		row = disk_row(report, &key);
		for (int cpu = 0; row && cpu < cpus; cpu++)
			disk_add(&row->by_op[key.op], &values[cpu]);
	}
	free(values);
}

void readings__counters(struct report *report, int fd)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t *values = cpus > 0 ? calloc(cpus, sizeof(*values)) : NULL;

	for (uint32_t i = 0; values && i < PPBPF_COUNTER_NR; i++) {
		report->counters[i] = 0;
		if (bpf_map_lookup_elem(fd, &i, values))
			continue;
		for (int cpu = 0; cpu < cpus; cpu++)
			report->counters[i] += values[cpu];
	}
	free(values);
}

void readings__programs(struct report *report, const struct bpf_object *object, size_t limit)
{
	struct report_self *self = &report->self;
	struct bpf_prog_info info;
	struct bpf_program *program;
	struct report_program *row;
	uint32_t size;

	self->programs = calloc(limit + 1, sizeof(*self->programs));
	if (!self->programs)
		return;
	bpf_object__for_each_program(program, object) {
		memset(&info, 0, sizeof(info));
		size = sizeof(info);
		if (bpf_program__fd(program) < 0 || self->program_count > limit ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			continue;
		row = &self->programs[self->program_count++];
		text_copy(row->name, sizeof(row->name), bpf_program__name(program));
		row->run_ns = info.run_time_ns;
		row->runs = info.run_cnt;
		self->bpf_ns += row->run_ns;
		self->bpf_runs += row->runs;
		report->counters[PPBPF_LOST_PROGRAM_RUNS] += info.recursion_misses;
	}
	self->bpf_known = self->bpf_runs > 0;
}
