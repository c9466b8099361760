/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Iterators that do something to each task, and write nothing. */
#ifndef PPBPF_COLLECT_ITERATE_H
#define PPBPF_COLLECT_ITERATE_H

struct bpf_program;

/* Runs it once over all tasks; 0 or a negative errno. */
int iterate_silently(struct bpf_program *program);

#endif
