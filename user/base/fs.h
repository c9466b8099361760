/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_BASE_FS_H
#define PPBPF_BASE_FS_H

#include <stddef.h>
#include <stdio.h>

struct buf;
struct err;

/*
 * Appends the contents of @path, a regular file or one of /proc and /sys, to
 * @out. Returns 0; -EFBIG when it is larger than @max bytes; or another
 * negative errno. @e (may be NULL) tells: ERR_NOT_FOUND, ERR_PERMISSION or ERR_IO.
 */
int read_file(const char *path, size_t max, struct buf *out, struct err *e);

/*
 * Makes a folder and those above it, as far as they are missing. Under sudo they belong to
 * who called sudo. Returns 0 or a negative errno, and @e says why.
 */
int make_folder(const char *path, struct err *e);

/*
 * A result that is there whole or not at all, even after a SIGKILL: written to
 * a file without a name, which the commit gives its target's.
 *
 * - "-" is standard output.
 * - A device, pipe or socket (/dev/null, /dev/stdout) is written directly.
 * - A symbolic link to a file is replaced, not followed: under sudo, whoever
 *   may plant a link would choose which file root overwrites.
 * - An existing file's permissions are kept. Under sudo the file belongs to
 *   who called sudo.
 */
struct atomic_file;

/* NULL on failure, and @e says why. An open file must be freed. */
struct atomic_file *atomic_file__open(const char *path, struct err *e);

/* Where to write; owned by the file, closed by commit or free. */
FILE *atomic_file__stream(struct atomic_file *f);

/* Returns 0 when the contents are on the disk under their name; else negative errno, and @e. */
int atomic_file__commit(struct atomic_file *f, struct err *e);

/*
 * As commit, but to @path, in the folder that it was opened for, and only when that is
 * nobody's: else -EEXIST, without a word in @e, and another name may be tried.
 */
int atomic_file__commit_new(struct atomic_file *f, const char *path, struct err *e);

/* Discards what was not committed. NULL is fine. */
void atomic_file__free(struct atomic_file *f);

#endif
