// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/term.h"
#include "op/result.h"
#include "sink/monitor_csv.h"
#include "sink/monitor_jsonl.h"
#include "sink/monitor_summary.h"
#include "sink/monitor_view.h"

struct live {
	enum ppbpf_monitor_live kind;
	int fd;
	struct monitor_view *view;
	bool header_written;
};

/* Where the lines go to a file of their own; one that others append to is left alone. */
static void empty(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || flags & O_APPEND || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    lseek(fd, 0, SEEK_CUR) != 0)
		return;
	if (ftruncate(fd, 0))
		log_debug("a file cannot be emptied: %s", strerror(errno));
}

struct live *live__new(const struct ppbpf_monitor_options *options)
{
	struct live *live = calloc(1, sizeof(*live));

	if (!live)
		return NULL;
	live->kind = options->live;
	live->fd = options->live_fd;
	if (live->kind == PPBPF_LIVE_JSONL || live->kind == PPBPF_LIVE_CSV)
		empty(live->fd);
	if (live->kind != PPBPF_LIVE_TABLE)
		return live;
	live->view = monitor_view__new(live->fd, options->sort, options->top);
	if (live->view)
		return live;
	free(live);
	return NULL;
}

static int csv_interval(struct live *live, const struct report *report,
			const struct report_interval *interval)
{
	int err;

	if (!live->header_written) {
		err = monitor_csv__header(live->fd);
		if (err)
			return err;
		live->header_written = true;
	}
	return monitor_csv__interval(live->fd, report, interval);
}

int live__interval(struct live *live, const struct report *report,
		   const struct report_interval *interval)
{
	switch (live->kind) {
	case PPBPF_LIVE_TABLE:
		return monitor_view__interval(live->view, report, interval);
	case PPBPF_LIVE_JSONL:
		return monitor_jsonl__interval(live->fd, report, interval);
	case PPBPF_LIVE_CSV:
		return csv_interval(live, report, interval);
	case PPBPF_LIVE_NONE:
		return 0;
	}
	return -EINVAL;
}

int live__free(struct live *live)
{
	int err = 0;

	if (!live)
		return 0;
	if (live->view)
		err = monitor_view__free(live->view);
	free(live);
	return err;
}

int ppbpf_result_write_summary(const struct ppbpf_result *result,
			       const struct ppbpf_monitor_options *options, FILE *stream)
{
	struct monitor_summary summary = { .sort = options->sort, .top = options->top };
	struct term term;

	if (!result->report || !result->report->tasks)
		return 0;
	term__detect(&term, fileno(stream));
	return monitor_summary__print(stream, &term, result->report, &summary);
}
