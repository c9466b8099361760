// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/requests.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/units.h"
#include "collect/features.h"
#include "collect/func_cost.h"
#include "collect/libbpf_log.h"
#include "collect/pidns.h"
#include "collect/service.h"
#include "collect/skeleton.h"
#include "collect/tls.h"
#include "collect/uprobes.h"
#include "model/reason.h"
#include "http.skel.h"

#define RING_BYTES (2 << 20)
/* The kernel tells who becomes another program, and who listens: this is for the rest. */
#define SCAN_INTERVAL_NS (10 * NSEC_PER_SEC)
#define SCAN_ROUNDS 4		/* somebody may fork while we look */

struct requests {
	struct http_bpf *skel;
	struct ring_buffer *ring;
	struct service *service;
	struct exchanges *exchanges;
	struct bpf_link *seed;
	struct tls *tls;		/* NULL: TLS is not looked into, or not any more */
	struct func_cost probe_cost;
	double tls_budget;
	size_t tls_files;
	bool over_budget;
	uint64_t budget_checked;
	double budget_cost;		/* of all hits by then */
	size_t processes;
	uint64_t scanned;
	uint64_t *cpu_values;		/* room for a counter of every CPU */
	int cpus;
	bool by_syscall;		/* the kernel's socket layer has no tracepoints */
	bool stopped;
	request_fn on_request;		/* during a drain */
	void *context;
	int failure;			/* of the callback */
	bool new_process;		/* somebody of the service became another program */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

/* --- who ---------------------------------------------------------------------------------- */

static int read_through(const struct bpf_link *link)
{
	int fd = bpf_iter_create(bpf_link__fd(link)), err = 0;
	char buffer[256];
	ssize_t length;

	if (fd < 0)
		return -errno;
	do
		length = read(fd, buffer, sizeof(buffer));
	while (length > 0 || (length < 0 && (errno == EINTR || errno == EAGAIN)));
	if (length < 0)
		err = -errno;
	close(fd);
	return err;
}

static int forget_targets(struct requests *r)
{
	int fd = bpf_map__fd(r->skel->maps.targets);
	uint32_t pid;

	while (!bpf_map_get_next_key(fd, NULL, &pid))
		bpf_map_delete_elem(fd, &pid);
	return 0;
}

static int trace_all(struct requests *r, const pid_t *pids, size_t count)
{
	int fd = bpf_map__fd(r->skel->maps.targets), err = 0;
	uint8_t one = 1;
	uint32_t pid;

	for (size_t i = 0; i < count && !err; i++) {
		pid = pids[i];
		if (bpf_map_update_elem(fd, &pid, &one, BPF_ANY))
			err = -errno;
	}
	if (!err)
		err = read_through(r->seed);
	forget_targets(r);
	return err;
}

static int probe_all(struct requests *r, const pid_t *pids, size_t count)
{
	int err = 0;

	for (size_t i = 0; r->tls && i < count && !err; i++)
		err = tls__add_process(r->tls, pids[i]);
	if (r->tls)
		r->tls_files = tls__files(r->tls);
	return err;
}

/* Until nobody new is found: who is traced hands it down to what it starts. */
static int find_processes(struct requests *r)
{
	const pid_t *pids;
	int count = 0, before, err;

	for (int i = 0; i < SCAN_ROUNDS; i++) {
		before = count;
		count = service__scan(r->service, &pids);
		if (count < 0)
			return count;
		err = trace_all(r, pids, count);
		if (err)
			return err;
		if (i && count <= before)
			break;
	}
	r->processes = count;
	r->scanned = now_ns();
	return probe_all(r, pids, count);
}

/* --- what probing TLS costs ------------------------------------------------------------------ */

static int read_counter(struct requests *r, uint32_t id, uint64_t *sum)
{
	int fd = bpf_map__fd(r->skel->maps.exchange_counters);

	*sum = 0;
	if (bpf_map_lookup_elem(fd, &id, r->cpu_values))
		return -errno;
	for (int cpu = 0; cpu < r->cpus; cpu++)
		*sum += r->cpu_values[cpu];
	return 0;
}

int requests__tls(struct requests *r, struct requests_tls *out)
{
	uint64_t returns = 0;
	int err = read_counter(r, PPBPF_REQUEST_TLS_SEEN, &out->connections);

	out->files = r->tls_files;
	out->over_budget = r->over_budget;
	if (!err)
		err = read_counter(r, PPBPF_REQUEST_TLS_HITS, &out->hits);
	if (!err)
		err = read_counter(r, PPBPF_REQUEST_TLS_RETURNS, &returns);
	/* as if each began with an instruction that has to be stepped: at most that */
	out->cost_ns = out->hits * r->probe_cost.stepped_ns + returns * r->probe_cost.return_ns;
	out->hit_ns = out->hits ? out->cost_ns / out->hits : r->probe_cost.stepped_ns;
	return err;
}

#define BUDGET_INTERVAL_NS NSEC_PER_SEC

static int keep_to_budget(struct requests *r, uint64_t now)
{
	struct requests_tls tls;
	int err;

	if (!r->tls || r->tls_budget <= 0 || now < r->budget_checked + BUDGET_INTERVAL_NS)
		return 0;
	err = requests__tls(r, &tls);
	if (err)
		return err;
	if (r->budget_checked && tls.cost_ns - r->budget_cost >
	    r->tls_budget * (now - r->budget_checked)) {
		tls__free(r->tls);
		r->tls = NULL;
		r->over_budget = true;
	}
	r->budget_checked = now;
	r->budget_cost = tls.cost_ns;
	return 0;
}

/* --- records ------------------------------------------------------------------------------ */

static int on_record(void *context, void *data, size_t size)
{
	const struct ppbpf_exchange_exec *exec = data;
	struct requests *r = context;
	pid_t pid;

	if (size >= sizeof(*exec) && exec->kind == PPBPF_EXCHANGE_LISTEN) {
		r->new_process = true;
		return 0;
	}
	if (size >= sizeof(*exec) && exec->kind == PPBPF_EXCHANGE_EXEC) {
		pid = exec->pid;
		if (service__has(r->service, pid) && !trace_all(r, &pid, 1))
			r->new_process = true;
		return 0;
	}
	if (!r->failure)
		r->failure = exchanges__add(r->exchanges, data, size, r->on_request, r->context);
	return 0;
}

static int consume(struct requests *r, request_fn on_request, void *context)
{
	int count;

	r->on_request = on_request;
	r->context = context;
	r->failure = 0;
	count = ring_buffer__consume(r->ring);
	return r->failure ? r->failure : count;
}

int requests__drain(struct requests *r, request_fn on_request, void *context)
{
	uint64_t now = now_ns();
	int count, err;

	if (!r->stopped && (r->new_process || now > r->scanned + SCAN_INTERVAL_NS)) {
		r->new_process = false;
		err = find_processes(r);
		if (err)
			return err;
	}
	err = keep_to_budget(r, now);
	if (err)
		return err;
	count = consume(r, on_request, context);
	if (count < 0 || r->failure)
		return count;
	err = exchanges__expire(r->exchanges, now, false, on_request, context);
	return err ? err : count;
}

static int run_once(const struct bpf_program *program)
{
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, options);

