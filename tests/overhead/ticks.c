// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * ticks HERTZ [empty]: interrupts every CPU that often, as a sampling profiler
 * does, and does nothing then; or runs a BPF program that only returns. What is
 * below that no profiler can be. Ends by a signal.
 */
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int empty_program(void)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_PERF_EVENT,
		.insn_cnt = sizeof(code) / sizeof(code[0]),
		.insns = (uintptr_t)code,
		.license = (uintptr_t) "GPL",
	};

	return syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
}

int main(int argc, char **argv)
{
	struct perf_event_attr event = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(event),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = argc > 1 ? strtoul(argv[1], NULL, 10) : 999,
		.exclude_idle = 1,
	};
	int program = argc > 2 ? empty_program() : -1;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (argc > 2 && program < 0) {
		perror("ticks: BPF_PROG_LOAD");
		return 1;
	}
	for (int cpu = 0; cpu < cpus; cpu++) {
		int fd = syscall(SYS_perf_event_open, &event, -1, cpu, -1, 0);

		if (fd < 0 || (argc > 2 && ioctl(fd, PERF_EVENT_IOC_SET_BPF, program))) {
			perror("ticks: perf_event_open");
			return 1;
		}
	}
	pause();
	return 0;
}
