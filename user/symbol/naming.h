/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* From a frame to its functions' names, with everything read already. */
#ifndef PPBPF_SYMBOL_NAMING_H
#define PPBPF_SYMBOL_NAMING_H

#include <stdint.h>
#include <sys/types.h>

struct code_file;
struct kernel_symbols;
struct perfmap;
struct profile;
struct profile_module;

struct naming {
	struct profile *profile;
	const struct kernel_symbols *kernel;	/* NULL: not known */
	void *context;
	/* The file of a module, the map of a process; or NULL. */
	struct code_file *(*file_of)(void *context, const struct profile_module *module);
	struct perfmap *(*map_of)(void *context, pid_t pid);
	uint64_t budget_ns;			/* of CPU time, for source lines */
	uint64_t frames_without_lines;		/* out: the budget did not reach for */
};

/* Names the frames that have no name yet. 0 or -ENOMEM. */
int naming__run(struct naming *naming);

#endif
