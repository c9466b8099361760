// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/compare_explain.h"
#include "model/reason.h"

/* What rounding may add to a change of exactly the threshold. */
#define ROUNDING 1e-9
/*
 * By how much neighbours on a sibling thread, or in the caches, may slow down what never
 * waits for them: with runs of two sessions no less is laid to the program.
 */
#define NEIGHBOURS_MAX 0.30
/* Memory is what changed when it did by so many times the percent that the time did. */
#define MEMORY_FACTOR 1.5
/*
 * Of many threads others may take more than the wall time: what is left of it is at least
 * this share.
 */
#define WALL_LEAST 0.25
/* Smaller parts of a change are not worth a word. */
#define PERCENT_NAMED 0.5
/* As long as others took less than this share of what the wall time grew by, they did not do it. */
#define DISTURBED_SHARE 0.25

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[VERDICT_NR] = {
		[VERDICT_UNCHANGED] = "unchanged",
		[VERDICT_REGRESSION] = "regression",
		[VERDICT_IMPROVEMENT] = "improvement",
		[VERDICT_INCONCLUSIVE] = "inconclusive",
	};

	return names[verdict];
}

const char *compare_method_name(enum compare_method method)
{
	static const char *const names[] = {
		[METHOD_AVERAGES] = "averages",
		[METHOD_STORED] = "stored",
		[METHOD_INTERLEAVED] = "interleaved",
	};

	return names[method];
}

/* The time that page faults wait is not the memory that is held. */
const char *component_name(enum component component)
{
	static const char *const names[COMPONENT_BLOCKED] = {
		[COMPONENT_ON_CPU] = "on_cpu",
		[COMPONENT_ELAPSED] = "elapsed",
		[COMPONENT_MEMORY] = "memory",
	};

	if (component < COMPONENT_BLOCKED)
		return names[component];
	if (component == COMPONENT_BLOCKED + PPBPF_REASON_MEMORY)
		return "memory_wait";
	return reasons[component - COMPONENT_BLOCKED].name;
}

const char *component_label(enum component component)
{
	if (component == COMPONENT_ON_CPU)
		return "on CPU";
	if (component == COMPONENT_BLOCKED + PPBPF_REASON_MEMORY)
		return "waiting for memory";
	return component_name(component);
}

enum component component_find(const char *name)
{
	int i = 0;

	while (i < COMPONENT_NR && strcmp(component_name(i), name))
		i++;
	return i;
}

enum verdict verdict_find(const char *name)
{
	int i = 0;

	while (i < VERDICT_NR && strcmp(verdict_name(i), name))
		i++;
	return i;
}

size_t compare_next_look(size_t runs)
{
	static const size_t looks[] = { 10, 20, 30, 60 };

	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		if (runs < looks[i])
			return looks[i];
	return 0;
}

bool comparison__is_open(const struct comparison *comparison)
{
	return comparison->verdict == VERDICT_INCONCLUSIVE;
}

void comparison__clear(struct comparison *comparison)
{
	free(comparison->title);
	comparison->title = NULL;
}

/* --- what is in a run ---------------------------------------------------------- */

/*
 * CPU time that others had while the run could have: without a word about who ran, all
 * of the waiting is laid to others. What the run's own processes take from each other is
 * the program's.
 */
static double taken_by_others(const struct bench_run *run)
{
	double own = 0, stolen = run->ms[BENCH_STOLEN];

	for (size_t i = 0; i < run->blame_count; i++)
		if (run->blames[i].followed && !isnan(run->blames[i].cpu_ms))
			own += run->blames[i].cpu_ms;
	return fmax(run->ms[BENCH_RUN_QUEUE] - own, 0) + (isnan(stolen) ? 0 : stolen);
}

static double elapsed_alone(const struct bench_run *run)
{
	double others = taken_by_others(run), throttled = run->ms[BENCH_THROTTLED];

	if (isnan(run->ms[BENCH_RUN_QUEUE]))
		return run->ms[BENCH_WALL];
	return fmax(run->ms[BENCH_WALL] - others - (isnan(throttled) ? 0 : throttled), 0);
}

