// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/look.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "collect/features.h"
#include "collect/iterate.h"
#include "collect/libbpf_log.h"
#include "collect/pidns.h"
#include "collect/skeleton.h"
#include "look.skel.h"

struct look {
	struct look_bpf *skel;
	struct bpf_link *link;
	struct buf bytes;		/* of the last look: struct ppbpf_look, one after the other */
	struct hash *by_tid;
	struct hash *next;		/* by thread id: the next thread of its process */
	struct hash *last;		/* by process id: the latest thread that was linked */
};

static int configure(struct look_bpf *skel, const struct look_config *config)
{
	static const char *const unused[] = { "task_states", "events", "counters", "cpu_times",
					      "targets" };
	int cpus = libbpf_num_possible_cpus(), err = 0;

	if (cpus < 0)
		return cpus;
	skel->rodata->cfg_cpus = cpus;
	skel->rodata->cfg_page_size = sysconf(_SC_PAGESIZE);
	skel->rodata->cfg_target_mode = config->mode;
	skel->rodata->cfg_cgroup_id = config->cgroup_id;
	skel->rodata->cfg_cgroup_subsys = config->cgroup_subsys;
	for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]) && !err; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(skel->obj, unused[i]);

		err = map ? bpf_map__set_autocreate(map, false) : 0;
	}
	return err ? err : bpf_map__set_max_entries(skel->maps.cpu_offsets, cpus);
}

static int load(struct look *look, const struct look_config *config)
{
	FEATURES_OPEN_OPTIONS(open);
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, run);
	struct ppbpf_pid_view *view;
	int above, err;

	look->skel = look_bpf__open_opts(&open);
	if (!look->skel)
		return -errno;
	libbpf_log__listen();
	err = configure(look->skel, config);
	if (!err)
		err = look_bpf__load(look->skel);
	if (!err)
		err = bpf_prog_test_run_opts(bpf_program__fd(look->skel->progs.look_pid_view),
					     &run);
	if (err)
		return err;
	above = proc_levels_above();
	view = &look->skel->bss->pid_view;
	view->proc_level = above < 0 ? -1 : (int)view->level - above;
	look->link = bpf_program__attach_iter(look->skel->progs.task_look, NULL);
	return look->link ? 0 : -errno;
}

int look__new(struct look **out, const struct look_config *config, struct err *e)
{
	struct look *look = calloc(1, sizeof(*look));
	int err;

	*out = NULL;
	if (!look)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	err = load(look, config);
	if (err) {
		libbpf_log__explain(e, err, "the task iterator");
		look__free(look);
		return err;
	}
	*out = look;
	return 0;
}

static void forget(struct look *look)
{
	hash__free(look->by_tid);
	hash__free(look->next);
	hash__free(look->last);
	look->by_tid = look->next = look->last = NULL;
	buf__truncate(&look->bytes, 0);
}

void look__free(struct look *look)
{
	if (!look)
		return;
	forget(look);
	buf__free(&look->bytes);
	bpf_link__destroy(look->link);
	look_bpf__destroy(look->skel);
	free(look);
}

size_t look__count(const struct look *look)
{
	return look->bytes.length / sizeof(struct ppbpf_look);
}

const struct ppbpf_look *look__at(const struct look *look, size_t i)
{
	return (const struct ppbpf_look *)look->bytes.data + i;
}

/* Leaders are passed by before their threads, as numbers ascend: unless they have come again. */
static int link_threads(struct look *look)
{
	int err = 0;

	look->by_tid = hash__new();
	look->next = hash__new();
	look->last = hash__new();
	if (!look->by_tid || !look->next || !look->last)
		return -ENOMEM;
	for (size_t i = 0; i < look__count(look) && !err; i++) {
		struct ppbpf_look *thread = (struct ppbpf_look *)look->bytes.data + i;

		err = hash__set(look->by_tid, thread->tid, 0, thread);
		if (!err && thread->tid == thread->task.names.pid)
			err = hash__set(look->last, thread->tid, 0, thread);
	}
	for (size_t i = 0; i < look__count(look) && !err; i++) {
		struct ppbpf_look *thread = (struct ppbpf_look *)look->bytes.data + i;
		struct ppbpf_look *last = hash__get(look->last, thread->task.names.pid, 0);

		if (!last || thread->tid == thread->task.names.pid)
			continue;
		err = hash__set(look->next, last->tid, 0, thread);
		if (!err)
			err = hash__set(look->last, thread->task.names.pid, 0, thread);
	}
	return err;
}

int look__again(struct look *look)
{
	int err;

	forget(look);
	err = iterate_bytes(look->link, &look->bytes);
	return err ? err : link_threads(look);
}

const struct ppbpf_look *look__find(const struct look *look, pid_t tid)
{
	return look->by_tid ? hash__get(look->by_tid, tid, 0) : NULL;
}

const struct ppbpf_look *look__next_thread(const struct look *look,
					   const struct ppbpf_look *thread)
{
	return hash__get(look->next, thread->tid, 0);
}
