/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A profile as paths from the outermost function to the innermost one: what
 * pictures are drawn from. Samples whose stacks differ in addresses only are
 * one path.
 */
#ifndef PPBPF_MODEL_PROFILE_PATHS_H
#define PPBPF_MODEL_PROFILE_PATHS_H

#include "model/profile.h"

/* A step is a function of the profile, by the kind of its code, or one of these. */
enum step_kind {
	STEP_PROCESS = FRAME_KIND_NR,	/* outermost: the name of a process */
	STEP_THREAD,			/* outermost: a thread, "name [tid]" */
	STEP_INCOMPLETE,		/* in place of the callers that are not known */
	STEP_WAIT,			/* innermost, off CPU: what is waited for */
	STEP_KIND_NR,
};

struct step {
	const char *name;
	const char *module;	/* NULL: not known, or no function */
	const char *file;
	uint32_t line;		/* where the function begins; 0: not known */
	uint32_t kind;		/* enum frame_kind or step_kind */
};

struct path {
	const uint32_t *steps;	/* indices, outermost first */
	size_t count;
	uint32_t thread;	/* index in the profile; 0 unless they were kept apart */
	uint8_t kind;		/* enum sample_kind */
	uint8_t reason;		/* off CPU: enum ppbpf_reason */
	uint64_t samples;	/* or waits */
	uint64_t ns;
};

struct paths;

#define PATHS_PROCESS	(1u << 0)	/* begin with the process */
#define PATHS_THREAD	(1u << 1)	/* begin with the thread instead */
#define PATHS_APART	(1u << 2)	/* keep the paths of threads apart */

/* Of a profile whose frames are named, and that outlives the paths. NULL: no memory. */
struct paths *paths__new(const struct profile *profile, unsigned int flags);
void paths__free(struct paths *paths);

size_t paths__step_count(const struct paths *paths);
const struct step *paths__step(const struct paths *paths, size_t index);
size_t paths__count(const struct paths *paths);
void paths__at(const struct paths *paths, size_t index, struct path *path);

/* Whether more than one process of different names was sampled: PATHS_PROCESS tells them apart. */
bool profile__has_processes(const struct profile *profile);

#endif
