/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The files that a process maps for execution, as /proc has them. */
#ifndef PPBPF_COLLECT_CODE_MAPS_H
#define PPBPF_COLLECT_CODE_MAPS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct code_map {
	uint64_t start;
	uint64_t end;
	uint64_t inode;
	uint32_t device;	/* major << 20 | minor */
	const char *path;	/* until the next one */
};

/* Anything but 0 ends it. */
typedef int (*code_map_fn)(pid_t pid, const struct code_map *mapped, void *context);

/* 0, -errno, or what `visit` returned. */
int code_maps_each(pid_t pid, code_map_fn visit, void *context);

/*
 * The file itself, even if it is deleted or replaced; with `end` 0, the
 * process's executable. Only regular files. -errno.
 */
int code_map_open(pid_t pid, uint64_t start, uint64_t end);

/* A container may not follow map_files: then by the name, if that is still the same file. */
int code_map_open_named(pid_t pid, const char *path, uint64_t inode);

/* What code_map_open() opens, as the process's user calls it: its length, or -errno. */
int code_map_path(pid_t pid, uint64_t start, uint64_t end, char *path, size_t size);

#endif