	return bpf_prog_test_run_opts(bpf_program__fd(program), &options);
}

/* Hands over what is under way on each connection. */
static int read_rest(struct requests *r)
{
	DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, options);
	union bpf_iter_link_info info = { .map.map_fd = bpf_map__fd(r->skel->maps.connections) };
	struct bpf_link *link;
	int err;

	options.link_info = &info;
	options.link_info_len = sizeof(info);
	link = bpf_program__attach_iter(r->skel->progs.exchange_rest, &options);
	if (!link)
		return -errno;
	err = read_through(link);
	bpf_link__destroy(link);
	if (!err)
		err = run_once(r->skel->progs.exchange_keyed_rest);
	return err;
}

int requests__stop(struct requests *r, request_fn on_request, void *context)
{
	int err, count;

	if (r->stopped)
		return 0;
	r->stopped = true;
	http_bpf__detach(r->skel);
	tls__free(r->tls);
	r->tls = NULL;
	/* what is there already makes room for the rest */
	count = consume(r, on_request, context);
	if (count < 0 || r->failure)
		return count;
	err = read_rest(r);
	if (err)
		return err;
	count = consume(r, on_request, context);
	if (count < 0 || r->failure)
		return count;
	return exchanges__expire(r->exchanges, now_ns(), true, on_request, context);
}

