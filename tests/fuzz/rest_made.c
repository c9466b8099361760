// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The rest of a stack, made for tests: its memory, the files that are mapped, and
 * their tables, which a test says are there or are not yet. Included by fuzz_rest.c and
 * tests/unit/test_rest.c.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collect/modules.h"
#include "collect/rest.h"

#define STACK 0x7ffd00001000UL /* where the stack's bytes begin */
#define CODE(module) (0x400000UL * (module))
#define CODE_SIZE 0x1000
#define MADE_MODULES 8

/* By module: one row for all of its code. */
static struct {
	int state;
	struct ppbpf_unwind_row row;
} made[MADE_MODULES];
static unsigned int rows_asked;

int modules__row(struct modules *m, uint32_t id, uint64_t offset, struct ppbpf_unwind_row *row)
{
	(void)m;
	(void)offset;
	rows_asked++;
	if (id >= MADE_MODULES)
		return PPBPF_MODULE_NO_TABLE;
	if (made[id].state == PPBPF_MODULE_READY)
		*row = made[id].row;
	return made[id].state;
}

static void made_clear(void)
{
	memset(made, 0, sizeof(made));
	rows_asked = 0;
}

static void made_row(unsigned int module, unsigned int kind, int cfa, int fp)
{
	made[module].state = PPBPF_MODULE_READY;
	made[module].row = (struct ppbpf_unwind_row){ .cfa = cfa, .fp = fp, .kind = kind };
}

/* With as many bytes of stack, all zero, and all modules mapped; 0 is code in no file. */
static struct ppbpf_rest_event *made_event(size_t stack_bytes)
{
	size_t size = offsetof(struct ppbpf_rest_event, stack) + stack_bytes;
	struct ppbpf_rest_event *event;

	/* smaller than its type, which the compiler shall not see: the sanitizers watch its end */
	__asm__("" : "+r"(size));
	event = calloc(1, size);
	if (!event)
		abort();
	event->kind = PPBPF_STACK_EVENT_REST;
	event->sp = STACK;
	event->stack_bytes = stack_bytes;
	event->innermost = 1;
	for (uint64_t i = 0; i < MADE_MODULES; i++)
		event->mappings[event->mapping_count++] = (struct ppbpf_rest_mapping){
			.start = CODE(i + 1),
			.end = CODE(i + 1) + CODE_SIZE,
			.to_offset = -CODE(i + 1),
			.module = i,
		};
	return event;
}

/* An address in a module's code; 0 is code in no file. */
static uint64_t in_module(unsigned int module, unsigned int offset)
{
	return CODE(module + 1UL) + offset;
}