static double component_of_run(const struct bench_run *run, enum component component)
{
	switch (component) {
	case COMPONENT_ON_CPU:
		return run->ms[BENCH_ON_CPU];
	case COMPONENT_ELAPSED:
		return elapsed_alone(run);
	case COMPONENT_MEMORY:
		return run->counts[BENCH_MEMORY_PEAK_BYTES] == BENCH_UNKNOWN ?
			       NAN : (double)run->counts[BENCH_MEMORY_PEAK_BYTES];
	default:
		return run->ms[BENCH_BLOCKED + (component - COMPONENT_BLOCKED)];
	}
}

enum component comparison__shown(const struct comparison *c)
{
	if (c->component < COMPONENT_NR)
		return c->component;
	return c->decider < COMPONENT_NR ? c->decider : COMPONENT_ELAPSED;
}

double bench_run__shown(const struct bench_run *run, enum component shown)
{
	return shown == COMPONENT_ELAPSED ? run->ms[BENCH_WALL] : component_of_run(run, shown);
}

/* Of a window with many calls, the time of one. */
static double calls_of(const struct bench_run *run)
{
	uint64_t calls = run->counts[BENCH_CALLS];

	return calls == BENCH_UNKNOWN || calls < 2 ? 1 : (double)calls;
}

struct pair {
	struct stats *stats;
	const struct bench_result *results[2];	/* current, baseline */
	double *values[2];
	size_t counts[2];
	double wall;		/* what parts of the time are measured by, ms: median of the baseline's */
	struct comparison *out;
};

#define OTHERS COMPONENT_NR	/* beside the components: what others took */
#define WALL (COMPONENT_NR + 1)

static double value_of(const struct bench_run *run, int what)
{
	if (what == COMPONENT_MEMORY)
		return component_of_run(run, what);
	if (what == OTHERS)
		return (isnan(run->ms[BENCH_RUN_QUEUE]) ? NAN : taken_by_others(run)) /
		       calls_of(run);
	if (what == WALL)
		return run->ms[BENCH_WALL] / calls_of(run);
	return component_of_run(run, what) / calls_of(run);
}

/* Takes the values of all runs. False when some are not known, or all are 0. */
static bool take(struct pair *pair, int what)
{
	bool any = false;

	for (int i = 0; i < 2; i++) {
		pair->counts[i] = pair->results[i]->run_count;
		for (size_t j = 0; j < pair->counts[i]; j++) {
			double value = value_of(&pair->results[i]->runs[j], what);

			if (isnan(value))
				return false;
			pair->values[i][j] = value;
			any = any || value > 0;
		}
	}
	return any && pair->counts[0] && pair->counts[1];
}

static int test(struct pair *pair, struct stats_shift *shift)
{
	return stats__compare(pair->stats, pair->values[0], pair->counts[0], pair->values[1],
			      pair->counts[1], 1 - pair->out->level, shift);
}

/* --- the rules ----------------------------------------------------------------- */

/* A shift in ms as percent of what it is measured by. */
static double percent_of(double shift, double reference)
{
	if (reference > 0)
		return 100 * shift / reference;
	return shift > 0 ? INFINITY : shift < 0 ? -INFINITY : 0;
}

static bool beyond(const struct comparison *c, double percent)
{
	return percent > 100 * c->threshold * (1 + ROUNDING);
}

static void judge(const struct comparison *c, struct component_change *change)
{
	bool established = change->shift.p < c->level;

	change->grew = change->counts && established && beyond(c, change->percent);
	change->shrank = change->counts && established && beyond(c, -change->percent);
}

static int test_component(struct pair *pair, enum component component)
{
	struct component_change *change = &pair->out->changes[component];
	double reference = pair->wall;

	if (!take(pair, component))
		return 0;
	change->known = true;
	change->counts = component != COMPONENT_BLOCKED + PPBPF_REASON_CHILD &&
			 component != COMPONENT_BLOCKED + PPBPF_REASON_STOPPED;
	if (test(pair, &change->shift))
		return -ENOMEM;
	change->current = stats_median(pair->values[0], pair->counts[0]);
	change->baseline = stats_median(pair->values[1], pair->counts[1]);
	if (component == pair->out->decider || component == COMPONENT_MEMORY)
		reference = change->baseline;
	change->percent = percent_of(change->shift.shift, reference);
	return 0;
}

