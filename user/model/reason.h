/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Why a task is blocked: the names, their order of precedence, and which system
 * call waits for what. One table; BPF's copy and the documentation follow.
 */
#ifndef PPBPF_MODEL_REASON_H
#define PPBPF_MODEL_REASON_H

#include "ppbpf_abi.h"

struct reason {
	const char *name;	/* "disk" */
	const char *json;	/* "disk_ms" */
	const char *help;	/* what the task waits for, and how it is told */
	int precedence;		/* 1 is asked first */
};

extern const struct reason reasons[PPBPF_REASON_NR];

/* Fills the tables that BPF looks system calls up in; PPBPF_SYSCALLS entries each. */
void reason_fill_syscalls(ppbpf_u8 *native, ppbpf_u8 *compat);

#endif
