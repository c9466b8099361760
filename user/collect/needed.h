/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The libraries that a file asks the dynamic linker for, and where that looks. */
#ifndef PPBPF_COLLECT_NEEDED_H
#define PPBPF_COLLECT_NEEDED_H

#include <stddef.h>

/* Folders to search, in order. */
struct folders {
	char **paths;
	size_t count;
};

/* LD_LIBRARY_PATH, then those of ld.so.conf(5) and the linker's own. 0 or -ENOMEM. */
int folders__add_libraries(struct folders *folders);
/* A list as in PATH; NULL is an empty one. */
int folders__add_list(struct folders *folders, const char *list);
void folders__free(struct folders *folders);

/* The files that exist. */
struct needed {
	char **paths;
	size_t count;
};

/* A file that is no 64-bit ELF needs nothing. 0 or -ENOMEM. */
int needed__read(struct needed *needed, const char *path);
void needed__free(struct needed *needed);

#endif
