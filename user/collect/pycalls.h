/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Calls of Python functions, counted exactly by the probe that an interpreter
 * has at each return, if it was built with it. Part of collect/func.h.
 */
#ifndef PPBPF_COLLECT_PYCALLS_H
#define PPBPF_COLLECT_PYCALLS_H

#include <stdbool.h>
#include <stddef.h>

#include "collect/binaries.h"
#include "model/calls.h"

struct err;
struct func_config;
struct pycalls;

/* Of a function's name: it is one of Python. */
#define PYTHON_PREFIX "py:"

/* Whether any of the functions is one of Python. */
bool pycalls_wanted(const struct func_config *config);

/*
 * Finds the interpreters among the binaries, or where a command has none itself those
 * of PATH, which are added; loads, attaches. Negative errno, and *e.
 */
int pycalls__new(struct pycalls **out, const struct func_config *config,
		 struct binaries *binaries, struct err *e);
void pycalls__free(struct pycalls *p);

/* The interpreter that is watched, if the command names none itself; else NULL. */
const char *pycalls__guessed(const struct pycalls *p);

/*
 * Brings its rows up to date: those that the patterns match. They stay the
 * object's, until it is freed. Counters are added. Negative errno.
 */
int pycalls__read(struct pycalls *p, struct call_row *const **rows, size_t *count,
		  uint64_t counters[PPBPF_CALL_COUNTER_NR]);

#endif
