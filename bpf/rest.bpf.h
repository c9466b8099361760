/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The walk has come to a file whose table is not built yet: user space gets what
 * it needs to go on, later. The process may be gone by then, so that is its
 * registers, its stack, and where its code is mapped.
 */
#ifndef PPBPF_REST_BPF_H
#define PPBPF_REST_BPF_H

#include "walk.bpf.h"

#define REST_MAPPINGS_SEEN 512	     /* and what lies between them */
#define REST_RING_USED_MAX (1 << 19) /* the rest of the ring is for what cannot come late */

/* Which mapping comes next; those of code are kept. */
static long rest_mapping(u64 turn, struct walk_context *context)
{
	struct scratch *scratch = context->scratch;
	struct mapping mapping = { 0 };
	struct vm_area_struct *vma;
	struct mm_struct *mm = 0;
	u64 from, root, last;
	u32 at;

	if (!scratch || !bpf_core_field_exists(mm->mm_mt))
		return 1;
	mm = (struct mm_struct *)scratch->walk.mm;
	from = scratch->rest_from;
	root = (u64)BPF_CORE_READ(mm, mm_mt.ma_root);
	last = maple_last(root, from);
	if (!last || last == ~0UL || last < from)
		return 1;
	scratch->rest_from = last + 1;
	vma = (struct vm_area_struct *)maple_find(root, from);
	if (!vma)
		return 0;
	mapping.start = BPF_CORE_READ(vma, vm_start);
	mapping.end = BPF_CORE_READ(vma, vm_end);
	if (from < mapping.start || from >= mapping.end ||
	    !(BPF_CORE_READ(vma, vm_flags) & VM_EXEC))
		return 0;
	mapping_fill(context->task, &mapping, vma, mm);
	at = scratch->rest_count;
	if (at >= PPBPF_REST_MAPPINGS)
		return 1;
	scratch->rest[at].start = mapping.start;
	scratch->rest[at].end = mapping.end;
	scratch->rest[at].to_offset = mapping.to_offset;
	scratch->rest[at].module = mapping.module;
	scratch->rest_count = at + 1;
	return 0;
}

static __always_inline void rest_fill(struct ppbpf_rest_event *event, struct scratch *scratch)
{
	struct walk *walk = &scratch->walk;

	event->kind = PPBPF_STACK_EVENT_REST;
	event->tgid = walk->tgid;
	event->id = walk_id(walk);
	event->ip = walk->ip;
	event->sp = walk->sp;
	event->fp = walk->fp;
	event->bx = walk->bx;
	event->r10 = walk->r10;
	event->ax = walk->ax;
	event->di = walk->di;
	event->is_return = walk->is_return;
	event->innermost = walk->innermost;
	event->mapping_count = scratch->rest_count;
	bpf_probe_read_kernel(event->mappings, sizeof(event->mappings), scratch->rest);
}

/* How many bytes of the stack are there; `pages` is known to the compiler. */
static __always_inline u32 rest_stack(u8 *to, u64 from, u64 end, u32 pages)
{
	u32 bytes = 0;

#pragma clang loop unroll(full)
	for (u32 i = 0; i < pages; i++) {
		u64 page = from + i * PPBPF_REST_PAGE;

		if (page >= end ||
		    bpf_probe_read_user(to + i * PPBPF_REST_PAGE, PPBPF_REST_PAGE, (void *)page))
			break;
		bytes += PPBPF_REST_PAGE;
	}
	return bytes;
}

static __always_inline bool rest_few(struct scratch *scratch, u64 from, u64 end)
{
	struct ppbpf_rest_event *event = bpf_ringbuf_reserve(&stack_events, sizeof(*event), 0);

	if (!event)
		return false;
	rest_fill(event, scratch);
	event->stack_bytes = rest_stack(event->stack, from, end, PPBPF_REST_PAGES_FEW);
	bpf_ringbuf_submit(event, ring_flags());
	return true;
}

static __always_inline bool rest_many(struct scratch *scratch, u64 from, u64 end)
{
	struct ppbpf_rest_event_large *large =
		bpf_ringbuf_reserve(&stack_events, sizeof(*large), 0);

	if (!large)
		return false;
	rest_fill(&large->event, scratch);
	large->event.stack_bytes =
		rest_stack((u8 *)large + __builtin_offsetof(struct ppbpf_rest_event, stack), from,
			   end, PPBPF_REST_PAGES_MAX);
	bpf_ringbuf_submit(large, ring_flags());
	return true;
}

/*
 * Sends what is left of the current task's walk. Without room for it the stack
 * is one that failed. Not static: the verifier walks it once.
 */
__noinline int rest_send(u32 use)
{
	u32 key = use;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &key);
	struct walk_context context = { .scratch = scratch, .task = bpf_get_current_task_btf() };
	struct vm_area_struct *vma;
	struct mm_struct *mm = 0;
	u64 from, end, hash;
	bool sent;

	if (!scratch || !bpf_core_field_exists(mm->mm_mt) ||
	    bpf_ringbuf_query(&stack_events, BPF_RB_AVAIL_DATA) > REST_RING_USED_MAX)
		return 0;
	mm = (struct mm_struct *)scratch->walk.mm;
	vma = mm_find_vma(mm, scratch->walk.sp);
	end = vma ? BPF_CORE_READ(vma, vm_end) : 0;
	from = scratch->walk.sp & ~(PPBPF_REST_PAGE - 1UL);
	if (from >= end)
		return 0;
	scratch->rest_from = scratch->rest_count = 0;
	bpf_loop(REST_MAPPINGS_SEEN, rest_mapping, &context, 0);
	/* what follows is not known, and so this stack is like no other */
	hash = scratch->walk.hash;
	scratch->walk.hash = hash_add(hash, bpf_ktime_get_ns());
	if (end - from <= PPBPF_REST_PAGES_FEW * PPBPF_REST_PAGE)
		sent = rest_few(scratch, from, end);
	else
		sent = rest_many(scratch, from, end);
	if (!sent)
		scratch->walk.hash = hash;
	return 0;
}

#endif /* PPBPF_REST_BPF_H */
