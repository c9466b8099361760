// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/text.h"
#include "model/metric.h"

#define PROC_MAX (1 << 20)
#define SECTOR 512

/* Calls `each` with every line of a file in /proc. */
static void for_each_line(const char *path, void (*each)(char *line, void *context), void *context)
{
	struct buf text = BUF_INIT;
	char *line, *next;

	if (!read_file(path, PROC_MAX, &text, NULL)) {
		for (line = text.data; line && *line; line = next) {
			next = line + strcspn(line, "\n");
			if (*next)
				*next++ = '\0';
			each(line, context);
		}
	}
	buf__free(&text);
}

static void set(struct machine_state *state, enum machine_value value, uint64_t n)
{
	state->values[value] = (struct value){ .known = true, .n = n };
}

static void add(struct machine_state *state, enum machine_value value, uint64_t n)
{
	state->values[value].known = true;
	state->values[value].n += n;
}

static void on_meminfo(char *line, void *context)
{
	static const struct {
		const char *format;
		enum machine_value value;
		int sign;
	} rows[] = {
		{ "MemTotal: %" SCNu64, MACHINE_MEMORY_TOTAL_BYTES, 1 },
		{ "MemAvailable: %" SCNu64, MACHINE_MEMORY_AVAILABLE_BYTES, 1 },
		{ "SwapTotal: %" SCNu64, MACHINE_SWAP_USED_BYTES, 1 },
		{ "SwapFree: %" SCNu64, MACHINE_SWAP_USED_BYTES, -1 },
	};
	uint64_t kb;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (sscanf(line, rows[i].format, &kb) == 1)
			add(context, rows[i].value, rows[i].sign * kb * 1024);
}

