// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Block devices: operations, bytes and latencies by device and operation. Never
 * by process: who issues a request is seldom who dirtied the page.
 */
#include "maps.bpf.h"
#include "compat.bpf.h"

#define REQ_OP_MASK 0xff

enum {
	REQ_OP_READ = 0,
	REQ_OP_WRITE = 1,
	REQ_OP_FLUSH = 2,
	REQ_OP_DISCARD = 3,
	REQ_OP_SECURE_ERASE = 5,
	REQ_OP_ZONE_APPEND = 7,
	REQ_OP_WRITE_ZEROES = 9,
};

/* Requests with the device: when each was issued. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, u64);
} issued SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ppbpf_disk_key);
	__type(value, struct ppbpf_disk);
} disks SEC(".maps");

const struct ppbpf_disk disk_zero;

static __always_inline u32 operation(struct request *rq)
{
	switch (rq->cmd_flags & REQ_OP_MASK) {
	case REQ_OP_READ:
		return PPBPF_IO_READ;
	case REQ_OP_WRITE:
	case REQ_OP_ZONE_APPEND:
		return PPBPF_IO_WRITE;
	case REQ_OP_DISCARD:
	case REQ_OP_SECURE_ERASE:
	case REQ_OP_WRITE_ZEROES:
		return PPBPF_IO_DISCARD;
	case REQ_OP_FLUSH:
		return PPBPF_IO_FLUSH;
	default:
		return PPBPF_IO_OTHER;
	}
}

static __always_inline struct ppbpf_disk *disk_of(struct request *rq)
{
	struct ppbpf_disk_key key = { .op = operation(rq) };
	struct gendisk *gendisk = request_disk(rq);
	struct ppbpf_disk *disk;

	if (!gendisk)
		return 0;
	key.major = BPF_CORE_READ(gendisk, major);
	key.minor = BPF_CORE_READ(gendisk, first_minor);
	disk = bpf_map_lookup_elem(&disks, &key);
	if (disk)
		return disk;
	bpf_map_update_elem(&disks, &key, (void *)&disk_zero, BPF_NOEXIST);
	disk = bpf_map_lookup_elem(&disks, &key);
	if (!disk)
		count(PPBPF_LOST_DISKS, 1);
	return disk;
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(block_rq_issue, struct request *rq)
{
	u64 key = (u64)rq, now = bpf_ktime_get_ns();

	if (bpf_map_update_elem(&issued, &key, &now, BPF_ANY))
		count(PPBPF_LOST_BLOCK_REQUESTS, 1);
	return 0;
}

/* May complete a request in parts: it has ended when no bytes are left. */
SEC("tp_btf/block_rq_complete")
int BPF_PROG(block_rq_complete, struct request *rq, int error, unsigned int bytes)
{
	struct ppbpf_disk *disk = disk_of(rq);
	u64 key = (u64)rq, now, start;
	u64 *issue;
	u32 slot;

	if (!disk)
		return 0;
	disk->bytes += bytes;
	if (bytes < rq->__data_len)
		return 0;
	disk->operations++;
	if (error)
		disk->errors++;
	issue = bpf_map_lookup_elem(&issued, &key);
	if (!issue)
		return 0;
	now = bpf_ktime_get_ns();
	start = rq->start_time_ns;
	if (start && start < *issue) {
		disk->queue_ns += *issue - start;
		slot = log2_slot(*issue - start, PPBPF_IO_SLOTS);
		if (slot < PPBPF_IO_SLOTS)
			disk->queue_hist[slot]++;
	}
	disk->service_ns += now - *issue;
	slot = log2_slot(now - *issue, PPBPF_IO_SLOTS);
	if (slot < PPBPF_IO_SLOTS)
		disk->service_hist[slot]++;
	bpf_map_delete_elem(&issued, &key);
	return 0;
}
