/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The columns that processes are shown in, live and at the end: one table. How
 * many are shown depends on the width, what is known and what was used at all.
 */
#ifndef PPBPF_SINK_MONITOR_COLUMNS_H
#define PPBPF_SINK_MONITOR_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "model/report.h"

struct buf;
struct page;

struct process_row {
	const struct process *process;
	double cpu_percent;	/* of late; for live views */
	double key;		/* what it is sorted by */
};

struct process_view {
	const struct report *report;
	const char *sort;	/* a column's name; NULL: cpu */
	bool live;		/* shares of the CPU and memory as they are now, not at the end */
	const char *title;	/* above the names */
};

/* Whether --sort may name it; if not, *nearest is the likeliest one meant, or NULL. */
bool monitor_sort__valid(const char *name, const char **nearest);

/*
 * The processes to show, live only those that are there: *rows is the caller's
 * to free. Returns how many, or -ENOMEM.
 */
int process_view__rows(const struct process_view *view, struct process_row **rows);
void process_view__sort(const struct process_view *view, struct process_row *rows, size_t count);
/* A heading and the first `shown` of `count` rows. */
void process_view__print(const struct process_view *view, struct page *page,
			 const struct process_row *rows, size_t count, size_t shown);

/* "cc1 parse.c": the arguments without the program's folder, or its name. */
void process_text(struct buf *out, const struct process *process);

#endif