static void on_stat(char *line, void *context)
{
	uint64_t steal, forks;

	if (sscanf(line, "cpu %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &steal) == 1)
		set(context, MACHINE_STEAL_NS, steal * (1000000000ULL / sysconf(_SC_CLK_TCK)));
	else if (sscanf(line, "processes %" SCNu64, &forks) == 1)
		set(context, MACHINE_PROCESSES_FORKED, forks);
}

/* A line a zone: allocstall_dma, allocstall_normal... */
static void on_vmstat(char *line, void *context)
{
	uint64_t n;

	if (sscanf(line, "allocstall%*s %" SCNu64, &n) == 1)
		add(context, MACHINE_DIRECT_RECLAIMS, n);
	else if (sscanf(line, "oom_kill %" SCNu64, &n) == 1)
		set(context, MACHINE_OOM_KILLS, n);
}

/*
 * Whole devices that stand on no other device: a partition has a file that
 * says so, and what is stacked on others (dm, md) names them.
 */
static bool is_base_device(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/block/%s", name);
	if (access(path, F_OK))
		return false;
	snprintf(path, sizeof(path), "/sys/block/%s/device", name);
	return !access(path, F_OK);
}

static void on_diskstats(char *line, void *context)
{
	uint64_t read, written;
	char name[64];

	if (sscanf(line, "%*u %*u %63s %*u %*u %" SCNu64 " %*u %*u %*u %" SCNu64, name, &read,
		   &written) != 3 || !(read || written) || !is_base_device(name))
		return;
	add(context, MACHINE_DISK_READ_BYTES, read * SECTOR);
	add(context, MACHINE_DISK_WRITTEN_BYTES, written * SECTOR);
}

static void on_interface(char *line, void *context)
{
	struct machine_state *state = context;
	struct report_interface *row;
	char *colon = strchr(line, ':'), *name = line;
	uint64_t *v;

	if (!colon || state->interface_count == MACHINE_INTERFACES)
		return;
	*colon = '\0';
	name += strspn(name, " ");
	row = &state->interfaces[state->interface_count];
	v = row->values;
	if (sscanf(colon + 1,
		   "%" SCNu64 "%" SCNu64 "%" SCNu64 "%" SCNu64 " %*u %*u %*u %*u %" SCNu64
		   "%" SCNu64 "%" SCNu64 "%" SCNu64,
		   &v[INTERFACE_RECEIVED_BYTES], &v[INTERFACE_RECEIVED_PACKETS],
		   &v[INTERFACE_RECEIVE_ERRORS], &v[INTERFACE_RECEIVE_DROPS],
		   &v[INTERFACE_SENT_BYTES], &v[INTERFACE_SENT_PACKETS],
		   &v[INTERFACE_SEND_ERRORS], &v[INTERFACE_SEND_DROPS]) != 8)
		return;
	text_copy(row->name, sizeof(row->name), name);
	state->interface_count++;
}

struct tcp_columns {
	struct machine_state *state;
	bool named;		/* the line of names was seen: the next one has the values */
};

static void on_snmp(char *line, void *context)
{
	struct tcp_columns *tcp = context;
	uint64_t opened, accepted, resent;

	/* names: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens ... */
	if (!strncmp(line, "Tcp: RtoAlgorithm", 17)) {
		tcp->named = true;
	} else if (tcp->named && sscanf(line, "Tcp: %*d %*d %*d %*d %" SCNu64 " %" SCNu64
					" %*u %*u %*u %*u %*u %" SCNu64,
					&opened, &accepted, &resent) == 3) {
		set(tcp->state, MACHINE_TCP_OPENED, opened);
		set(tcp->state, MACHINE_TCP_ACCEPTED, accepted);
		set(tcp->state, MACHINE_TCP_RETRANSMITS, resent);
		tcp->named = false;
	}
}

struct pressure {
	struct machine_state *state;
	enum machine_value some;
	int full;		/* enum machine_value, or -1 */
};

static void on_pressure(char *line, void *context)
{
	struct pressure *pressure = context;
	uint64_t us;

	if (sscanf(line, "some %*s %*s %*s total=%" SCNu64, &us) == 1)
		set(pressure->state, pressure->some, us);
	else if (pressure->full >= 0 && sscanf(line, "full %*s %*s %*s total=%" SCNu64, &us) == 1)
		set(pressure->state, pressure->full, us);
}

void machine__read(struct machine_state *state)
{
	struct tcp_columns tcp = { .state = state };
	struct pressure cpu = { state, MACHINE_PSI_CPU_SOME_US, -1 };
	struct pressure memory = { state, MACHINE_PSI_MEMORY_SOME_US, MACHINE_PSI_MEMORY_FULL_US };
	struct pressure io = { state, MACHINE_PSI_IO_SOME_US, MACHINE_PSI_IO_FULL_US };

	memset(state, 0, sizeof(*state));
	set(state, MACHINE_CPUS, sysconf(_SC_NPROCESSORS_ONLN));
	for_each_line("/proc/meminfo", on_meminfo, state);
	for_each_line("/proc/stat", on_stat, state);
	for_each_line("/proc/vmstat", on_vmstat, state);
	for_each_line("/proc/diskstats", on_diskstats, state);
	for_each_line("/proc/net/dev", on_interface, state);
	for_each_line("/proc/net/snmp", on_snmp, &tcp);
	for_each_line("/proc/pressure/cpu", on_pressure, &cpu);
	for_each_line("/proc/pressure/memory", on_pressure, &memory);
	for_each_line("/proc/pressure/io", on_pressure, &io);
}

uint64_t machine__memory_used(void)
{
	struct machine_state state = { 0 };

	for_each_line("/proc/meminfo", on_meminfo, &state);
	return state.values[MACHINE_MEMORY_TOTAL_BYTES].n -
	       state.values[MACHINE_MEMORY_AVAILABLE_BYTES].n;
}

/* Guests are in user, and waiting for disks is idle. */
int machine__cpu_time(uint64_t *ns)
{
	struct buf text = BUF_INIT;
	uint64_t user, nice, system, irq, softirq;
	int err = read_file("/proc/stat", PROC_MAX, &text, NULL);

	if (!err && sscanf(buf__str(&text), "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %*u %*u %" SCNu64
			   " %" SCNu64, &user, &nice, &system, &irq, &softirq) != 5)
		err = -EINVAL;
	buf__free(&text);
	if (!err)
		*ns = (user + nice + system + irq + softirq) *
		      (1000000000ULL / sysconf(_SC_CLK_TCK));
	return err;
}

static const struct report_interface *interface_named(const struct machine_state *state,
						      const char *name)
{
	for (size_t i = 0; i < state->interface_count; i++)
		if (!strcmp(state->interfaces[i].name, name))
			return &state->interfaces[i];
	return NULL;
}

/* An interface that came meanwhile counts from zero, as its own counters do. */
static void report_interfaces(struct report *report, const struct machine_state *from,
			      const struct machine_state *to)
{
	const struct report_interface *before;

	free(report->interfaces);
	report->interface_count = 0;
	report->interfaces = calloc(to->interface_count + 1, sizeof(*report->interfaces));
	if (!report->interfaces)
		return;
	for (size_t i = 0; i < to->interface_count; i++) {
		struct report_interface *row = &report->interfaces[report->interface_count++];

		*row = to->interfaces[i];
		before = interface_named(from, row->name);
		for (size_t v = 0; before && v < INTERFACE_VALUE_NR; v++)
			row->values[v] = row->values[v] >= before->values[v] ?
						 row->values[v] - before->values[v] : 0;
	}
}

void machine__report(struct report *report, const struct machine_state *from,
		     const struct machine_state *to)
{
	for (size_t i = 0; i < MACHINE_VALUE_NR; i++) {
		const struct metric *metric = metric_of(METRIC_MACHINE, i);

		if (!to->values[i].known)
			continue;
		report->machine[i] = to->values[i];
		if (metric && metric->kind == METRIC_COUNTER)
			report->machine[i].n = to->values[i].n < from->values[i].n ? 0 :
					       to->values[i].n - from->values[i].n;
	}
	report_interfaces(report, from, to);
}
