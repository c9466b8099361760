/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The instructions at which a function comes to its end, found in its code:
 * for programs in which exceptions are thrown. The kernel's way, to change the
 * address that a function returns to, ends such a program: the search for a
 * handler stops at an address that no unwind table knows.
 */
#ifndef PPBPF_SYMBOL_EXITS_H
#define PPBPF_SYMBOL_EXITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct elf;
struct site;

/* A file's functions, by address. */
struct code_map;

struct exits {
	uint64_t *offsets;	/* in the file */
	size_t count;
};

/* `path` and `pid` as in elf__functions(); NULL: no memory. */
struct code_map *code_map__new(struct elf *elf, const char *path, pid_t pid);
void code_map__free(struct code_map *map);

/*
 * Returns, and jumps to other functions, of the function at `site`, its cold
 * part included. A jump through a register may be one or not, and is taken for
 * none. `fd` is the file. 0, with a count that may be 0, or -ENOMEM.
 */
int exits__find(struct exits *exits, const struct code_map *map, int fd, const struct site *site);
void exits__free(struct exits *exits);

/* Whether exceptions may pass through the file's functions: C++, Rust, and their like. */
bool elf_may_throw(struct elf *elf);

#endif