/* All but the decider are one family of tests. */
static void correct(struct comparison *c)
{
	double p[COMPONENT_NR];
	size_t n = 0;

	for (int i = 0; i < COMPONENT_NR; i++)
		if (c->changes[i].counts && i != (int)c->decider)
			p[n++] = c->changes[i].shift.p;
	stats_holm(p, n);
	n = 0;
	for (int i = 0; i < COMPONENT_NR; i++)
		if (c->changes[i].counts && i != (int)c->decider)
			c->changes[i].shift.p = p[n++];
}

static int measure_interference(struct pair *pair)
{
	struct interference *others = &pair->out->interference;
	double limit = pair->out->threshold * pair->wall, percent;

	if (!take(pair, OTHERS))
		return 0;
	others->known = true;
	for (size_t i = 0; i < pair->counts[0]; i++)
		others->runs += pair->values[0][i] > limit;
	if (test(pair, &others->shift))
		return -ENOMEM;
	percent = percent_of(others->shift.shift, pair->wall);
	others->grew = others->shift.p < pair->out->level && beyond(pair->out, percent);
	others->shrank = others->shift.p < pair->out->level && beyond(pair->out, -percent);
	return 0;
}

/* Who took most of the current runs' time, by name. */
static void find_neighbour(struct comparison *c)
{
	struct { const struct bench_blame *blame; double ms; } names[32] = { { NULL, 0 } };
	size_t n = 0, most = 0, k;

	for (size_t i = 0; i < c->current->run_count; i++)
		for (size_t j = 0; j < c->current->runs[i].blame_count; j++) {
			const struct bench_blame *blame = &c->current->runs[i].blames[j];

			if (blame->followed || isnan(blame->cpu_ms))
				continue;
			for (k = 0; k < n && strncmp(names[k].blame->comm, blame->comm,
						     PPBPF_COMM_LEN);)
				k++;
			if (k == sizeof(names) / sizeof(names[0]))
				continue;
			if (k == n)
				names[n++].blame = blame;
			names[k].ms += blame->cpu_ms;
		}
	for (k = 1; k < n; k++)
		if (names[k].ms > names[most].ms)
			most = k;
	if (!n)
		return;
	snprintf(c->interference.comm, sizeof(c->interference.comm), "%.*s", PPBPF_COMM_LEN,
		 names[most].blame->comm);
	c->interference.pid = names[most].blame->pid;
}

/*
 * While others took more than before, waits for another task, for a disk or for a timer
 * are longer, too, as whoever ends them ran later: they tell nothing.
 */
static void discount_disturbed(struct comparison *c)
{
	struct component_change *decider = &c->changes[c->decider];

	for (int i = COMPONENT_BLOCKED; i < COMPONENT_NR; i++) {
		c->changes[i].grew = c->changes[i].grew && !c->interference.grew;
		c->changes[i].shrank = c->changes[i].shrank && !c->interference.shrank;
	}
	if (c->method != METHOD_STORED)
		return;
	if (c->interference.grew && decider->percent < 100 * NEIGHBOURS_MAX)
		decider->grew = false;
	if (c->interference.shrank && decider->percent > -100 * NEIGHBOURS_MAX)
		decider->shrank = false;
}

/*
 * Less in parallel, say: the wall time counts only where no part of it explains it, it is
 * longer itself, and others cannot have done it.
 */
static void judge_elapsed(struct comparison *c, double wall_percent)
{
	struct component_change *elapsed = &c->changes[COMPONENT_ELAPSED];
	double others = c->interference.known ? fabs(c->interference.shift.shift) : 0;

	if (c->decider == COMPONENT_ELAPSED)
		return;
	if (others > DISTURBED_SHARE * fabs(elapsed->shift.shift))
		elapsed->grew = elapsed->shrank = false;
	elapsed->grew = elapsed->grew && beyond(c, wall_percent);
	elapsed->shrank = elapsed->shrank && beyond(c, -wall_percent);
	for (int i = 0; i < COMPONENT_NR; i++) {
		if (i == COMPONENT_ELAPSED)
			continue;
		elapsed->grew = elapsed->grew && !c->changes[i].grew;
		elapsed->shrank = elapsed->shrank && !c->changes[i].shrank;
	}
}

