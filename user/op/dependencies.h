/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What benchmarks run code of: files, their build ids, the packages that they are from. */
#ifndef PPBPF_OP_DEPENDENCIES_H
#define PPBPF_OP_DEPENDENCIES_H

#include <stddef.h>
#include <sys/types.h>

struct bench_report;
struct bench_result;
struct dependencies;

/* NULL: no memory. */
struct dependencies *dependencies__new(void);
void dependencies__free(struct dependencies *d);

/* Adds files to a result, with their build ids. 0 or -ENOMEM. */
int dependencies__add(struct dependencies *d, struct bench_result *result,
		      const char *const *paths, size_t count);
/* What a process has mapped now. */
int dependencies__add_pid(struct dependencies *d, struct bench_result *result, pid_t pid);

/* Names the packages of all results' files. 0 or -ENOMEM. */
int dependencies__name_packages(struct bench_report *report);

#endif
