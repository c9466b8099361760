/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Programs on places in files. One link for all places of a file where the
 * kernel has that (6.6), else one each: those take 0.1 s each to take down again.
 */
#ifndef PPBPF_COLLECT_UPROBES_H
#define PPBPF_COLLECT_UPROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bpf_link;
struct bpf_program;

#define UPROBES_SINGLE_MAX 32	/* places, where each needs a link of its own */

struct uprobes {
	bool single;		/* a link each */
	int *fds;
	size_t fd_count;
	struct bpf_link **links;
	size_t link_count;
};

/* The places of one file. */
struct uprobe_places {
	const char *path;
	const uint64_t *offsets;
	const uint64_t *cookies;
	const uint64_t *semaphores;	/* offsets; 0: none */
	size_t count;
	pid_t pid;	/* this process alone; 0: all */
	bool returns;	/* at the function's return */
};

/* Before load: what kind of link the program will be on. */
void uprobes__prepare(const struct uprobes *uprobes, struct bpf_program *program);

/* An instruction that the kernel cannot step: a locked one, and others. */
#define UPROBES_NOT_HERE (-524)	/* the kernel's ENOTSUPP */

/*
 * Negative errno, UPROBES_NOT_HERE for one of the places (see uprobes__validate());
 * -EOPNOTSUPP: the kernel has no links for many, set `single` and load again.
 */
int uprobes__attach(struct uprobes *uprobes, const struct bpf_program *program,
		    const struct uprobe_places *places);

/*
 * The kernel looks at an instruction only where somebody has it mapped, and
 * forgets about one that it cannot step: nothing would be counted, and nobody told.
 * So the file is mapped here while it is attached to. NULL: it cannot be.
 */
void *uprobes__validate(const char *path, size_t *size);

/* Takes all probes down; `single` stays. */
void uprobes__free(struct uprobes *uprobes);

#endif
