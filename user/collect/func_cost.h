/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What timing a call costs the program, measured on functions of our own. */
#ifndef PPBPF_COLLECT_FUNC_COST_H
#define PPBPF_COLLECT_FUNC_COST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_program;
struct uprobes;

/*
 * The kernel does by itself what the usual first instructions do (a push, a
 * no-op, a jump); any other one it lets the program do alone, which costs two
 * more traps.
 */
struct func_cost {
	double begin_ns;	/* of a usual begin; NAN: could not be measured */
	double return_ns;	/* on top of that, by the changed return address */
	double stepped_ns;	/* of any other instruction */
};

/* `id` is the cookie of our functions; the programs are loaded, and on nothing of ours. */
void func_cost__measure(struct func_cost *cost, const struct uprobes *like,
			const struct bpf_program *entry, const struct bpf_program *exit,
			uint64_t id);

/* Whether the instruction at that offset of a file has to be stepped. */
bool func_is_stepped(int fd, uint64_t offset);

#endif
