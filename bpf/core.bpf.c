// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * The always-on subjects, as one object: each skeleton of its own would parse
 * the kernel's BTF again (25 ms, 14 MB). One compilation instead of a linked
 * object, because libbpf 1.1's linker has no room for kernel functions.
 */
#include "task.bpf.c"
#include "sched.bpf.c"
#include "net.bpf.c"
#include "block.bpf.c"
#include "mem.bpf.c"
#include "cgroup.bpf.c"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
