// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/calls.h"

#include <math.h>
#include <stdlib.h>

double call_row__quantile(const struct call_row *row, double share)
{
	double wanted = share * row->returned, below = 0, value = NAN, low, high;

	if (!row->timed || !row->returned)
		return NAN;
	for (uint32_t i = 0; i < PPBPF_CALL_SLOTS; i++) {
		if (!row->hist[i])
			continue;
		low = ppbpf_call_slot_low(i);
		high = i + 1 < PPBPF_CALL_SLOTS ? ppbpf_call_slot_low(i + 1) : (double)row->max_ns;
		value = high;
		if (below + row->hist[i] >= wanted) {
			value = low + (high - low) * (wanted - below) / row->hist[i];
			break;
		}
		below += row->hist[i];
	}
	/* a slot is wider than what was seen in it */
	return fmin(fmax(value, row->min_ns), row->max_ns);
}

const char *call_loss_name(enum ppbpf_call_counter counter)
{
	static const char *const names[PPBPF_CALL_COUNTER_NR] = {
		[PPBPF_CALL_LOST_EVENTS] = "events_call",
		[PPBPF_CALL_LOST_THREADS] = "call_threads",
		[PPBPF_CALL_LOST_DEEP] = "calls_nested_too_deep",
		[PPBPF_CALL_LOST_RETURNS] = "calls_without_begin",
		[PPBPF_CALL_LOST_CODES] = "call_codes",
	};

	return counter < PPBPF_CALL_COUNTER_NR ? names[counter] : NULL;
}

void call_row__free(struct call_row *row)
{
	if (!row)
		return;
	free(row->name);
	free(row->symbol);
	free(row->module);
	free(row->file);
	free(row);
}
