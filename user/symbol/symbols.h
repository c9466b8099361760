/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Names for the frames of a profile. Symbols are read by a thread of its own,
 * at a low priority, while sampling goes on: once per build id, and from
 * descriptors that were opened when the code was mapped, so that what has
 * exited or was deleted is named, too.
 */
#ifndef PPBPF_SYMBOL_SYMBOLS_H
#define PPBPF_SYMBOL_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "symbol/kernel.h"

struct profile;
struct profile_module;
struct symbols;

/*
 * `names`: whom to ask for the kernel's; where that fails, or with NULL, they are
 * looked up in /proc/kallsyms. Negative errno.
 */
int symbols__new(struct symbols **out, kernel_names_fn names);
void symbols__free(struct symbols *symbols);

/*
 * A module whose code runs: its symbols will be wanted. Its descriptor is
 * duplicated, its image and path are copied. May be called by any thread, and
 * again. 0 or negative errno, which costs nothing but time later.
 */
int symbols__prepare(struct symbols *symbols, const struct profile_module *module);

/*
 * Prepares what has come to a profile since: modules that stacks name, and the
 * perf maps of processes that run code of a just-in-time compiler, which are
 * read on where they have grown. To be called now and then. 0 or -ENOMEM.
 */
int symbols__follow(struct symbols *symbols, const struct profile *profile);

/*
 * Names all frames of the profile that have no name yet. Source lines and
 * inlined functions are looked up for `budget_ns` at most; symbols are waited
 * for. 0 or -ENOMEM.
 */
int symbols__name(struct symbols *symbols, struct profile *profile, uint64_t budget_ns);

/* What is known of the work; `why` strings are static. */
struct symbols_state {
	const char *why_no_kernel;	/* NULL: the kernel's symbols were read */
	uint64_t frames_without_lines;	/* that had debug information, but no time was left */
};

void symbols__state(const struct symbols *symbols, struct symbols_state *state);

/*
 * Why a process's just-in-time code has no names: NULL when it has a map,
 * "no perf map", "its perf map belongs to another user"...
 */
const char *symbols__why_no_map(const struct symbols *symbols, pid_t pid);

#endif
