// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/self_json.h"

#include "model/report.h"
#include "sink/fields.h"

void self_json__write(struct fields *fields, const struct report_self *self)
{
	static const char *const bpf[] = { "bpf_ns", "bpf_runs", "programs" };

	fields__object_begin(fields, "self");
	fields__number(fields, "cpu_seconds", self->user_seconds + self->system_seconds, 6);
	fields__number(fields, "user_seconds", self->user_seconds, 6);
	fields__number(fields, "system_seconds", self->system_seconds, 6);
	fields__u64(fields, "resident_bytes", self->resident_bytes);
	fields__u64(fields, "peak_resident_bytes", self->peak_resident_bytes);
	fields__number(fields, "attach_ms", self->attach_ms, 3);
	fields__number(fields, "start_cpu_seconds", self->start_cpu_seconds, 6);
	fields__u64(fields, "snapshots", self->snapshots);
	fields__u64(fields, "snapshot_ns", self->snapshot_ns);
	for (size_t i = 0; !self->bpf_known && i < sizeof(bpf) / sizeof(bpf[0]); i++)
		fields__null(fields, bpf[i],
			     "the kernel keeps it when kernel.bpf_stats_enabled is on: see --self");
	if (self->bpf_known) {
		fields__u64(fields, "bpf_ns", self->bpf_ns);
		fields__u64(fields, "bpf_runs", self->bpf_runs);
		fields__array_begin(fields, "programs");
		for (size_t i = 0; i < self->program_count; i++) {
			fields__object_begin(fields, NULL);
			fields__comm(fields, "name", self->programs[i].name);
			fields__u64(fields, "run_ns", self->programs[i].run_ns);
			fields__u64(fields, "runs", self->programs[i].runs);
			fields__object_end(fields);
		}
		fields__array_end(fields);
	}
	fields__object_end(fields);
}

void self_json__alone(struct fields *fields, const struct report_self *self)
{
	self_json__write(fields, self);
	fields__object_begin(fields, "dropped");
	fields__object_end(fields);
}
