// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/names.h"

#include "collect/named.h"
#include "collect/place.h"
#include "model/tasks.h"

/* What a process ran before the measurement began; exec tells of the others. */
void names__commands(struct tasks *tasks)
{
	struct buf command = BUF_INIT;

	for (struct process *p = tasks__first(tasks); p; p = p->next)
		if (!p->kthread && !p->command && p->proc_pid &&
		    !named__command(p->proc_pid, &command))
			tasks__set_command(tasks, p, buf__str(&command));
	buf__free(&command);
}

/* Of those that are not known to be where who started them is. */
void names__places(struct tasks *tasks)
{
	struct place place;

	for (struct process *p = tasks__first(tasks); p; p = p->next)
		if (!p->place && !p->ended && p->proc_pid && !place__of(p->proc_pid, &place))
			tasks__set_place(tasks, p, &(struct process_place){
						 place.unit, place.container });
}
