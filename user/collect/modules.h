/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The files that code is mapped from, by the numbers that BPF programs name
 * them with: opened while a process still maps them; a thread of their own builds
 * their unwind tables and hands them to the kernel. Any thread may call these.
 */
#ifndef PPBPF_COLLECT_MODULES_H
#define PPBPF_COLLECT_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ppbpf_stack_abi.h"

struct buf;
struct timespec;
struct modules;
struct profile;
struct stacks_tables;

struct modules_maps {
	int chunks_fd;		/* array of maps of rows */
	int modules_fd;		/* struct ppbpf_module_key -> struct ppbpf_module */
	int pythons_fd;		/* struct ppbpf_python; -1: Python is not looked for */
	uint32_t *next_id;	/* shared with the BPF programs */
};

/* NULL: no memory. */
struct modules *modules__new(const struct modules_maps *maps);
void modules__free(struct modules *m);

/* What a program has met in a process's mapping. 0 or -ENOMEM. */
int modules__met(struct modules *m, const struct ppbpf_module_event *event);

/* The kernel's code in every process. 0 or -ENOMEM. */
int modules__add_vdso(struct modules *m);

/* Every file that a process maps for execution; `soon`: before others. 0 or -errno. */
int modules__scan(struct modules *m, pid_t pid, bool soon);

/* A file that will be. */
void modules__foresee(struct modules *m, const char *path);

/* Until all that was asked for is built, or it is that late (CLOCK_MONOTONIC): false. */
bool modules__wait(struct modules *m, const struct timespec *until);

/* Whether the file's table is built, or there is none; it comes next, and may be waited for. */
bool modules__settled(struct modules *m, uint32_t id, bool wait);

/*
 * The row that holds at an offset of a module's file, zero where there is none.
 * Returns enum ppbpf_module_state.
 */
int modules__row(struct modules *m, uint32_t id, uint64_t offset, struct ppbpf_unwind_row *row);

/*
 * The profile's index of a module, added to it at the first time; and the
 * virtual address of an offset in its file. False: the module is not known.
 * For the thread that owns the profile.
 */
bool modules__locate(struct modules *m, struct profile *profile, uint32_t id, uint64_t offset,
		     uint32_t *index, uint64_t *address);

/* 0x030b00 for the interpreter of this index, or 0. */
uint32_t modules__python_version(struct modules *m, uint32_t number);

/* Whether an offset in a module lies in an interpreter's evaluation loop. */
bool modules__is_evaluation(struct modules *m, uint32_t id, uint64_t offset);

/* Appends what a person should know, a line each. 0 or -ENOMEM. */
int modules__notes(struct modules *m, struct buf *out);

void modules__tables(struct modules *m, struct stacks_tables *tables);

#endif