/*
 * How much a change weighs beside others, in ms. Who holds a lock often sleeps meanwhile:
 * it is the lock that is told first.
 */
static double weight_of(const struct component_change *change, int component)
{
	double size = fabs(change->shift.shift);

	return component == COMPONENT_BLOCKED + PPBPF_REASON_SLEEP ? size / 4 : size;
}

/*
 * The part of the time that changed most. Memory has another unit: it comes first where it
 * changed by far more, in percent, as the time to fill it follows.
 */
static enum component most_changed(const struct comparison *c, bool grew)
{
	const struct component_change *memory = &c->changes[COMPONENT_MEMORY];
	enum component most = COMPONENT_NR;
	double largest = -1;

	for (int i = 0; i < COMPONENT_NR; i++) {
		const struct component_change *change = &c->changes[i];

		if (i == COMPONENT_MEMORY || !(grew ? change->grew : change->shrank) ||
		    weight_of(change, i) <= largest)
			continue;
		largest = weight_of(change, i);
		most = i;
	}
	if (!(grew ? memory->grew : memory->shrank))
		return most;
	if (most == COMPONENT_NR ||
	    fabs(memory->percent) > MEMORY_FACTOR * fabs(c->changes[most].percent))
		return COMPONENT_MEMORY;
	return most;
}

/* The least chance that so many runs can give. */
static double least_p(const struct comparison *c)
{
	double m = c->current->run_count, n = c->baseline->run_count;

	return 2 * exp(lgamma(m + 1) + lgamma(n + 1) - lgamma(m + n + 1));
}

static bool is_unchanged(const struct comparison *c)
{
	const struct component_change *elapsed = &c->changes[COMPONENT_ELAPSED];

	/* a longer wall time that may be chance may be none, too */
	if (elapsed->known && beyond(c, elapsed->percent) && !(elapsed->shift.p < c->level))
		return false;
	return least_p(c) < c->level && !beyond(c, c->high_percent);
}

static enum verdict decide(struct comparison *c)
{
	enum component component = most_changed(c, true);

	if (component < COMPONENT_NR) {
		c->component = component;
		return VERDICT_REGRESSION;
	}
	component = most_changed(c, false);
	if (component < COMPONENT_NR) {
		c->component = component;
		return VERDICT_IMPROVEMENT;
	}
	if (c->interference.grew)
		return VERDICT_INCONCLUSIVE;
	return is_unchanged(c) ? VERDICT_UNCHANGED : VERDICT_INCONCLUSIVE;
}

/*
 * What is told of a change: beside what made it, parts that changed the same way,
 * established, by enough to be seen.
 */
static void name_parts(struct comparison *c)
{
	bool grew = c->verdict == VERDICT_REGRESSION;
	bool disturbed = grew ? c->interference.grew : c->interference.shrank;

	if (c->component == COMPONENT_NR)
		return;
	for (int i = 0; i < COMPONENT_NR; i++) {
		struct component_change *change = &c->changes[i];

		change->named = grew ? change->grew : change->shrank;
		if (change->named || !change->counts || i == COMPONENT_ELAPSED ||
		    i == COMPONENT_MEMORY || c->component == COMPONENT_ELAPSED)
			continue;
		if (i >= COMPONENT_BLOCKED && disturbed)
			continue;
		change->named = change->shift.p < c->level &&
				(grew ? change->percent : -change->percent) >= PERCENT_NAMED;
	}
}

/* What the interval is of: what grew or shrank, else the decider. */
static void show(struct comparison *c, double wall)
{
	enum component shown = comparison__shown(c);
	const struct component_change *change = &c->changes[shown];
	double reference = shown == c->decider || shown == COMPONENT_MEMORY ? change->baseline :
									      wall;

	c->shift_percent = change->percent;
	c->low_percent = percent_of(change->shift.low, reference);
	c->high_percent = percent_of(change->shift.high, reference);
	c->p = change->shift.p;
	if (reference > 0)
		c->smallest_percent = 100 / reference *
				      stats_smallest_change(&change->shift, 1 - c->level,
							    c->threshold * reference);
}