int requests__fd(const struct requests *r)
{
	return ring_buffer__epoll_fd(r->ring);
}

bool requests__by_syscall(const struct requests *r)
{
	return r->by_syscall;
}

size_t requests__processes(const struct requests *r)
{
	return r->processes;
}

/* --- the report ------------------------------------------------------------------------------- */

static const struct {
	enum ppbpf_exchange_counter counter;
	const char *name, *help;
} losses[] = {
	{ PPBPF_REQUEST_LOST_RING, "requests_ring_full", "requests: the ring buffer was full" },
	{ PPBPF_REQUEST_LOST_CONNECTIONS, "requests_connections",
	  "no memory for a connection's state" },
	{ PPBPF_REQUEST_LOST_FAULT, "requests_not_in_memory",
	  "bytes were not in memory any more when they were looked at" },
	{ PPBPF_REQUEST_LOST_HEAD, "requests_long_heads", "no room for a long head" },
	{ PPBPF_REQUEST_LOST_LENGTHS, "requests_lengths",
	  "the head of a reply was not read to its end: what came next tells that of the reply" },
	{ PPBPF_REQUEST_LOST_WORKS, "requests_threads", "no room for what a thread is at" },
	{ PPBPF_REQUEST_LOST_BYTES, "requests_from_files", "requests sent from a file" },
};

#define KERNEL_LOSSES (sizeof(losses) / sizeof(losses[0]))

static const struct {
	enum exchange_count count;
	const char *name, *help;
} user_losses[] = {
	{ EXCHANGE_NOT_UNDERSTOOD, "requests_not_understood", "bytes that begin no request" },
	{ EXCHANGE_STRAY_REPLIES, "requests_stray_replies", "replies to requests that were not seen" },
	{ EXCHANGE_UNTOLD_REPLIES, "requests_replies_not_told_apart",
	  "Redis commands sent together whose errors are not known" },
	{ EXCHANGE_CUT_HEADS, "requests_cut_heads", "heads of which not all was seen" },
	{ EXCHANGE_FORGOTTEN, "requests_forgotten", "requests whose replies never came" },
};

static const struct {
	enum ppbpf_exchange_counter counter;
	const char *name, *help;
} unseen[] = {
	{ PPBPF_REQUEST_MET_TLS, "tls_connections", "encrypted connections: --tls looks into those "
	  "of OpenSSL" },
	{ PPBPF_REQUEST_MET_HTTP2, "http2_connections", "HTTP/2 connections, gRPC among them" },
	{ PPBPF_REQUEST_MET_UPGRADE, "upgraded_connections",
	  "connections that went on as WebSocket or as a tunnel" },
	{ PPBPF_REQUEST_MET_IO_URING, "io_uring_transfers", "sends and receives by io_uring" },
	{ PPBPF_REQUEST_MET_32BIT, "32bit_transfers", "sends and receives of 32-bit programs" },
	{ PPBPF_REQUEST_MET_MYSQL, "mysql_connections", "connections that speak MySQL's protocol" },
	{ PPBPF_REQUEST_MET_FASTCGI, "fastcgi_connections", "connections that speak FastCGI" },
	{ PPBPF_REQUEST_MET_OTHER, "other_connections",
	  "TCP connections in a protocol that is not known here" },
};

_Static_assert(KERNEL_LOSSES + sizeof(user_losses) / sizeof(user_losses[0]) == REQUESTS_LOSSES,
	       "room for each");
