// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Hostile stacks: a program's memory, as it was sent to be walked on. The first
 * bytes choose the files' rows and the registers, the rest is the stack.
 */
#include "rest_made.c"

/* Of the room that knows libbpf, this one file knows nothing of it. */
#include "../../user/collect/rest.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROW_BYTES 5
#define HEAD_BYTES (MADE_MODULES * ROW_BYTES + 8)

static void choose_rows(const uint8_t *data)
{
	made_clear();
	for (unsigned int i = 0; i < MADE_MODULES; i++, data += ROW_BYTES) {
		int16_t cfa;

		memcpy(&cfa, data + 1, sizeof(cfa));
		made_row(i, data[0], cfa, (signed char)data[3]);
		/* the others have no rows; at most one is late */
		made[i].state = data[4] < 200 ? PPBPF_MODULE_READY : data[4] % 4;
	}
}

static void choose_registers(struct ppbpf_rest_event *event, const uint8_t *data)
{
	event->ip = in_module(data[0] % MADE_MODULES, data[1] * 8U);
	event->sp += data[2] * 8U;
	event->fp = STACK + data[3] * 4U;
	event->bx = STACK + data[4] * 4U;
	event->r10 = event->ax = STACK + data[5] * 8U;
	event->di = in_module(data[6] % MADE_MODULES, 8);
	event->is_return = data[7] & 1;
	event->innermost = data[7] & 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t frames[PPBPF_FRAMES_MAX];
	uint32_t count = 1, missing = 0;
	struct ppbpf_rest_event *event;
	int end;

	if (size < HEAD_BYTES || size > HEAD_BYTES + PPBPF_REST_PAGE)
		return 0;
	choose_rows(data);
	event = made_event(size - HEAD_BYTES);
	choose_registers(event, data + MADE_MODULES * ROW_BYTES);
	memcpy(event->stack, data + HEAD_BYTES, size - HEAD_BYTES);
	if (rest_check(event, offsetof(struct ppbpf_rest_event, stack) + size - HEAD_BYTES))
		abort();
	end = rest_walk(event, NULL, frames, &count, &missing);
	if (count < 1 || count > PPBPF_FRAMES_MAX || end >= PPBPF_STACK_END_NR)
		abort();
	if (end == -EAGAIN ? count != 1 || made[missing].state != PPBPF_MODULE_PENDING : end < 0)
		abort();
	free(event);
	return 0;
}
