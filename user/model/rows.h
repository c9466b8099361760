/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The rows of the process table: found by pid and start, and small once they have ended. */
#ifndef PPBPF_MODEL_ROWS_H
#define PPBPF_MODEL_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/process.h"

struct rows {
	struct hash *latest;		/* tgid, 0 -> struct process; where they differ, pid, 1 too */
	struct intern *commands;
	struct process_place *places;	/* [0] is not used */
	size_t place_count;
	struct arena memory;		/* processes, and the figures of packed ones */
	struct process *first;
	struct process *last;
	struct process *active;		/* those that are not packed, by figures->next_active */
	bool marking;			/* somebody asks for the differences of intervals */
};

int rows__init(struct rows *rows);	/* -ENOMEM; to be freed either way */
void rows__free(struct rows *rows);

/* A process with all its figures 0, in no list: the caller frees its figures. NULL: no memory. */
struct process *rows__alloc(struct rows *rows);

/* A new row at the end; NULL: no memory. */
struct process *rows__add(struct rows *rows, uint32_t tgid, uint64_t start,
			  const struct ppbpf_names *names);

/*
 * The process of that tgid and start, its figures ready to be changed. *process
 * is NULL where there is none; -ENOMEM.
 */
int rows__open(struct rows *rows, uint32_t tgid, uint64_t start, struct process **process);

/* The latest one: by the first pid namespace's number, or as ppbpf's user knows it. */
struct process *rows__find(const struct rows *rows, uint32_t tgid);
struct process *rows__find_pid(const struct rows *rows, uint32_t pid);

int rows__set_command(struct rows *rows, struct process *process, const char *command);

/* A process is there, and those that it starts from now on. -ENOMEM; too many: it stays unknown. */
int rows__set_place(struct rows *rows, struct process *process, const struct process_place *place);

/* Every process's values are what the next interval begins with. */
void rows__mark(struct rows *rows);

/* Packs the figures of those that have ended, and whose end was marked where that matters. */
void rows__pack(struct rows *rows);

#endif
