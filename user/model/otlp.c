// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/otlp.h"

#include <endian.h>

#include "base/wire.h"

void otlp_put_trace_id(struct buf *out, uint32_t field, const struct trace_id *id)
{
	const uint64_t halves[] = { htobe64(id->high), htobe64(id->low) };

	if (trace_id_known(id))
		wire_put_bytes(out, field, halves, sizeof(halves));
}

void otlp_put_id(struct buf *out, uint32_t field, uint64_t id)
{
	const uint64_t bytes = htobe64(id);

	if (id)
		wire_put_bytes(out, field, &bytes, sizeof(bytes));
}
