// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/func.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/units.h"
#include "collect/collector.h"
#include "collect/features.h"
#include "collect/func_cost.h"
#include "collect/func_find.h"
#include "collect/pycalls.h"
#include "collect/skeleton.h"
#include "collect/uprobes.h"
#include "func.skel.h"

#define RING_BYTES (1 << 20)

struct func {
	struct func_bpf *skel;
	struct ring_buffer *ring;
	struct uprobes probes;
	struct found found;
	struct pycalls *python;	/* NULL: none of its functions is asked for */
	bool *left_out;		/* by id */
	struct call_row **rows;	/* the others */
	struct ppbpf_call_sums *cpu_sums;	/* room for one row's, of every CPU */
	int cpus;
	bool events;
	struct func_cost cost;
	bool cost_measured;
	size_t functions;	/* places, and those that cost more: known with the cost */
	size_t stepped_begins;
	size_t stepped_ends;
	func_call_fn on_call;	/* during a drain */
	void *context;
};

/* Where each kind of place has its programs. */
static const struct {
	const char *program;
	enum site_kind kind;
	bool returns;
} programs[] = {
	/* ends first: a begin that is seen must not find its end without a probe */
	{ "function_return", SITE_FUNCTION, true },
	{ "function_exit", SITE_FUNCTION_EXIT, false },
	{ "function_entry", SITE_FUNCTION, false },
	{ "region_end", SITE_REGION_END, false },
	{ "region_begin", SITE_REGION_BEGIN, false },
};

#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static size_t places_of(const struct found *found, enum site_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < found->file_count; i++)
		count += found->files[i].by_kind[kind].count;
	return count;
}

static size_t places_in_all(const struct found *found)
{
	size_t count = 0;

	for (enum site_kind kind = 0; kind < SITE_USDT; kind++)
		count += places_of(found, kind);
	return count;
}

static int configure(struct func *f, const struct func_config *config)
{
	bool followed = config->collector && collector__following(config->collector);
	struct func_bpf *skel = f->skel;
	struct bpf_program *program;
	int err, fd;

	skel->rodata->cfg_followed_only = followed;
	skel->rodata->cfg_always_timed = f->found.row_count;
	skel->rodata->cfg_call_events = config->events;
	skel->rodata->cfg_call_split = config->events && followed;
	skel->rodata->cfg_ring_wakeup = RING_BYTES / 4;
	/* one more: the function that the cost is measured on */
	err = bpf_map__set_max_entries(skel->maps.call_sums, f->found.row_count + 1);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.call_events,
					       config->events ? RING_BYTES : getpagesize());
	if (err)
		return err;
	bpf_map__set_autocreate(skel->maps.events, false);
	bpf_map__set_autocreate(skel->maps.cpu_times, false);
	if (followed) {
		fd = collector__map_fd(config->collector, "task_states");
		err = fd < 0 ? fd : bpf_map__reuse_fd(skel->maps.task_states, fd);
	}
	for (size_t i = 0; i < PROGRAMS; i++) {
		program = bpf_object__find_program_by_name(skel->obj, programs[i].program);
		bpf_program__set_autoload(program, places_of(&f->found, programs[i].kind));
		uprobes__prepare(&f->probes, program);
	}
	return err;
}

/* What cannot be probed is no row: its calls are not known. */
static int leave_out(struct func *f, uint64_t id)
{
	struct call_row *row = f->found.rows[id];

	if (f->left_out[id])
		return 0;
	f->left_out[id] = true;
	return found__warn(&f->found, "%s is left out: the kernel cannot step the instruction that "
			   "it begins or ends with", row->name);
}

