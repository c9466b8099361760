/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Executables and libraries that a function may be found in: those that
 * processes have mapped, those that a command will need, those of a name in
 * the usual places.
 */
#ifndef PPBPF_COLLECT_BINARIES_H
#define PPBPF_COLLECT_BINARIES_H

#include <stddef.h>
#include <sys/types.h>

struct binary {
	char *path;		/* opens it, from our root directory: may lead through /proc/PID. Owned */
	char *name;		/* its path as its users see it. Owned */
	char *alias;		/* the last part of another name that led to it, or NULL. Owned */
	pid_t pid;		/* somebody who has it mapped, or 0 */
	dev_t device;
	ino_t inode;
};

/* Each file once. Processes and files that vanish meanwhile are passed over. */
struct binaries {
	struct binary *binaries;
	size_t count;
	size_t capacity;
};

/* All return 0, or -ENOMEM; a process that cannot be read -EACCES or -ESRCH. */
int binaries__add_mapped(struct binaries *b, pid_t pid);
int binaries__add_all_mapped(struct binaries *b);

/*
 * What execvp(`command`) would run (through a script's first line its
 * interpreter, and what env is told to run), and the libraries that it needs
 * from the start. -ENOENT: there is no such command.
 */
int binaries__add_command(struct binaries *b, const char *command);

/*
 * Files of a name that binary__is() of `module`, in the folders of the dynamic linker
 * and of PATH; with a '/' in it, the files that the pattern is the path of.
 */
int binaries__add_named(struct binaries *b, const char *module);

/* "libz*", "libz", "libz.so.1": against the last part of its names; with a '/' against its path. */
int binary__is(const struct binary *binary, const char *module);

void binaries__free(struct binaries *b);

#endif