_Static_assert(sizeof(unseen) / sizeof(unseen[0]) == REQUESTS_MET, "room for each");

int requests__report(struct requests *r, struct requests_report *out)
{
	struct requests_count *tls = &out->met[0], *other = &out->met[REQUESTS_MET - 1];
	uint64_t looked_into = 0, known = 0;
	int err = 0;

	for (size_t i = 0; i < REQUESTS_LOSSES && !err; i++) {
		struct requests_count *loss = &out->losses[i];
		size_t user = i - KERNEL_LOSSES;

		if (i < KERNEL_LOSSES) {
			*loss = (struct requests_count){ losses[i].name, losses[i].help, 0 };
			err = read_counter(r, losses[i].counter, &loss->count);
		} else {
			*loss = (struct requests_count){
				user_losses[user].name, user_losses[user].help,
				exchanges__count(r->exchanges, user_losses[user].count) };
		}
	}
	for (size_t i = 0; i < REQUESTS_MET && !err; i++) {
		out->met[i] = (struct requests_count){ unseen[i].name, unseen[i].help, 0 };
		err = read_counter(r, unseen[i].counter, &out->met[i].count);
	}
	if (!err)
		err = read_counter(r, PPBPF_REQUEST_TLS_SEEN, &looked_into);
	if (!err)
		err = read_counter(r, PPBPF_REQUEST_OTHER_KNOWN, &known);
	/* the first and the last in the table */
	tls->count -= looked_into < tls->count ? looked_into : tls->count;
	other->count -= known < other->count ? known : other->count;
	return err;
}

/* --- the object --------------------------------------------------------------------------------- */

static int find_pid_view(struct requests *r)
{
	struct ppbpf_pid_view *view = &r->skel->bss->pid_view;
	int err = run_once(r->skel->progs.exchange_pid_view), above = proc_levels_above();

	view->proc_level = above < 0 ? -1 : (int)view->level - above;
	return err;
}

#define TLS_CONNECTIONS 4096	/* at once */
#define SOCKET_CONNECTIONS 8192	/* where there is no room in the sockets themselves */

static int configure_tls(struct requests *r, bool tls, bool single)
{
	struct bpf_program *programs[] = { r->skel->progs.tls_write, r->skel->progs.tls_read_begin,
					   r->skel->progs.tls_read_end, r->skel->progs.tls_free };
	struct uprobes like = { .single = single };

	r->skel->rodata->cfg_tls = tls;
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		bpf_program__set_autoattach(programs[i], false);
		bpf_program__set_autoload(programs[i], tls);
		uprobes__prepare(&like, programs[i]);
	}
	return bpf_map__set_max_entries(r->skel->maps.keyed_connections,
					1 + (tls ? TLS_CONNECTIONS : 0) +
					(r->by_syscall ? SOCKET_CONNECTIONS : 0));
}

static void configure_hooks(struct requests *r, const struct features *features)
{
	struct http_bpf *skel = r->skel;

	r->by_syscall = !features->sock_lengths;
	skel->rodata->cfg_by_syscall = r->by_syscall;
	bpf_program__set_autoload(skel->progs.exchange_sent, !r->by_syscall);
	bpf_program__set_autoload(skel->progs.exchange_received, !r->by_syscall);
	bpf_program__set_autoload(skel->progs.exchange_syscall, r->by_syscall);
}

