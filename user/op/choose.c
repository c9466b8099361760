// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/choose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

int choose_metrics(const struct ppbpf_monitor_options *options, struct metric_set *set,
		   struct err *e)
{
	char *names = NULL, *name, *save = NULL;
	const struct metric *metric;
	const char *nearest = NULL;

	metric_set__default(set);
	if (options->metrics) {
		names = strdup(options->metrics);
		if (!names)
			return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
		memset(set, 0, sizeof(*set));
	}
	if (names && !names[strspn(names, ",")])
		err__set(e, ERR_USAGE, -EINVAL, "--metrics takes names, as ppbpf metrics lists them");
	for (name = names ? strtok_r(names, ",", &save) : NULL; name;
	     name = strtok_r(NULL, ",", &save)) {
		metric = metric_find(name, &nearest);
		if (!metric) {
			err__set(e, ERR_USAGE, -EINVAL, "there is no metric \"%s\"", name);
			if (nearest)
				err__hint(e, "did you mean %s? ppbpf metrics lists them",
					  nearest);
			else
				err__hint(e, "ppbpf metrics lists them");
			break;
		}
		set->on[metric - metrics] = true;
	}
	free(names);
	if (options->pss)
		set->on[metric_of(METRIC_NAMED, NAMED_PSS_BYTES) - metrics] = true;
	if (options->no_cpu)
		metric_set__clear_subject(set, SUBJECT_CPU);
	if (options->no_memory)
		metric_set__clear_subject(set, SUBJECT_MEMORY);
	if (options->no_disk)
		metric_set__clear_subject(set, SUBJECT_DISK);
	if (options->no_network)
		metric_set__clear_subject(set, SUBJECT_NETWORK);
	return e->cause ? -EINVAL : 0;
}
