/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A suite of benchmarks, as its author wrote it: what is run, how often, and
 * what is expected of it. Parameters are spread out: one benchmark for each
 * combination. Everything lives in the suite's arena.
 */
#ifndef PPBPF_MODEL_SUITE_H
#define PPBPF_MODEL_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct err;

#define SUITE_BENCHMARKS_MAX 100000
#define SUITE_ITERATIONS_MAX 1000000

/* Arguments, NULL at the end, and never NULL elements; `argv` NULL: none was given. */
struct suite_command {
	char **argv;
	bool shell;		/* a line for the shell: argv is /bin/sh -c LINE */
};

struct suite_parameter {
	char *name;
	char *value;
};

/* A parameter before it is spread out. */
struct suite_axis {
	char *name;
	char **values;
	size_t count;
};

enum throughput_unit { THROUGHPUT_NONE, THROUGHPUT_OPERATIONS, THROUGHPUT_BYTES };

struct suite_benchmark {
	char *name;		/* unique in the suite: "gzip[level=9]" */
	struct suite_parameter *parameters;
	size_t parameter_count;
	struct suite_command command;
	struct suite_command setup, cleanup;	/* once */
	struct suite_command prepare, conclude;	/* each run, not measured */
	char **env;		/* "NAME=value", or "NAME" to remove it; NULL at the end, or NULL */
	char *cwd;
	char *stdin_path;
	char *user;
	uint32_t iterations;	/* 0: not given */
	bool warmup_given;
	uint32_t warmup;
	uint64_t timeout_ns;	/* 0: none */
	double threshold;	/* a share; NaN: not given */
	enum throughput_unit throughput_unit;
	double throughput;	/* operations or bytes an iteration */
	int *statuses;		/* exit statuses that are well; NULL: 0 alone */
	size_t status_count;
	char *output;		/* extended regular expression for standard output; NULL: any */
	char *region;		/* iterations are the pairs of this marker within a run */
	char *function;		/* iterations are the calls of GLOB[@MODULE] within a run */
	unsigned int line;	/* in the suite's file; 0: not from a file */
};

struct suite {
	struct arena arena;
	char *name;		/* NULL: not given */
	struct suite_benchmark *benchmarks;
	size_t count;
	size_t capacity;
};

struct suite *suite__new(void);
void suite__free(struct suite *suite);

/* What a benchmark is before its author says anything. */
void suite_benchmark__init(struct suite_benchmark *benchmark);

/*
 * Adds `benchmark` for each combination of the axes' values, its "{name}"s
 * replaced. -E2BIG: more than SUITE_BENCHMARKS_MAX; -ENOMEM.
 */
int suite__add(struct suite *suite, const struct suite_benchmark *benchmark,
	       const struct suite_axis *axes, size_t axis_count);

/* Two benchmarks of one name: the later one, or NULL. */
const struct suite_benchmark *suite__duplicate(const struct suite *suite);

/*
 * Splits a line into words as a shell would ('single', "double", \escape), but
 * expands nothing. NULL at the end; NULL: -EINVAL (an open quote) or -ENOMEM in *err.
 */
char **words_split(struct arena *arena, const char *line, int *err);

/* The command as one would type it, quoted where it needs it. NULL: no memory. */
char *command_text(struct arena *arena, const struct suite_command *command);

bool suite_benchmark__status_is_well(const struct suite_benchmark *benchmark, int status);

#endif
