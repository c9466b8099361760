// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/compare_explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/units.h"
#include "model/compare.h"

static void add_signed(struct buf *out, double value, char *(*format)(char *, double))
{
	char text[UNITS_TEXT];

	buf__printf(out, "%c%s", value < 0 ? '-' : '+', format(text, fabs(value)));
}

/* "on CPU +3.90 ms", "memory +1.20 MB" */
static void add_change(struct buf *out, const struct comparison *c, enum component component)
{
	const struct component_change *change = &c->changes[component];

	buf__printf(out, "%s%s ", out->length ? ", " : "", component_label(component));
	if (component == COMPONENT_MEMORY)
		add_signed(out, change->shift.shift, format_bytes);
	else
		add_signed(out, change->shift.shift * 1e6, format_duration);
}

/* The component that the interval is of comes first, the others in their order. */
static void add_changes(struct buf *out, const struct comparison *c)
{
	add_change(out, c, c->component);
	for (int i = 0; i < COMPONENT_NR; i++)
		if (i != (int)c->component && c->changes[i].named)
			add_change(out, c, i);
}

/*
 * Who holds a lock often sleeps meanwhile. With more to run than CPUs the sleep is as exact as
 * ever, but the others' wait for the lock is not: then it can be neither told nor excluded.
 */
static void add_lock_behind(struct buf *out, const struct comparison *c)
{
	const struct component_change *lock = &c->changes[COMPONENT_BLOCKED + PPBPF_REASON_LOCK];
	const struct component_change *sleep = &c->changes[COMPONENT_BLOCKED + PPBPF_REASON_SLEEP];

	if (c->verdict == VERDICT_REGRESSION &&
	    c->component == COMPONENT_BLOCKED + PPBPF_REASON_SLEEP && lock->known &&
	    !lock->named && lock->shift.high >= sleep->shift.shift)
		buf__puts(out, ", perhaps with a lock held: waits for one vary too much to tell");
}

static void add_neighbour(struct buf *out, const struct comparison *c)
{
	const struct interference *others = &c->interference;

	if (others->comm[0] && others->pid)
		buf__printf(out, "%s [%u]", others->comm, others->pid);
	else
		buf__puts(out, others->comm[0] ? others->comm : "other processes");
	buf__printf(out, " ran in %zu of %zu runs", others->runs, c->current->run_count);
}

static void add_interference(struct buf *out, const struct comparison *c)
{
	if (!c->interference.known) {
		/* nobody ever waited, or nobody watched */
		if (c->changes[COMPONENT_ON_CPU].known &&
		    !isnan(c->current->runs[0].ms[BENCH_RUN_QUEUE]))
			buf__puts(out, "; no interference");
		return;
	}
	buf__puts(out, "; ");
	if (c->interference.runs)
		add_neighbour(out, c);
	else
		buf__puts(out, "no interference");
}

static size_t runs_needed(double level)
{
	size_t runs = 1;

	/* n of each: the most unlikely order of all has this chance */
	while (!(2 * exp(2 * lgamma(runs + 1) - lgamma(2 * runs + 1)) < level))
		runs++;
	return runs;
}

static void explain_open(struct buf *out, const struct comparison *c)
{
	const struct component_change *elapsed = &c->changes[COMPONENT_ELAPSED];
	size_t m = c->current->run_count, n = c->baseline->run_count;
	size_t fewer = m < n ? m : n, needed = runs_needed(c->level);
	char limit[UNITS_TEXT];

	if (c->interference.grew) {
		add_neighbour(out, c);
		buf__puts(out, ": others took ");
		add_signed(out, c->interference.shift.shift * 1e6, format_duration);
		buf__puts(out, " more of each");
	} else if (fewer < needed) {
		buf__printf(out, "%zu run%s cannot establish a change: it takes %zu of each", fewer,
			    fewer == 1 ? "" : "s", needed);
	} else if (!(c->high_percent > 100 * c->threshold) && elapsed->known) {
		buf__puts(out, "elapsed ");
		add_signed(out, elapsed->shift.shift * 1e6, format_duration);
		buf__puts(out, " may be chance, or not: it takes more runs");
	} else {
		buf__printf(out, "up to +%s is possible: it takes more runs",
			    format_percent(limit, c->high_percent));
	}
}

static void explain_failure(struct buf *out, const struct comparison *c)
{
	if (c->current->failure)
		buf__printf(out, "it failed: %s", c->current->failure);
	else if (c->baseline->failure)
		buf__printf(out, "the baseline failed: %s", c->baseline->failure);
	else
		buf__puts(out, "the baseline's average is 0 or not known");
}

static void explain_averages(struct buf *out, const struct comparison *c)
{
	if (isnan(c->change_percent))
		explain_failure(out, c);
	else
		buf__puts(out, "by averages alone");
}

void comparison__explain(struct comparison *c)
{
	struct buf out = BUF_INIT;
	char found[UNITS_TEXT];

	if (c->method == METHOD_AVERAGES) {
		explain_averages(&out, c);
	} else if (c->component < COMPONENT_NR) {
		add_changes(&out, c);
		add_lock_behind(&out, c);
		add_interference(&out, c);
	} else if (c->verdict == VERDICT_INCONCLUSIVE) {
		explain_open(&out, c);
	} else if (!isnan(c->smallest_percent)) {
		buf__printf(&out, "would have shown +%s",
			    format_percent(found, c->smallest_percent));
	}
	text_copy(c->reason, sizeof(c->reason), buf__str(&out));
	buf__free(&out);
}
