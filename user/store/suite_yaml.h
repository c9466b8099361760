/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Suites as files: YAML 1.1, read by libyaml. The keys are in ppbpf-bench(1). */
#ifndef PPBPF_STORE_SUITE_YAML_H
#define PPBPF_STORE_SUITE_YAML_H

#include <stddef.h>

struct err;
struct suite;

/*
 * Reads a suite; NULL, and *e names file, line and key. A file that cannot be
 * read is ERR_NOT_FOUND, ERR_PERMISSION or ERR_IO, a wrong one ERR_USAGE.
 */
struct suite *suite_yaml__read(const char *path, struct err *e);
/* The same from memory; `name` is what messages call it. */
struct suite *suite_yaml__parse(const char *text, size_t length, const char *name,
				struct err *e);

/* A commented suite that suite_yaml__read() takes, for --init. */
extern const char suite_yaml_example[];

#endif
