// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "collect/disks.h"
#include "collect/machine.h"
#include "collect/pidns.h"
#include "collect/poller.h"
#include "model/report.h"

struct watch {
	struct features features;
	struct collector *collector;	/* NULL: by /proc */
	struct poller *poller;		/* NULL: by BPF */
	struct disks_state disks;	/* when it began */
};

/* Nobody's waits can be told from what he is blocked by: there is no split, nor blame. */
static void forgo_waits(struct report *report, const char *why)
{
	static const char *const paths[] = {
		"time_split.throttled_ms", "time_split.stolen_ms", "time_split.blocked",
		"processes.time_split.throttled_ms", "processes.time_split.stolen_ms",
		"processes.time_split.blocked", "processes.run_queue", "interference",
		"scheduler.waits", "scheduler.run_queue_latency",
	};

	report->split_known = false;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		report__missing(report, paths[i], "%s", why);
}

static void note_missing(const struct features *features, struct report *report)
{
	const char *why;

	for (size_t i = 0; i < metrics_count; i++) {
		why = features__why_missing(features, &metrics[i]);
		if (why && report->wanted.on[i])
			report__missing(report, metrics[i].name, "%s", why);
	}
	if (features->iterator_alone)
		forgo_waits(report, features->why[FEATURE_BPF]);
	else if (!features->have[FEATURE_SCHED_INFO])
		forgo_waits(report, features->why[FEATURE_SCHED_INFO]);
}

static bool may_fall_back(const struct err *e)
{
	return e->cause == ERR_PERMISSION || e->cause == ERR_UNSUPPORTED_KERNEL;
}

/* False where nothing of BPF's can be had, or the iterator is refused, too. */
static bool poll_by_iterator(struct watch *w, struct poller_config *poller, const struct err *why)
{
	struct err refused = { 0 };

	poller->iterator = w->features.has_iterator && why->cause == ERR_UNSUPPORTED_KERNEL;
	if (!poller->iterator)
		return false;
	poller->iterator = !poller__new(&w->poller, poller, &refused);
	if (!poller->iterator)
		log_debug("%s", refused.message);
	return poller->iterator;
}

/* `why` becomes the reason of all that only events tell, or only BPF. */
static int fall_back(struct watch *w, const struct watch_config *config, struct report *report,
		     struct err *why, struct err *e)
{
	struct poller_config poller = {
		.mode = config->collector.mode, .comm = config->collector.comm,
		.cgroup = config->cgroup, .cgroup_id = config->collector.cgroup_id,
		.cgroup_subsys = config->collector.cgroup_subsys,
		.children = config->collector.children,
	};
	struct err lack = { 0 };

	if (poll_by_iterator(w, &poller, why)) {
		features__iterator_alone(&w->features, why->message);
	} else if (poller__new(&w->poller, &poller, &lack)) {
		features__without_bpf(&w->features, why->message);
		err__set(e, why->cause, why->code, "%s, and %s", why->message, lack.message);
		err__hint(e, "%s", *why->hint ? why->hint : lack.hint);
		return e->code;
	} else {
		w->features.iterator_alone = false;
		features__without_bpf(&w->features, why->message);
	}
	report->host_pids_hidden = !pidns_is_first();
	report->source = poller.iterator ? REPORT_BY_ITERATOR : REPORT_BY_PROC;
	report__warn(report, "%s; %s at every interval instead: what lives shorter has no row, and "
		     "why tasks wait is not known", why->message,
		     poller.iterator ? "the task iterator is asked" : "read from /proc");
	if (*why->hint)
		report__warn(report, "for exact figures %s", why->hint);
	return 0;
}

int watch__new(struct watch **out, const struct watch_config *config, struct report *report,
	       struct err *e)
{
	struct watch *w = calloc(1, sizeof(*w));
	struct err why = { 0 };
	int err;

	*out = w;
	if (!w)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	err = features__probe(&w->features, &why);
	if (!err)
		err = collector__new(&w->collector, &config->collector, &w->features, report, &why);
	if (err && may_fall_back(&why))
		err = fall_back(w, config, report, &why, e);
	else if (err) {
		err__set(e, why.cause, why.code, "%s", why.message);
		err__hint(e, "%s", why.hint);
	}
	note_missing(&w->features, report);
	if (!w->features.have[FEATURE_BLOCK] && config->collector.block)
		disks__read(&w->disks);
	return err;
}

void watch__free(struct watch *w)
{
	if (!w)
		return;
	collector__free(w->collector);
	poller__free(w->poller);
	disks__free(&w->disks);
	free(w);
}

const struct features *watch__features(const struct watch *w)
{
	return &w->features;
}

int watch__seed(struct watch *w, const pid_t *pids, size_t count, struct err *e)
{
	int followed;

	if (w->collector)
		return collector__seed(w->collector, pids, count, e);
	followed = poller__seed(w->poller, pids, count);
	return followed < 0 ? err__set(e, ERR_INTERNAL, followed, "/proc cannot be read: %s",
				       strerror(-followed)) : followed;
}

int watch__snapshot(struct watch *w, struct tasks *tasks, enum snapshot_kind kind)
{
	return w->collector ? collector__snapshot(w->collector, tasks, kind) :
			      poller__snapshot(w->poller, tasks);
}

int watch__cpu_time(struct watch *w, uint64_t *ns)
{
	return w->collector ? collector__cpu_time(w->collector, ns) :
			      machine__cpu_time(ns);
}

int watch__drain(struct watch *w, struct tasks *tasks)
{
	return w->collector ? collector__drain(w->collector, tasks) : 0;
}

int watch__ring_fd(const struct watch *w)
{
	return w->collector ? collector__ring_fd(w->collector) : -1;
}

int watch__look(struct watch *w, struct tasks *tasks)
{
	return w->collector ? 0 : poller__snapshot(w->poller, tasks);
}

void watch__waited(struct watch *w, struct tasks *tasks, pid_t pid, const struct rusage *usage)
{
	if (w->poller)
		poller__waited(w->poller, tasks, pid, usage);
}

void watch__report(struct watch *w, struct report *report)
{
	if (w->collector)
		collector__report(w->collector, report);
	else
		poller__report(w->poller, report);
	if (!w->features.have[FEATURE_BLOCK] && report->tracked[2])
		disks__report(report, &w->disks);
}