static void compare_averages(struct comparison *c)
{
	c->method = METHOD_AVERAGES;
	if (isnan(c->change_percent))
		c->verdict = VERDICT_INCONCLUSIVE;
	else if (beyond(c, c->change_percent))
		c->verdict = VERDICT_REGRESSION;
	else
		c->verdict = beyond(c, -c->change_percent) ? VERDICT_IMPROVEMENT :
							     VERDICT_UNCHANGED;
}

/*
 * Parts of the time are measured by the wall time less what others took of it, or what a
 * neighbour does to both would hide them. The values are those of the wall time.
 */
static void measure_wall(struct pair *pair, double *wall_percent)
{
	double before = stats_median(pair->values[1], pair->counts[1]);
	double now = stats_median(pair->values[0], pair->counts[0]);

	pair->wall = before;
	if (take(pair, COMPONENT_ELAPSED))
		pair->wall = fmax(stats_median(pair->values[1], pair->counts[1]),
				  WALL_LEAST * before);
	*wall_percent = percent_of(now - before, pair->wall);
}

static int compare_runs(struct pair *pair)
{
	struct comparison *c = pair->out;
	double wall_percent;

	if (!take(pair, WALL)) {
		compare_averages(c);
		return 0;
	}
	measure_wall(pair, &wall_percent);
	c->decider = take(pair, COMPONENT_ON_CPU) ? COMPONENT_ON_CPU : COMPONENT_ELAPSED;
	for (int i = 0; i < COMPONENT_NR; i++)
		if (test_component(pair, i))
			return -ENOMEM;
	if (measure_interference(pair))
		return -ENOMEM;
	correct(c);
	for (int i = 0; i < COMPONENT_NR; i++)
		judge(c, &c->changes[i]);
	discount_disturbed(c);
	judge_elapsed(c, wall_percent);
	if (c->interference.runs)
		find_neighbour(c);
	show(c, pair->wall);
	c->verdict = decide(c);
	name_parts(c);
	show(c, pair->wall);
	return 0;
}

/* --- one benchmark ------------------------------------------------------------- */

static double change_of(double current, double baseline)
{
	return baseline > 0 ? 100 * (current - baseline) / baseline : NAN;
}

static double threshold_of(const struct comparison *c, const struct compare_options *options)
{
	if (!isnan(c->current->threshold))
		return c->current->threshold;
	return isnan(c->baseline->threshold) ? options->threshold : c->baseline->threshold;
}

static int compare_measured(struct comparison *c, struct stats *stats)
{
	size_t m = c->current->run_count, n = c->baseline->run_count;
	struct pair pair = { .stats = stats, .results = { c->current, c->baseline }, .out = c };
	int err = -ENOMEM;

	pair.values[0] = calloc(m + n, sizeof(double));
	if (pair.values[0]) {
		pair.values[1] = pair.values[0] + m;
		err = compare_runs(&pair);
	}
	free(pair.values[0]);
	return err;
}

int compare_pair(struct stats *stats, const struct bench_result *baseline,
		 const struct bench_result *current, const struct compare_options *options,
		 struct comparison *c)
{
	bool runs = baseline->run_count && current->run_count;

	memset(c, 0, sizeof(*c));
	c->current = current;
	c->baseline = baseline;
	c->verdict = VERDICT_INCONCLUSIVE;
	c->method = options->method == METHOD_AVERAGES ? METHOD_STORED : options->method;
	c->threshold = threshold_of(c, options);
	c->level = options->level;
	if (!(c->level > 0))
		c->level = current->topped_up || baseline->topped_up ? COMPARE_LEVEL_LOOK :
								       COMPARE_LEVEL;
	c->change_ms = current->avg_ms - baseline->avg_ms;
	c->change_percent = change_of(current->avg_ms, baseline->avg_ms);
	c->throughput_change_percent = change_of(current->throughput, baseline->throughput);
	c->decider = c->component = COMPONENT_NR;
	c->shift_percent = c->low_percent = c->high_percent = c->p = c->smallest_percent = NAN;
	c->title = bench_result__title(current);
	if (!c->title)
		return -ENOMEM;
	if (!runs)
		compare_averages(c);
	else if (compare_measured(c, stats))
		return -ENOMEM;
	comparison__explain(c);
	return 0;
}
