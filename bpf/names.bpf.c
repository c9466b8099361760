// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * What the kernel calls addresses of its own: run by user space, a batch at a
 * time. /proc/kallsyms has the same names, of everything: 40 ms to be read.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "ppbpf_stack_abi.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct ppbpf_kernel_name names[PPBPF_KERNEL_NAMES];
u32 name_count;

/* Where this function begins: 0, not known. Asked for when there is a name. */
char function_name[PPBPF_FILE_NAME];
u64 function_start;

static const char as_symbol[] = "%pS";

static long name_one(u64 turn, void *context)
{
	struct ppbpf_kernel_name *name;
	u64 argument;

	if (turn >= PPBPF_KERNEL_NAMES)
		return 1;
	name = &names[turn];
	argument = name->address;
	name->length = bpf_snprintf(name->text, sizeof(name->text), as_symbol, &argument,
				    sizeof(argument));
	return 0;
}

SEC("syscall")
int kernel_names(void *ctx)
{
	u64 start = 0;

	if (function_name[0] &&
	    !bpf_kallsyms_lookup_name(function_name, sizeof(function_name), 0, &start))
		function_start = start;
	bpf_loop(name_count, name_one, 0, 0);
	return 0;
}
