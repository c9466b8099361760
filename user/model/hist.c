// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/report.h"

#include <math.h>

struct slots {
	const void *data;
	uint64_t (*at)(const void *data, size_t i);
	size_t count;
};

static uint64_t at64(const void *data, size_t i)
{
	return ((const uint64_t *)data)[i];
}

static uint64_t at32(const void *data, size_t i)
{
	return ((const uint32_t *)data)[i];
}

static double quantile(const struct slots *slots, double share)
{
	double wanted, total = 0, below = 0, low = 0;

	for (size_t i = 0; i < slots->count; i++)
		total += slots->at(slots->data, i);
	if (total == 0)
		return NAN;
	wanted = share * total;
	for (size_t i = 0; i < slots->count; i++) {
		double here = slots->at(slots->data, i);

		if (here == 0)
			continue;
		low = ppbpf_slot_low(i);
		if (i == slots->count - 1)
			break;	/* the last one has no end to interpolate to */
		if (below + here >= wanted)
			return low + (ppbpf_slot_low(i + 1) - low) * (wanted - below) / here;
		below += here;
		low = ppbpf_slot_low(i + 1);
	}
	return low;
}

double hist_quantile(const uint64_t *data, size_t count, double share)
{
	return quantile(&(struct slots){ data, at64, count }, share);
}

double hist_quantile32(const uint32_t *data, size_t count, double share)
{
	return quantile(&(struct slots){ data, at32, count }, share);
}
