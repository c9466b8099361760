/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Perf maps: what a just-in-time compiler tells of its code, in /tmp/perf-PID.map
 * as its process sees it. Lines of "START SIZE NAME", in hexadecimal, with or
 * without 0x; a later one holds where it overlaps earlier ones. The format is
 * described in the kernel's tools/perf/Documentation/jit-interface.txt.
 */
#ifndef PPBPF_SYMBOL_PERFMAP_H
#define PPBPF_SYMBOL_PERFMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct perfmap;

/* NULL: no memory. Nothing is read yet. */
struct perfmap *perfmap__new(void);
void perfmap__free(struct perfmap *map);

/*
 * Finds the process's map, unless it is open already; the descriptor is kept,
 * so that the map outlives the process. Its owner must be the process's own
 * user or root, as others could lie in its name. 0; -ENOENT: there is none
 * (yet); -EPERM: it is another's.
 */
int perfmap__open(struct perfmap *map, pid_t pid);

/* Reads what has been added to the open map since the last time. 0 or negative errno. */
int perfmap__refresh(struct perfmap *map);

/* Reads from `fd` (borrowed) what has been added since the last time. 0 or negative errno. */
int perfmap__read(struct perfmap *map, int fd);

struct perfmap_symbol {
	char *name;		/* "fib", "py::fib:/x.py"; owned by the map */
	char *file;		/* where the compiler told: or NULL */
	uint32_t line;
	uint64_t start;
};

const struct perfmap_symbol *perfmap__find(const struct perfmap *map, uint64_t address);

struct perfmap_state {
	size_t symbols;
	uint64_t bytes;		/* read so far */
	uint64_t bad_lines;	/* passed by */
	bool full;		/* the rest was not read: it is too large */
};

void perfmap__state(const struct perfmap *map, struct perfmap_state *state);

#endif
