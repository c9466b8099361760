/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What this process may do, and how it could get to do more. */
#ifndef PPBPF_COLLECT_PRIVILEGE_H
#define PPBPF_COLLECT_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>

#define PRIVILEGE_TEXT 160

struct capability {
	int bit;			/* CAP_BPF, ... of linux/capability.h */
	const char *name;		/* "CAP_BPF" */
	const char *what_for;		/* what is had by it, in one clause */
	bool for_bpf;			/* no BPF program can be loaded and attached without it */
};

extern const struct capability capabilities[];
extern const size_t capabilities_count;

bool privilege__has(const struct capability *capability);

/*
 * Names of those that are missing for BPF here, "CAP_BPF and CAP_PERFMON", or "" when none
 * is: CAP_SYS_ADMIN stands for both. In a user namespace all are, whatever it says.
 */
const char *privilege__missing_for_bpf(char out[PRIVILEGE_TEXT]);

/* In a user namespace that is not the first one: the kernel heeds its capabilities inside only. */
bool privilege__in_user_namespace(void);

/* What to do about it, in one line. */
const char *privilege__how_to_get_bpf(void);

/* The mode of the kernel's lockdown: "none" (also without such a module), "integrity", "confidentiality". */
const char *privilege__lockdown(char out[PRIVILEGE_TEXT]);

#endif