/* The kernel does not say which of many places it objects to. */
static int attach_all_that_can_be(struct func *f, const struct bpf_program *program,
				  const struct uprobe_places *places)
{
	int err = uprobes__attach(&f->probes, program, places);
	struct uprobe_places half = *places;

	if (err != UPROBES_NOT_HERE)
		return err;
	if (places->count == 1)
		return leave_out(f, places->cookies[0]);
	half.count = places->count / 2;
	err = attach_all_that_can_be(f, program, &half);
	half.offsets += half.count;
	half.cookies += half.count;
	half.semaphores += half.count;
	half.count = places->count - half.count;
	return err ? err : attach_all_that_can_be(f, program, &half);
}

static int attach_file(struct func *f, const struct found_file *file, pid_t pid)
{
	struct uprobe_places places = {
		.path = f->found.binaries.binaries[file->binary].path,
		.pid = pid,
	};
	const struct bpf_program *program;
	const struct places *kind;
	size_t size = 0;
	void *mapping = uprobes__validate(places.path, &size);
	int err = 0;

	for (size_t k = 0; k < PROGRAMS && !err; k++) {
		kind = &file->by_kind[programs[k].kind];
		places.offsets = kind->offsets;
		places.cookies = kind->cookies;
		places.semaphores = kind->semaphores;
		places.count = kind->count;
		places.returns = programs[k].returns;
		if (places.returns && file->throws)
			continue;
		program = bpf_object__find_program_by_name(f->skel->obj, programs[k].program);
		err = attach_all_that_can_be(f, program, &places);
	}
	if (mapping)
		munmap(mapping, size);
	return err;
}

static int attach(struct func *f, const struct func_config *config)
{
	bool all = config->collector && collector__following(config->collector);
	pid_t pid = !all && config->pid_count == 1 ? config->pids[0] : 0;
	int err = 0;

	for (size_t i = 0; i < f->found.file_count && !err; i++)
		err = attach_file(f, &f->found.files[i], pid);
	return err;
}

static int on_event(void *context, void *data, size_t size)
{
	const struct ppbpf_call_event *event = data;
	struct func *f = context;
	struct func_call call;

	if (size < sizeof(*event) || event->id >= f->found.row_count || !f->on_call)
		return 0;
	call = (struct func_call){
		.row = f->found.rows[event->id],
		.tgid = event->tgid,
		.pid = event->pid,
		.start_ns = event->start_ns,
		.duration_ns = event->duration_ns,
		.nested = event->flags & PPBPF_CALL_NESTED,
		.split_known = event->flags & PPBPF_CALL_SPLIT,
		.split = event->split,
	};
	f->on_call(&call, f->context);
	return 0;
}

static int load_and_attach(struct func *f, const struct func_config *config)
{
	FEATURES_OPEN_OPTIONS(open);
	int err;

	f->skel = func_bpf__open_opts(&open);
	if (!f->skel)
		return -errno;
	err = configure(f, config);
	if (!err)
		err = func_bpf__load(f->skel);
	if (!err)
		f->ring = ring_buffer__new(bpf_map__fd(f->skel->maps.call_events), on_event, f,
					   NULL);
	if (!err && !f->ring)
		err = -ENOMEM;
	if (!err)
		err = attach(f, config);
	if (err) {
		uprobes__free(&f->probes);
		ring_buffer__free(f->ring);
		f->ring = NULL;
		func_bpf__destroy(f->skel);
		f->skel = NULL;
	}
	return err;
}

static int too_many_singles(const struct func *f, struct err *e)
{
	err__set(e, ERR_UNSUPPORTED_KERNEL, -E2BIG, "%zu places match, and this kernel takes %d",
		 places_in_all(&f->found), UPROBES_SINGLE_MAX);
	err__hint(e, "narrow the pattern; many at once need Linux 6.6");
	return -E2BIG;
}

