/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The files of a profile: which, their names, and writing them. */
#ifndef PPBPF_OP_PROFILE_FILES_H
#define PPBPF_OP_PROFILE_FILES_H

#include <stdbool.h>

struct envelope;
struct err;
struct profile_run;

/* Which formats a list names; NULL: all but json. -EINVAL and *e when it names another. */
int profile_formats__parse(const char *list, bool formats[], struct err *e);

enum { FORMAT_PPROF, FORMAT_FOLDED, FORMAT_SPEEDSCOPE, FORMAT_HTML, FORMAT_JSON, FORMAT_NR };

/*
 * Writes `folder`/`name`_<unix time>.{pb.gz,folded,speedscope.json,html,json},
 * with a _2 after the time when somebody has such a file already, and notes
 * them in the run. What cannot be written costs that file only: *e has the
 * first error.
 */
int profile_files__write(struct profile_run *run, const bool formats[], const char *folder,
			 const char *name, const struct envelope *envelope, struct err *e);

/* A name that any file system takes, made of what a target is called: never empty. */
void profile_files__name(char *out, unsigned long size, const char *target);

#endif
