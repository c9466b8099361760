/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What modules.c keeps and modules_find.c fills. */
#ifndef PPBPF_COLLECT_MODULES_IMPL_H
#define PPBPF_COLLECT_MODULES_IMPL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "collect/modules.h"
#include "model/profile.h"
#include "ppbpf_stack_abi.h"

struct hash;
struct unwind_rows;

#define SEGMENTS_MAX 8

struct segment {
	uint64_t offset;
	uint64_t address;
	uint64_t size;
};

/* What is read from a file. */
struct content {
	struct ppbpf_module kernel; /* as the BPF programs have it */
	uint8_t build_id[PROFILE_BUILD_ID_MAX];
	size_t build_id_length;
	struct segment segments[SEGMENTS_MAX];
	size_t segment_count;
};

struct module {
	struct module *next; /* in the queue */
	struct ppbpf_module_key key;
	struct content content; /* by the lock; what is built is built aside */
	char *path;
	int fd;	     /* given to the profile with the first frame; -1 */
	void *image; /* the vdso's */
	size_t size; /* of the file */
	uint64_t device;
	uint64_t inode;
	pid_t pid;
	int index; /* in the profile; -1: not there yet */
};

/* First in, first out. */
struct queue {
	struct module *first;
	struct module **end;
};

struct modules {
	pthread_t builder;
	bool has_builder;
	pthread_mutex_t lock; /* of what follows; not held while a table is built */
	pthread_cond_t asked; /* for the builder: there is something in a queue */
	pthread_cond_t built_one;
	struct queue met; /* by a stack that ends there, or soon will be */
	struct queue scanned;
	struct queue later; /* until a stack needs them: large, or beyond what all may take */
	struct module *building;
	bool ending;
	struct modules_maps maps;
	struct unwind_rows *rows;
	struct module **by_id;
	size_t id_room;
	struct hash *seen;  /* by device and inode: the scan met it */
	struct hash *built; /* by the hash of build id and size -> struct module */
	struct ppbpf_python pythons[PPBPF_PYTHONS_MAX];
	uint32_t python_count;
	struct buf notes; /* lines for people */
	size_t unreadable; /* files that this user may not read */
	char unreadable_name[PPBPF_FILE_NAME + 1]; /* the first of these */
	pid_t unreadable_pid;
	uint64_t build_ns;
	size_t count;
};

void module__free(struct module *module);

/*
 * Takes the module over; `queue` NULL: there is nothing to build. 0, also where
 * there is no room for it, or -ENOMEM.
 */
int modules__put(struct modules *m, struct module *module, struct queue *queue);

#endif
