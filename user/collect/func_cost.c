// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/func_cost.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "collect/uprobes.h"
#include "symbol/begins.h"

#define CALLS 200
#define BATCHES 5

/* What is called is known by its address alone, or the compiler leaves the calls out. */
typedef void (*called_fn)(void);

#if defined(__x86_64__)
__attribute__((naked, noinline)) static void begins_with_push(void)
{
	__asm__("push %rbp\n\tpop %rbp\n\tret");
}

__attribute__((naked, noinline)) static void begins_with_move(void)
{
	__asm__("mov %rsp, %rax\n\tret");
}

#else
__attribute__((noinline)) static void begins_with_push(void)
{
	__asm__ volatile("" ::: "memory");
}

#define begins_with_move begins_with_push
#endif

bool func_is_stepped(int fd, uint64_t offset)
{
	uint8_t code[2];

	return pread(fd, code, sizeof(code), (off_t)offset) == sizeof(code) && !is_emulated(code);
}

/* The file that an address of ours is mapped from, and where in it. */
static bool locate(const void *address, char path[PATH_MAX], uint64_t *offset)
{
	FILE *file = fopen("/proc/self/maps", "re");
	uint64_t from, to, start;
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (file && !found && getline(&line, &size, file) > 0) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &from, &to, &start) != 3)
			continue;
		found = (uintptr_t)address >= from && (uintptr_t)address < to;
		*offset = start + (uintptr_t)address - from;
		snprintf(path, PATH_MAX, "/proc/self/map_files/%" PRIx64 "-%" PRIx64, from, to);
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

static double ns_a_call(called_fn volatile called)
{
	struct timespec from, to;
	double best = INFINITY, ns;

	for (int batch = 0; batch < BATCHES; batch++) {
		clock_gettime(CLOCK_MONOTONIC, &from);
		for (int i = 0; i < CALLS; i++)
			called();
		clock_gettime(CLOCK_MONOTONIC, &to);
		ns = (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
		best = fmin(best, ns / CALLS);
	}
	return best;
}

static bool probe(struct uprobes *probes, const struct bpf_program *program, bool returns,
		  called_fn called, uint64_t id)
{
	char path[PATH_MAX];
	uint64_t offset, none = 0;
	struct uprobe_places places = {
		.path = path, .offsets = &offset, .cookies = &id, .semaphores = &none, .count = 1,
		.pid = getpid(), .returns = returns,
	};

	return locate(called, path, &offset) && !uprobes__attach(probes, program, &places);
}

void func_cost__measure(struct func_cost *cost, const struct uprobes *like,
			const struct bpf_program *entry, const struct bpf_program *exit,
			uint64_t id)
{
	struct uprobes probes = { .single = like->single };
	double push = ns_a_call(begins_with_push), move = ns_a_call(begins_with_move);

	*cost = (struct func_cost){ NAN, NAN, NAN };
	if (probe(&probes, entry, false, begins_with_push, id) &&
	    probe(&probes, entry, false, begins_with_move, id)) {
		cost->begin_ns = ns_a_call(begins_with_push) - push;
		cost->stepped_ns = ns_a_call(begins_with_move) - move;
		if (probe(&probes, exit, true, begins_with_push, id))
			cost->return_ns = ns_a_call(begins_with_push) - push - cost->begin_ns;
	}
	uprobes__free(&probes);
}
