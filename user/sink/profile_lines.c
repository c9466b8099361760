// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/profile_lines.h"

#include "base/buf.h"
#include "base/units.h"
#include "model/profile_run.h"

void profile_lines__about(struct buf *out, const struct profile_run *run)
{
	char text[UNITS_TEXT];

	buf__puts(out, format_duration(text, run->seconds * NSEC_PER_SEC));
	if (run->mode == MODE_ON_CPU || run->mode == MODE_WALL)
		buf__printf(out, " · %u Hz %s", run->frequency, run->event ? run->event : "");
	if (run->mode == MODE_WALL)
		buf__puts(out, ", and every wait");
	else if (run->mode == MODE_OFF_CPU)
		buf__puts(out, " · every wait");
	else if (run->mode == MODE_CALLS)
		buf__puts(out, " · every call");
}

/* "no unwind table 4, frame limit 1": those that there were; how many kinds. */
static size_t put_tallies(struct buf *out, const char *before, const struct profile_tally *tallies,
			  size_t count)
{
	char text[UNITS_TEXT];
	size_t kinds = 0;

	for (size_t i = 0; i < count; i++)
		if (tallies[i].count)
			buf__printf(out, "%s%s %s", kinds++ ? ", " : before, tallies[i].name,
				    format_count(text, tallies[i].count));
	return kinds;
}

static void put_stacks(struct buf *out, const struct profile_run *run,
		       const struct profile_quality *quality)
{
	const char *noun = run->mode == MODE_OFF_CPU ? "waits" :
			   run->mode == MODE_WALL ? "samples and waits" : "samples";
	char text[UNITS_TEXT];

	buf__printf(out, "%s %s", format_count(text, quality->samples), noun);
	buf__printf(out, ", %s complete", format_count(text, quality->by_end[STACK_COMPLETE]));
	if (quality->by_end[STACK_TRUNCATED])
		buf__printf(out, ", %s truncated",
			    format_count(text, quality->by_end[STACK_TRUNCATED]));
	if (quality->by_end[STACK_FAILED])
		buf__printf(out, ", %s failed", format_count(text, quality->by_end[STACK_FAILED]));
	if (put_tallies(out, " (", quality->reasons, quality->reason_count))
		buf__putc(out, ')');
}

static void put_calls(struct buf *out, const struct profile_run *run)
{
	struct calls_totals totals;
	char text[UNITS_TEXT];
	bool lost = false;

	profile_run__calls_totals(run, &totals);
	buf__printf(out, "%s calls", format_count(text, totals.calls));
	for (int i = 0; i < PPBPF_CALL_COUNTER_NR; i++) {
		if (!call_loss_name(i) || !run->calls.counters[i])
			continue;
		buf__printf(out, "%s%s %s", lost ? ", " : " · lost: ", call_loss_name(i),
			    format_count(text, run->calls.counters[i]));
		lost = true;
	}
	if (!lost)
		buf__puts(out, " · nothing lost");
}

void profile_lines__quality(struct buf *out, const struct profile_run *run)
{
	struct profile_quality quality;
	char some[UNITS_TEXT], all[UNITS_TEXT];

	if (run->mode == MODE_CALLS) {
		put_calls(out, run);
		return;
	}
	profile__quality(run->profile, &quality);
	put_stacks(out, run, &quality);
	if (!put_tallies(out, " · lost: ", quality.lost, quality.lost_count))
		buf__puts(out, " · nothing lost");
	if (quality.nameless_frames)
		buf__printf(out, " · %s of %s frames without a name",
			    format_count(some, quality.nameless_frames),
			    format_count(all, quality.frames));
	else if (quality.frames)
		buf__puts(out, " · every frame has a name");
	if (run->frames_without_lines)
		buf__printf(out, " · %s frames without source lines, for want of time",
			    format_count(some, run->frames_without_lines));
}
