/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Which processes are traced: a bit for every process number. A process that is
 * not pays one load a send or receive.
 */
#ifndef PPBPF_TRACED_BPF_H
#define PPBPF_TRACED_BPF_H

#include "filter.bpf.h"
#include "ppbpf_request_abi.h"

#define PID_LIMIT (4 << 20)	/* the kernel's PID_MAX_LIMIT */

u64 traced[PID_LIMIT / 64];

const volatile bool cfg_trace_children;
const volatile bool cfg_watch_exec;	/* tell of processes that become other programs */
const volatile ppbpf_u16 cfg_trace_ports[PPBPF_TRACED_PORTS];	/* whoever listens there is traced */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 21);
} exchanges SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PPBPF_REQUEST_COUNTER_NR);
	__type(key, u32);
	__type(value, u64);
} exchange_counters SEC(".maps");

/* Probes of TLS libraries are preempted: another one may be at it on this CPU. */
static __always_inline void met(enum ppbpf_exchange_counter id)
{
	u32 key = id;
	u64 *value = bpf_map_lookup_elem(&exchange_counters, &key);

	if (value)
		__sync_fetch_and_add(value, 1);
}

static __always_inline bool is_traced(u32 tgid)
{
	return traced[tgid / 64 & (PID_LIMIT / 64 - 1)] >> (tgid & 63) & 1;
}

static __always_inline void trace(u32 tgid)
{
	__sync_fetch_and_or(&traced[tgid / 64 & (PID_LIMIT / 64 - 1)], 1ULL << (tgid & 63));
}

static __always_inline void trace_no_more(u32 tgid)
{
	__sync_fetch_and_and(&traced[tgid / 64 & (PID_LIMIT / 64 - 1)], ~(1ULL << (tgid & 63)));
}

static __always_inline bool is_traced_port(u16 port)
{
	for (int i = 0; i < PPBPF_TRACED_PORTS && cfg_trace_ports[i]; i++)
		if (cfg_trace_ports[i] == port)
			return true;
	return false;
}

#endif /* PPBPF_TRACED_BPF_H */
