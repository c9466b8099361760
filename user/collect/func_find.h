/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What func__new() is asked for, looked up: rows, and in each file the places to probe. */
#ifndef PPBPF_COLLECT_FUNC_FIND_H
#define PPBPF_COLLECT_FUNC_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "collect/binaries.h"
#include "model/calls.h"
#include "symbol/sites.h"

struct err;
struct func_config;
struct hash;

struct places {
	uint64_t *offsets;
	uint64_t *cookies;	/* ids: indices of rows */
	uint64_t *semaphores;
	size_t count;
};

struct found_file {
	size_t binary;		/* index: the list grows */
	bool throws;		/* its functions' ends are places of their own */
	struct places by_kind[SITE_USDT];	/* by enum site_kind */
};

struct found {
	struct binaries binaries;
	struct found_file *files;
	size_t file_count;
	struct call_row **rows;
	size_t row_count;
	struct hash *ids;	/* (file, offset) of functions, to id + 1 */
	char **warnings;
	size_t warning_count;
};

/* Negative errno, and *e; found__free() in any case. Python's functions are not looked at. */
int found__search(struct found *found, const struct func_config *config, struct err *e);
void found__free(struct found *found);

/* One clause; 0 or -ENOMEM. */
int found__warn(struct found *found, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
