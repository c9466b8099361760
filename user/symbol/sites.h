/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Places in an ELF file that a probe can be set on: functions by a pattern,
 * regions of ppbpf_mark.h, USDT probes.
 */
#ifndef PPBPF_SYMBOL_SITES_H
#define PPBPF_SYMBOL_SITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct elf;

enum site_kind {
	SITE_FUNCTION,
	SITE_FUNCTION_EXIT,	/* where it ends, if that has to be looked for: see exits.h */
	SITE_REGION_BEGIN,
	SITE_REGION_END,
	SITE_USDT,
};

struct site {
	enum site_kind kind;
	char *name;		/* for people: demangled; a region's name. Owned */
	char *symbol;		/* a function's, as the file has it; else NULL. Owned */
	uint64_t address;	/* virtual, of the file */
	uint64_t offset;	/* in the file */
	uint64_t size;		/* a function's, in bytes */
	uint64_t semaphore;	/* offset of a counter in the file that turns the probe on; 0: none */
};

struct sites {
	struct site *sites;	/* by offset; none comes twice */
	size_t count;
	size_t capacity;
	size_t resolvers;	/* matching functions that are chosen when a program starts (IFUNC) */
};

/*
 * Adds the functions whose name matches `glob` (* ? [...]): as the file has it,
 * or demangled, without parameters. Only those whose size is known.
 * `path` and `pid` as in elf__functions(). No match is no error. Negative errno.
 */
int sites__functions(struct sites *sites, struct elf *elf, const char *path, pid_t pid,
		     const char *glob);

/* Adds the begins and ends of regions whose name matches. */
int sites__regions(struct sites *sites, struct elf *elf, const char *glob);

/* Adds the USDT probes of that provider and name. */
int sites__usdt(struct sites *sites, struct elf *elf, const char *provider, const char *name);

void sites__free(struct sites *sites);

/* Written in Go: its stacks move, and a probe on a return would crash it. */
bool elf_is_go(struct elf *elf);

#endif