static int start(struct func *f, const struct func_config *config, struct err *e)
{
	int err;

	f->probes.single = config->single;
	err = f->probes.single ? -EOPNOTSUPP : load_and_attach(f, config);
	if (err == -EOPNOTSUPP) {
		if (places_in_all(&f->found) > UPROBES_SINGLE_MAX)
			return too_many_singles(f, e);
		f->probes.single = true;
		err = load_and_attach(f, config);
	}
	if (err == -EPERM) {
		err__set(e, ERR_PERMISSION, err, "functions cannot be probed here: %s",
			 strerror(-err));
		err__hint(e, "run it as root; a container needs CAP_BPF, CAP_PERFMON and "
			  "CAP_SYS_ADMIN");
		return err;
	}
	if (err)
		return err__set(e, ERR_UNSUPPORTED_KERNEL, err, "functions cannot be probed: %s",
				strerror(-err));
	return 0;
}

static int start_python(struct func *f, const struct func_config *config, struct err *e)
{
	int err = pycalls__new(&f->python, config, &f->found.binaries, e);

	if (err || !pycalls__guessed(f->python))
		return err;
	return found__warn(&f->found, "%s is no Python: calls are counted in %s, if it starts that",
			   config->command, pycalls__guessed(f->python));
}

static int make_room(struct func *f, struct err *e)
{
	f->cpu_sums = calloc(f->cpus, sizeof(*f->cpu_sums));
	f->left_out = calloc(f->found.row_count + 1, sizeof(*f->left_out));
	f->rows = calloc(f->found.row_count + 1, sizeof(void *));
	if (!f->cpu_sums || !f->left_out || !f->rows)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	return 0;
}

int func__new(struct func **out, const struct func_config *config, struct err *e)
{
	struct func *f = calloc(1, sizeof(*f));
	int err;

	*out = NULL;
	if (!f)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	f->events = config->events;
	f->cpus = libbpf_num_possible_cpus();
	err = f->cpus < 0 ? f->cpus : found__search(&f->found, config, e);
	if (!err)
		err = make_room(f, e);
	if (!err && pycalls_wanted(config))
		err = start_python(f, config, e);
	if (!err)
		err = start(f, config, e);
	if (err) {
		func__free(f);
		return err;
	}
	*out = f;
	return 0;
}

void func__free(struct func *f)
{
	if (!f)
		return;
	uprobes__free(&f->probes);
	pycalls__free(f->python);
	ring_buffer__free(f->ring);
	func_bpf__destroy(f->skel);
	found__free(&f->found);
	free(f->cpu_sums);
	free(f->left_out);
	free(f->rows);
	free(f);
}

int func__drain(struct func *f, func_call_fn on_call, void *context)
{
	int count;

	f->on_call = on_call;
	f->context = context;
	count = ring_buffer__consume(f->ring);
	f->on_call = NULL;
	return count;
}

int func__ring_fd(const struct func *f)
{
	return f->events ? ring_buffer__epoll_fd(f->ring) : -1;
}

/* --- the sums ------------------------------------------------------------------------- */

static void row_add(struct call_row *row, const struct ppbpf_call_sums *sums)
{
	uint64_t min = ~sums->min_complement;

	row->calls += sums->calls;
	row->primitive_calls += sums->primitive_calls;
	row->returned += sums->returned;
	row->self_ns += sums->self_ns;
	row->cumulative_ns += sums->cumulative_ns;
	if (sums->max_ns > row->max_ns)
		row->max_ns = sums->max_ns;
	if (sums->returned && min < row->min_ns)
		row->min_ns = min;
	for (size_t i = 0; i < PPBPF_CALL_SLOTS; i++)
		row->hist[i] += sums->hist[i];
}

static int read_row(struct func *f, uint32_t id)
{
	struct call_row *row = f->found.rows[id];

	if (bpf_map_lookup_elem(bpf_map__fd(f->skel->maps.call_sums), &id, f->cpu_sums))
		return -errno;
	row->calls = row->primitive_calls = row->returned = 0;
	row->self_ns = row->cumulative_ns = row->max_ns = 0;
	row->min_ns = UINT64_MAX;
	memset(row->hist, 0, sizeof(row->hist));
	for (int cpu = 0; cpu < f->cpus; cpu++)
		row_add(row, &f->cpu_sums[cpu]);
	if (!row->returned)
		row->min_ns = 0;
	return 0;
}

