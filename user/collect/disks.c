// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/disks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/text.h"
#include "model/report.h"

#define TEXT_MAX (1 << 20)
#define SECTOR 512
#define FIELDS 17	/* after the name; flushes since 5.5, discards since 4.18 */

/* The fields of /proc/diskstats by number after the name; -1: it has none. */
static const struct {
	int operations, sectors;
} fields_of[PPBPF_IO_NR] = {
	[PPBPF_IO_READ] = { 0, 2 },
	[PPBPF_IO_WRITE] = { 4, 6 },
	[PPBPF_IO_DISCARD] = { 11, 13 },
	[PPBPF_IO_FLUSH] = { 15, -1 },
	[PPBPF_IO_OTHER] = { -1, -1 },
};

static bool is_whole(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/block/%s", name);
	return !access(path, F_OK);
}

static bool parse(const char *line, struct report_disk *disk)
{
	uint64_t fields[FIELDS] = { 0 };
	const char *at;
	char *end;
	int length = 0;

	memset(disk, 0, sizeof(*disk));
	if (sscanf(line, "%u %u %31s%n", &disk->major, &disk->minor, disk->name, &length) != 3)
		return false;
	at = line + length;
	for (int i = 0; i < FIELDS; i++, at = end) {
		fields[i] = strtoull(at, &end, 10);
		if (end == at)
			break;
	}
	for (int op = 0; op < PPBPF_IO_NR; op++) {
		if (fields_of[op].operations >= 0)
			disk->by_op[op].operations = fields[fields_of[op].operations];
		if (fields_of[op].sectors >= 0)
			disk->by_op[op].bytes = fields[fields_of[op].sectors] * SECTOR;
	}
	return is_whole(disk->name);
}

void disks__read(struct disks_state *state)
{
	struct buf text = BUF_INIT;
	char *line, *save = NULL;
	struct report_disk disk, *more;

	*state = (struct disks_state){ 0 };
	if (!read_file("/proc/diskstats", TEXT_MAX, &text, NULL))
		for (line = strtok_r(text.data, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			if (!parse(line, &disk))
				continue;
			more = reallocarray(state->disks, state->count + 1, sizeof(*more));
			if (!more)
				break;
			state->disks = more;
			more[state->count++] = disk;
		}
	buf__free(&text);
}

void disks__free(struct disks_state *state)
{
	free(state->disks);
	*state = (struct disks_state){ 0 };
}

static const struct report_disk *find(const struct disks_state *state,
				      const struct report_disk *disk)
{
	for (size_t i = 0; i < state->count; i++)
		if (state->disks[i].major == disk->major && state->disks[i].minor == disk->minor)
			return &state->disks[i];
	return NULL;
}

/* Less what it had before; whether anything is left. */
static bool subtract(struct report_disk *disk, const struct report_disk *before)
{
	bool any = false;

	for (int op = 0; op < PPBPF_IO_NR; op++) {
		if (before) {
			disk->by_op[op].operations -= before->by_op[op].operations;
			disk->by_op[op].bytes -= before->by_op[op].bytes;
		}
		any |= disk->by_op[op].operations;
	}
	return any;
}

void disks__report(struct report *report, const struct disks_state *from)
{
	struct disks_state now;
	size_t kept = 0;

	disks__read(&now);
	for (size_t i = 0; i < now.count; i++)
		if (subtract(&now.disks[i], find(from, &now.disks[i])))
			now.disks[kept++] = now.disks[i];
	free(report->disks);
	report->disks = now.disks;
	report->disk_count = kept;
}
