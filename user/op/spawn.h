/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* COMMAND, started stopped: it runs its first instruction when it is released. */
#ifndef PPBPF_OP_SPAWN_H
#define PPBPF_OP_SPAWN_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

struct err;

/* Whom a program runs as, when it is another than who calls. */
struct identity {
	bool change;
	uid_t uid;
	gid_t gid;
	const char *name;	/* valid until the next look-up of a user */
};

/* `user`: a login name, "-" for who called sudo, or NULL. Unknown: ERR_USAGE. */
int identity__find(const char *user, struct identity *identity, struct err *e);

struct child {
	const char *name;	/* as called; not owned */
	pid_t pid;
	int pidfd;
	int release_fd;
	int exec_fd;	/* tells why exec failed, or closes */
	bool exec_failed;	/* it never ran: status is 126 or 127 */
	bool ended;
	int status;	/* exit status as a shell sees it, once ended */
	struct rusage usage;	/* then, its own and of all whom it waited for */
};

/*
 * Forks; the child waits. `stdout_fd` 0: as ours. `user` NULL: as who calls;
 * "-": who called sudo. Negative errno.
 */
int child__start(struct child *child, char *const *command, const char *user, int stdout_fd,
		 struct err *e);

/*
 * Lets it run. Waits until exec has succeeded or failed: then the error is set
 * and child->status is 126 or 127, as env(1) has it.
 */
int child__release(struct child *child, struct err *e);

/* Whether it has ended; it need not be reaped yet. */
bool child__is_over(const struct child *child);

/* Reaps it if it has ended. */
bool child__ended(struct child *child);

/* Ends what runs still: SIGTERM, and SIGKILL after a second. */
void child__end(struct child *child);

/* Kills what was never released, and closes. */
void child__free(struct child *child);

#endif
