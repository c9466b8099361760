// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/intern.h"

#define PLACES_MAX 65536	/* as many as process->place can tell apart */

int rows__init(struct rows *rows)
{
	rows->latest = hash__new();
	rows->commands = intern__new();
	return rows->latest && rows->commands ? 0 : -ENOMEM;
}

void rows__free(struct rows *rows)
{
	for (struct process *process = rows->first; process; process = process->next)
		free(process->figures);
	hash__free(rows->latest);
	intern__free(rows->commands);
	free(rows->places);
	arena__free(&rows->memory);
}

int rows__set_command(struct rows *rows, struct process *process, const char *command)
{
	if (process->command || !command || !*command)
		return 0;
	process->command = intern__string(rows->commands, command);
	return process->command ? 0 : -ENOMEM;
}

/* Texts are interned: a place is known again by their addresses. */
int rows__set_place(struct rows *rows, struct process *process, const struct process_place *place)
{
	const struct process_place interned = {
		intern__string(rows->commands, place->unit),
		intern__string(rows->commands, place->container),
	};
	struct process_place *more;
	size_t i;

	if (!interned.unit || !interned.container)
		return -ENOMEM;
	for (i = 1; i < rows->place_count; i++)
		if (rows->places[i].unit == interned.unit &&
		    rows->places[i].container == interned.container)
			break;
	if (i >= PLACES_MAX)
		return 0;
	if (i >= rows->place_count) {
		more = reallocarray(rows->places, i + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		rows->places = more;
		rows->places[i] = interned;
		rows->place_count = i + 1;
	}
	process->place = i;
	return 0;
}

struct process *rows__alloc(struct rows *rows)
{
	struct process *process = arena__alloc(&rows->memory, sizeof(*process));

	if (process)
		process->figures = calloc(1, sizeof(*process->figures));
	return process && process->figures ? process : NULL;
}

static void activate(struct rows *rows, struct process *process)
{
	process->figures->next_active = rows->active;
	rows->active = process;
}

/* Outside of a pid namespace a record's names are the numbers themselves. */
static int find_by_name(struct rows *rows, struct process *process,
			const struct ppbpf_names *names)
{
	process->pid = names->pid;
	process->ppid = names->ppid;
	process->proc_pid = names->proc_pid;
	process->inner_pid = names->inner_pid;
	if (process->pid == process->tgid)
		return 0;
	return hash__set(rows->latest, process->pid, 1, process);
}

struct process *rows__add(struct rows *rows, uint32_t tgid, uint64_t start,
			  const struct ppbpf_names *names)
{
	struct process *process = rows__alloc(rows);

	if (!process)
		return NULL;
	process->tgid = tgid;
	process->start_boot_ns = start;
	process->older = hash__get(rows->latest, tgid, 0);
	/* in the list even if it cannot be found: it has memory to be freed */
	if (rows->last)
		rows->last->next = process;
	else
		rows->first = process;
	rows->last = process;
	activate(rows, process);
	if (find_by_name(rows, process, names) || hash__set(rows->latest, tgid, 0, process))
		return NULL;
	return process;
}

int rows__open(struct rows *rows, uint32_t tgid, uint64_t start, struct process **out)
{
	struct process *process = hash__get(rows->latest, tgid, 0);
	struct process_figures *figures;

	while (process && process->start_boot_ns != start)
		process = process->older;
	*out = process;
	if (!process || process->figures)
		return 0;
	/* it was packed because it seemed to be over */
	figures = malloc(sizeof(*figures));
	if (!figures)
		return -ENOMEM;
	process__unpack(process->packed, figures);
	process->figures = figures;
	process->settled = false;
	activate(rows, process);
	return 0;
}

struct process *rows__find(const struct rows *rows, uint32_t tgid)
{
	return hash__get(rows->latest, tgid, 0);
}

struct process *rows__find_pid(const struct rows *rows, uint32_t pid)
{
	struct process *process = hash__get(rows->latest, pid, 0);

	if (!process || process->pid != pid)
		process = hash__get(rows->latest, pid, 1);
	return process;
}

void rows__mark(struct rows *rows)
{
	struct process_figures *figures;

	rows->marking = true;
	for (struct process *process = rows->active; process; process = figures->next_active) {
		figures = process->figures;
		memcpy(figures->previous, figures->values, sizeof(figures->previous));
		process->settled = process->ended;
	}
}

/* Whether it is packed now: where there is no memory for that, it stays as it is. */
static bool pack_one(struct rows *rows, struct process *process)
{
	unsigned char packed[PROCESS_PACKED_MAX], *kept;
	size_t length;

	if (!process->ended || process->threads_alive || (rows->marking && !process->settled))
		return false;
	length = process__pack(process->figures, packed);
	kept = arena__alloc(&rows->memory, length);
	if (!kept)
		return false;
	memcpy(kept, packed, length);
	process->packed = kept;
	free(process->figures);
	process->figures = NULL;
	return true;
}

void rows__pack(struct rows *rows)
{
	struct process **at = &rows->active, *next;

	while (*at) {
		next = (*at)->figures->next_active;
		if (pack_one(rows, *at))
			*at = next;
		else
			at = &(*at)->figures->next_active;
	}
}
