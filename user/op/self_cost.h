/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What ppbpf itself has cost until now, but for its BPF programs. */
#ifndef PPBPF_OP_SELF_COST_H
#define PPBPF_OP_SELF_COST_H

struct report_self;

/* CPU time and memory of this process. */
void self_cost__read(struct report_self *self);

/* CPU time alone, user and system. */
double self_cost__cpu_seconds(void);

#endif
