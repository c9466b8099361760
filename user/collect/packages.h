/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Which package a file is from, and of which version: by dpkg's own files. */
#ifndef PPBPF_COLLECT_PACKAGES_H
#define PPBPF_COLLECT_PACKAGES_H

#include <stddef.h>

struct packages;

/* NULL: no memory. */
struct packages *packages__new(void);
void packages__free(struct packages *p);

/* A file to be looked for. 0 or -ENOMEM. */
int packages__want(struct packages *p, const char *path);
/* One look for all of them. */
void packages__find(struct packages *p);

/* NULLs when no package has it, or there is no dpkg here; owned. */
void packages__of(const struct packages *p, const char *path, const char **package,
		  const char **version);

#endif