static int add_python(struct func *f, struct calls *calls)
{
	struct call_row *const *rows;
	struct call_row **more;
	size_t count;
	int err = pycalls__read(f->python, &rows, &count, calls->counters);

	if (err || !count)
		return err;
	more = realloc(f->rows, (calls->count + count) * sizeof(void *));
	if (!more)
		return -ENOMEM;
	memcpy(more + calls->count, rows, count * sizeof(void *));
	f->rows = calls->rows = more;
	calls->count += count;
	return 0;
}

int func__read(struct func *f, struct calls *calls)
{
	uint64_t *values = (uint64_t *)f->cpu_sums;
	int err = 0;

	*calls = (struct calls){ .rows = f->rows };
	for (uint32_t i = 0; i < f->found.row_count && !err; i++) {
		if (f->left_out[i])
			continue;
		err = read_row(f, i);
		f->rows[calls->count++] = f->found.rows[i];
	}
	for (uint32_t i = 0; i < PPBPF_CALL_COUNTER_NR && !err; i++) {
		if (bpf_map_lookup_elem(bpf_map__fd(f->skel->maps.call_counters), &i,
					values))
			return -errno;
		for (int cpu = 0; cpu < f->cpus; cpu++)
			calls->counters[i] += values[cpu];
	}
	return err || !f->python ? err : add_python(f, calls);
}

const char *const *func__warnings(const struct func *f, size_t *count)
{
	*count = f->found.warning_count;
	return (const char *const *)f->found.warnings;
}

const char *func__profiler(const struct func *f)
{
	return f->found.row_count ? "ebpf-uprobe" : "ebpf-usdt";
}

/* --- the cost -------------------------------------------------------------------------- */

/* The probes of a file's functions that cost more, and how many there are. */
static void count_stepped(struct func *f, const struct found_file *file)
{
	const struct places *places = &file->by_kind[SITE_FUNCTION];
	int fd = open(f->found.binaries.binaries[file->binary].path, O_RDONLY | O_CLOEXEC);

	for (size_t k = 0; fd >= 0 && k < places->count; k++)
		f->stepped_begins += func_is_stepped(fd, places->offsets[k]);
	if (file->throws)
		f->stepped_ends += places->count;
	f->functions += places->count;
	if (fd >= 0)
		close(fd);
}

static void measure_cost(struct func *f)
{
	if (f->cost_measured)
		return;
	f->cost_measured = true;
	for (size_t i = 0; i < f->found.file_count; i++)
		count_stepped(f, &f->found.files[i]);
	func_cost__measure(&f->cost, &f->probes, f->skel->progs.function_entry,
			   f->skel->progs.function_return, f->found.row_count);
}

double func__cost_ns(struct func *f)
{
	double stepped, all;

	measure_cost(f);
	if (!f->functions)
		return NAN;
	all = f->functions;
	stepped = f->stepped_begins + f->stepped_ends;
	return (f->cost.stepped_ns * stepped + f->cost.begin_ns * (all - f->stepped_begins) +
		f->cost.return_ns * (all - f->stepped_ends)) / all;
}

int func__cost_text(struct func *f, struct buf *out)
{
	char cost[UNITS_TEXT], usual[UNITS_TEXT];
	double ns = func__cost_ns(f);

	if (isnan(ns))
		return 0;
	format_duration(cost, ns);
	if (!f->stepped_begins && !f->stepped_ends)
		return buf__printf(out, "timing a call takes %s", cost);
	format_duration(usual, f->cost.begin_ns + f->cost.return_ns);
	return buf__printf(out, "timing a call takes %s on average: %s, and more where an instruction "
			   "has to be stepped: the begin of %zu and the end of %zu of %zu functions",
			   cost, usual, f->stepped_begins, f->stepped_ends, f->functions);
}
