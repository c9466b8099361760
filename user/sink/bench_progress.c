// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/bench_progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/term.h"
#include "base/units.h"
#include "sink/output.h"
#include "sink/page.h"

#define EVERY_NS (100 * NSEC_PER_MSEC)
#define BAR 20
#define NAME 30
#define CLEAR "\r\033[K"

struct bench_progress {
	int fd;
	struct term term;
	size_t benchmarks;
	size_t finished;
	uint64_t begin;		/* of the session, CLOCK_MONOTONIC */
	uint64_t current;	/* when the benchmark began to be counted */
	uint64_t shown;
	bool visible;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

struct bench_progress *bench_progress__new(int fd, size_t benchmarks)
{
	struct bench_progress *p;
	struct term term;

	term__detect(&term, fd);
	/* a line that is refreshed needs a terminal that knows how to go back */
	p = term.is_terminal && getenv("TERM") ? calloc(1, sizeof(*p)) : NULL;
	if (!p)
		return NULL;
	p->fd = fd;
	p->term = term;
	p->benchmarks = benchmarks;
	p->begin = now_ns();
	return p;
}

void bench_progress__clear(struct bench_progress *p)
{
	struct buf out = BUF_INIT;

	if (!p || !p->visible)
		return;
	buf__puts(&out, CLEAR);
	output_write(p->fd, &out);
	buf__free(&out);
	p->visible = false;
}

void bench_progress__free(struct bench_progress *p)
{
	bench_progress__clear(p);
	free(p);
}

void bench_progress__next(struct bench_progress *p)
{
	if (!p)
		return;
	p->finished++;
	p->current = 0;
}

/* This benchmark's rest by its own pace, the others by those that are done. */
static double seconds_left(const struct bench_progress *p, uint64_t now, uint32_t done,
			   uint32_t total)
{
	double pace = (double)(now - p->current) / done, left = pace * (total - done);
	size_t others = p->benchmarks > p->finished ? p->benchmarks - p->finished - 1 : 0;
	double each = p->finished ? (double)(p->current - p->begin) / p->finished : pace * total;

	return (left + each * others) / 1e9;
}

static void print_end(struct page *page, double seconds)
{
	char text[UNITS_TEXT], clock[16];
	time_t end = time(NULL) + (time_t)(seconds + 0.5);
	struct tm tm;

	localtime_r(&end, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	page__text(page, "  %s left, until %s", format_duration(text, seconds * 1e9), clock);
}

static void show(struct bench_progress *p, const char *name, uint32_t done, uint32_t total,
		 bool warmup, uint64_t now)
{
	struct buf bar = BUF_INIT, out = BUF_INIT;
	double part = done;
	struct page page;

	page__init(&page, &p->term);
	if (p->benchmarks > 1)
		page__text(&page, "[%zu/%zu] ", p->finished + 1, p->benchmarks);
	page__column(&page, name, -NAME);
	page__text(&page, " ");
	term_bar(&bar, &part, 1, total, BAR, p->term.utf8);
	page__glyphs(&page, buf__str(&bar));
	page__text(&page, " %s%u/%u", warmup ? "warm-up " : "", done, total);
	if (!warmup && done)
		print_end(&page, seconds_left(p, now, done, total));
	page__end_line(&page);
	if (page.out.length) {
		buf__puts(&out, CLEAR);
		buf__append(&out, page.out.data, page.out.length - 1);
		output_write(p->fd, &out);
		p->visible = true;
	}
	buf__free(&bar);
	buf__free(&out);
	page__free(&page);
}

void bench_progress__run(struct bench_progress *p, const char *name, uint32_t done,
			 uint32_t total, bool warmup)
{
	uint64_t now;

	if (!p)
		return;
	now = now_ns();
	if (!p->current && !warmup)
		p->current = now;
	if (now - p->shown < EVERY_NS)
		return;
	p->shown = now;
	term__resize(&p->term, p->fd);
	show(p, name, done, total, warmup, now);
}
