/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Programs of earlier releases, kept to be run again: FOLDER/kept/SHA256 is a file
 * by its content, FOLDER/kept/run-... a folder with links by the names that a loader
 * looks for. What is kept twice is stored once.
 */
#ifndef PPBPF_STORE_KEPT_H
#define PPBPF_STORE_KEPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "model/bench.h"

struct err;

/* Stores a copy of a file; `sha256` gets its name, of KEPT_NAME bytes. 0 or negative errno, and *e. */
#define KEPT_NAME 65
int kept__store(const char *folder, const char *path, char *sha256, struct err *e);

/* The first line of a script: "#!/usr/bin/python3 -u", "#!/usr/bin/env -S python3 -u". */
struct shebang {
	char *interpreter;	/* the file that the kernel starts */
	bool by_env;		/* which is env(1), and looks for a program named... */
	char *name;		/* ...so; else the same */
	char **words;		/* that come before the script; NULL at the end */
};

/* All is in the arena. -ENOEXEC: it is no script; -EINVAL: not understood; or another errno. */
int shebang__read(struct shebang *out, struct arena *arena, const char *path);

/*
 * How to run a kept program, of which `argv` are the words: through the loader and with
 * the libraries that were kept beside it, where it is a dynamic one; a script by the
 * interpreter that was kept. *path is the file to run. Checks what is stored against its
 * name. NULL: *e says why. All is in the arena.
 */
char *const *kept__argv(struct arena *arena, const char *folder, const struct bench_kept *kept,
			size_t count, char *const *argv, char **path, struct err *e);

#endif
