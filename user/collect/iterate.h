/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Iterators over all tasks. */
#ifndef PPBPF_COLLECT_ITERATE_H
#define PPBPF_COLLECT_ITERATE_H

#include "ppbpf_abi.h"

#define ITERATE_BUFFER (64 * 1024)

struct bpf_link;
struct buf;
struct bpf_program;

/* Runs one that does something to each task, and writes nothing; 0 or a negative errno. */
int iterate_silently(struct bpf_program *program);

typedef int (*record_fn)(const struct ppbpf_task_record *record, void *context);

/*
 * Runs one that writes a record a task; each goes to `on_record`, which may end it by a
 * negative errno. `buffer` has ITERATE_BUFFER bytes. 0 or a negative errno.
 */
int iterate_records(const struct bpf_link *link, char *buffer, record_fn on_record,
		    void *context);

/* And all that one writes, whatever it is, appended to `out`. 0 or a negative errno. */
int iterate_bytes(const struct bpf_link *link, struct buf *out);

#endif
