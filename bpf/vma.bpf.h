/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The mapping around an address, found by reading the kernel's own tree of
 * mappings: mmap_lock cannot be had in an interrupt. Nodes are freed only after
 * a grace period, and what is torn is refuted by the mapping's own bounds.
 */
#ifndef PPBPF_VMA_BPF_H
#define PPBPF_VMA_BPF_H

#include "compat.bpf.h"

#define MAPLE_LEVELS 8
#define MAPLE_NODE_MASK 255UL
#define MAPLE_TYPE_SHIFT 3
#define MAPLE_TYPE_MASK 15
#define MAPLE_LEAF_64 1 /* enum maple_type */
#define MAPLE_ARANGE_64 3
#define MAPLE_PIVOTS 15
#define MAPLE_APIVOTS 9
#define RB_LEVELS 48

/* What a maple tree has at an index, 0: nothing; or, with `last`, up to where that is so. */
static __always_inline u64 maple_walk(u64 node, u64 index, bool last)
{
	u64 pivots[MAPLE_PIVOTS], base, slots, end = ~0UL;
	struct mm_struct *mm = 0;
	u32 type, count, slot;

	/* kernels look at functions that nobody calls, too, up to 6.7 */
	if (!bpf_core_field_exists(mm->mm_mt))
		return 0;
	for (int level = 0; level < MAPLE_LEVELS; level++) {
		type = node >> MAPLE_TYPE_SHIFT & MAPLE_TYPE_MASK;
		base = node & ~MAPLE_NODE_MASK;
		if (!base || type < MAPLE_LEAF_64 || type > MAPLE_ARANGE_64)
			return 0;
		if (type == MAPLE_ARANGE_64) {
			count = MAPLE_APIVOTS;
			slots = bpf_core_field_offset(struct maple_arange_64, slot);
		} else {
			count = MAPLE_PIVOTS;
			slots = bpf_core_field_offset(struct maple_range_64, slot);
		}
		if (bpf_probe_read_kernel(
			    pivots, sizeof(pivots),
			    (void *)base + bpf_core_field_offset(struct maple_range_64, pivot)))
			return 0;
		for (slot = 0; slot < MAPLE_PIVOTS; slot++)
			if (slot >= count || pivots[slot] >= index || (slot && !pivots[slot]))
				break;
		if (last && slot < count && slot < MAPLE_PIVOTS && pivots[slot] >= index)
			end = pivots[slot];
		if (last && type == MAPLE_LEAF_64)
			return end;
		if (bpf_probe_read_kernel(&node, sizeof(node), (void *)base + slots + slot * 8))
			return 0;
		if (type == MAPLE_LEAF_64)
			return node;
	}
	return 0;
}

/* Not static: the verifier walks it once. */
__noinline u64 maple_find(u64 node, u64 index)
{
	return maple_walk(node, index, false);
}

/* The last index that has the same as this one; 0: not known. */
__noinline u64 maple_last(u64 node, u64 index)
{
	return maple_walk(node, index, true);
}

/* The same up to Linux 6.0. */
__noinline u64 rb_find(u64 node, u64 index)
{
	struct mm_struct___rb *mm = 0;
	u64 vma, start, end;

	if (!bpf_core_field_exists(mm->mm_rb))
		return 0;
	for (int level = 0; level < RB_LEVELS && node; level++) {
		vma = node - bpf_core_field_offset(struct vm_area_struct___rb, vm_rb);
		end = BPF_CORE_READ((struct vm_area_struct___rb *)vma, vm_end);
		start = BPF_CORE_READ((struct vm_area_struct___rb *)vma, vm_start);
		if (index >= start && index < end)
			return vma;
		if (index < end)
			node = (u64)BPF_CORE_READ((struct rb_node___vma *)node, rb_left);
		else
			node = (u64)BPF_CORE_READ((struct rb_node___vma *)node, rb_right);
	}
	return 0;
}

/* Somewhere near the address: whoever asks looks at its bounds. */
static __always_inline struct vm_area_struct *mm_find_vma(struct mm_struct *mm, u64 address)
{
	struct mm_struct___rb *old = (void *)mm;

	if (bpf_core_field_exists(old->mm_rb))
		return (void *)rb_find((u64)BPF_CORE_READ(old, mm_rb.rb_node), address);
	return (void *)maple_find((u64)BPF_CORE_READ(mm, mm_mt.ma_root), address);
}

/*
 * A number that changes whenever the address space's mappings do, and differs
 * between address spaces that lie at the same address one after the other (the
 * arguments lie at a random one). 0: there is no such number, or it changes now.
 */
static __always_inline u64 mm_version(struct mm_struct *mm)
{
	struct mm_struct___seqcount *counted = (void *)mm;
	struct mm_struct___lock_seq *plain = (void *)mm;
	u64 changes;

	if (bpf_core_field_exists(counted->mm_lock_seq.sequence))
		changes = (u64)BPF_CORE_READ(counted, mm_lock_seq.sequence);
	else if (bpf_core_field_exists(plain->mm_lock_seq))
		changes = (u64)BPF_CORE_READ(plain, mm_lock_seq) * 2;
	else
		return 0;
	if (changes & 1)
		return 0;
	return ((u64)BPF_CORE_READ(mm, arg_start) << 16 ^ changes << 1) | 1;
}

static __always_inline bool is_vdso(struct mm_struct *mm, u64 start)
{
	return (u64)BPF_CORE_READ(mm, context.vdso) == start;
}

/* The address of the thread's control block; of a running one, as of its last switch. */
static __always_inline u64 task_tls(struct task_struct *task)
{
	return task->thread.fsbase;
}

static __always_inline u32 inode_mtime(struct inode *inode)
{
	struct inode___old_mtime *oldest = (void *)inode;
	struct inode___mtime *old = (void *)inode;

	if (bpf_core_field_exists(oldest->i_mtime))
		return BPF_CORE_READ(oldest, i_mtime.tv_sec);
	if (bpf_core_field_exists(old->__i_mtime))
		return BPF_CORE_READ(old, __i_mtime.tv_sec);
	return BPF_CORE_READ(inode, i_mtime_sec);
}

#endif /* PPBPF_VMA_BPF_H */
