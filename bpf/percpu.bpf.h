/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Where each CPU's data lies: what the kernel keeps by CPU is read from any of them. */
#ifndef PPBPF_PERCPU_BPF_H
#define PPBPF_PERCPU_BPF_H

#include "maps.bpf.h"

const volatile u32 cfg_cpus __weak;	/* possible CPUs */

/*
 * How far a CPU's data lies from a per-CPU pointer. An element of our own,
 * whose address is known in both forms, tells: the kernel's own table of these
 * offsets is not to be had without CONFIG_KALLSYMS_ALL. Filled by the scan.
 */
struct cpu_offsets_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u64);
};
struct cpu_offsets_map cpu_offsets SEC(".maps") __weak;

/* One element whose address on each CPU tells where that CPU's data lies. */
struct cpu_anchor_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
};
struct cpu_anchor_map cpu_anchor SEC(".maps") __weak;

/* The verifier keeps pointers and numbers apart; a copy by helper is a number. */
static __always_inline u64 address_of(const void *pointer)
{
	u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), &pointer);
	return address;
}

/* A step of bpf_loop() over all CPUs. */
static long offset_find(u32 cpu, void *context)
{
	struct bpf_array *array = (void *)address_of(&cpu_anchor);
	u64 per_cpu = (u64)BPF_CORE_READ(array, pptrs[0]), offset;
	u32 zero = 0;
	void *here = bpf_map_lookup_percpu_elem(&cpu_anchor, &zero, cpu);

	if (!here)
		return 0;
	offset = address_of(here) - per_cpu;
	bpf_map_update_elem(&cpu_offsets, &cpu, &offset, BPF_ANY);
	return 0;
}

#endif /* PPBPF_PERCPU_BPF_H */
