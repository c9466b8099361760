// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/process.h"

#include <stddef.h>
#include <string.h>

/*
 * Most figures of a process that lived shortly are 0. The others follow each
 * other as one byte, how many zeros were left out before, and the number in
 * groups of 7 bits, the lowest first; END is no such count.
 */
#define WIDE (offsetof(struct process_figures, run_queue_hist) / sizeof(uint64_t))
#define NUMBERS (WIDE + PPBPF_RQ_SLOTS)
#define END 0xff

_Static_assert(NUMBERS < END, "a count of zeros must fit a byte");
_Static_assert(NUMBERS * 11 + 1 <= PROCESS_PACKED_MAX, "the most a process takes");

static uint64_t number(const struct process_figures *figures, size_t i)
{
	return i < WIDE ? ((const uint64_t *)figures)[i] : figures->run_queue_hist[i - WIDE];
}

size_t process__pack(const struct process_figures *figures, unsigned char out[PROCESS_PACKED_MAX])
{
	size_t length = 0, zeros = 0;

	for (size_t i = 0; i < NUMBERS; i++) {
		uint64_t n = number(figures, i);

		if (!n) {
			zeros++;
			continue;
		}
		out[length++] = zeros;
		zeros = 0;
		for (; n >= 0x80; n >>= 7)
			out[length++] = n | 0x80;
		out[length++] = n;
	}
	out[length++] = END;
	return length;
}

void process__unpack(const unsigned char *packed, struct process_figures *figures)
{
	size_t i = 0;

	memset(figures, 0, sizeof(*figures));
	for (; *packed != END; i++) {
		uint64_t n = 0;
		int shift = 0;

		i += *packed++;
		do
			n |= (uint64_t)(*packed & 0x7f) << shift;
		while (shift += 7, *packed++ & 0x80);
		if (i < WIDE)
			((uint64_t *)figures)[i] = n;
		else
			figures->run_queue_hist[i - WIDE] = n;
	}
	memcpy(figures->previous, figures->values, sizeof(figures->previous));
}

const struct process_figures *process__figures(const struct process *process,
					       struct process_figures *room)
{
	if (process->figures)
		return process->figures;
	process__unpack(process->packed, room);
	return room;
}

uint64_t process__value(const struct process *process, enum ppbpf_value id)
{
	struct process_figures room;

	return process__figures(process, &room)->values[id];
}