static int configure(struct requests *r, const struct requests_config *config, bool single)
{
	struct http_bpf *skel = r->skel;
	const uint16_t *ports = service__ports(config->service);
	bool split = config->features->have[FEATURE_SCHED_INFO] &&
		     config->features->have[FEATURE_BPF];

	skel->rodata->cfg_trace_children = service__children(config->service);
	skel->rodata->cfg_watch_exec = service__may_grow(config->service);
	for (size_t i = 0; i < PPBPF_TRACED_PORTS && ports[i]; i++)
		skel->rodata->cfg_trace_ports[i] = ports[i];
	skel->rodata->cfg_has_cast = config->features->has_cast;
	skel->rodata->cfg_exchange_wakeup = RING_BYTES / 4;
	configure_hooks(r, config->features);
	bpf_map__set_autocreate(skel->maps.events, false);
	bpf_map__set_autocreate(skel->maps.cpu_times, false);
	bpf_map__set_autocreate(skel->maps.task_states, false);
	skel->rodata->cfg_request_split = split;
	skel->rodata->cfg_switch_has_state = config->features->switch_has_state;
	skel->rodata->cfg_clock_age_max = config->features->tickless ? UINT64_MAX : TICK_MAX_NS;
	reason_fill_syscalls(skel->rodata->cfg_syscall_reason, skel->rodata->cfg_compat_reason);
	bpf_program__set_autoload(skel->progs.exchange_switch, split);
	bpf_program__set_autoattach(skel->progs.exchange_seed, false);
	bpf_program__set_autoattach(skel->progs.exchange_rest, false);
	return configure_tls(r, config->tls, single);
}

/* Where the kernel has no links of many places, the programs are loaded for single ones. */
static int load(struct requests *r, const struct requests_config *config, bool single)
{
	struct uprobes like = { .single = single };
	struct tls_programs programs = { .single = single };
	FEATURES_OPEN_OPTIONS(open);
	int err;

	libbpf_log__listen();
	r->skel = http_bpf__open_opts(&open);
	if (!r->skel)
		return -errno;
	err = configure(r, config, single);
	if (!err)
		err = http_bpf__load(r->skel);
	if (err || !config->tls)
		return err;
	programs.write = r->skel->progs.tls_write;
	programs.read_begin = r->skel->progs.tls_read_begin;
	programs.read_end = r->skel->progs.tls_read_end;
	programs.free = r->skel->progs.tls_free;
	func_cost__measure(&r->probe_cost, &like, programs.read_begin, programs.read_end, 0);
	if (isnan(r->probe_cost.return_ns) && !single) {
		http_bpf__destroy(r->skel);
		return load(r, config, true);
	}
	r->tls = tls__new(&programs);
	return r->tls ? 0 : -ENOMEM;
}

static int start(struct requests *r, const struct requests_config *config)
{
	int err = load(r, config, false);

	if (!err)
		err = find_pid_view(r);
	if (!err)
		err = http_bpf__attach(r->skel);
	if (err)
		return err;
	r->seed = bpf_program__attach_iter(r->skel->progs.exchange_seed, NULL);
	if (!r->seed)
		return -errno;
	r->ring = ring_buffer__new(bpf_map__fd(r->skel->maps.exchanges), on_record, r, NULL);
	if (!r->ring)
		return -errno;
	return find_processes(r);
}

int requests__new(struct requests **out, const struct requests_config *config, struct err *e)
{
	struct requests *r = calloc(1, sizeof(*r));
	int err;

	*out = NULL;
	if (!r)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	/* what is not read in time is lost, and a busy machine is what one looks at */
	setpriority(PRIO_PROCESS, 0, -10);
	r->service = config->service;
	r->tls_budget = config->tls_budget;
	r->cpus = libbpf_num_possible_cpus();
	r->cpu_values = r->cpus > 0 ? calloc(r->cpus, sizeof(*r->cpu_values)) : NULL;
	r->exchanges = exchanges__new();
	err = r->exchanges && r->cpu_values ? start(r, config) : -ENOMEM;
	/* the kernel's types are parsed and forgotten: some 10 MB */
	malloc_trim(0);
	if (!err) {
		*out = r;
		return 0;
	}
	requests__free(r);
	return libbpf_log__explain(e, err, "the programs that see requests");
}

void requests__free(struct requests *r)
{
	if (!r)
		return;
	tls__free(r->tls);
	ring_buffer__free(r->ring);
	bpf_link__destroy(r->seed);
	http_bpf__destroy(r->skel);
	exchanges__free(r->exchanges);
	free(r->cpu_values);
	free(r);
}
