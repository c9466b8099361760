// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/proc_task.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"

#define TEXT_MAX (1 << 20)
#define PF_KTHREAD 0x00200000

/* Fields of stat by proc(5)'s numbers; those before stand in brackets, or are no numbers. */
enum {
	STAT_FIRST = 4, STAT_PPID = 4, STAT_FLAGS = 9, STAT_MINOR = 10, STAT_REAPED_MINOR,
	STAT_MAJOR, STAT_REAPED_MAJOR, STAT_UTIME, STAT_STIME, STAT_REAPED_UTIME,
	STAT_REAPED_STIME, STAT_THREADS = 20, STAT_START = 22, STAT_START_CODE = 26,
	STAT_EXIT_CODE = 52, STAT_FIELDS,
};

uint64_t proc_tick_ns(void)
{
	static uint64_t ns;

	if (!ns)
		ns = 1000000000ULL / sysconf(_SC_CLK_TCK);
	return ns;
}

static int read_one(struct buf *text, pid_t pid, pid_t tid, const char *name)
{
	char path[96];

	if (tid)
		snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
	else
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	buf__truncate(text, 0);
	return read_file(path, TEXT_MAX, text, NULL);
}

static void fill_stat(struct proc_stat *stat, const uint64_t *fields)
{
	uint64_t tick = proc_tick_ns();

	stat->ppid = fields[STAT_PPID];
	stat->kthread = fields[STAT_FLAGS] & PF_KTHREAD;
	stat->minor_faults = fields[STAT_MINOR];
	stat->major_faults = fields[STAT_MAJOR];
	stat->user_ns = fields[STAT_UTIME] * tick;
	stat->system_ns = fields[STAT_STIME] * tick;
	stat->cpu_ns = stat->user_ns + stat->system_ns;
	stat->reaped[0] = fields[STAT_REAPED_MINOR];
	stat->reaped[1] = fields[STAT_REAPED_MAJOR];
	stat->reaped[2] = fields[STAT_REAPED_UTIME] * tick;
	stat->reaped[3] = fields[STAT_REAPED_STIME] * tick;
	stat->threads = fields[STAT_THREADS];
	stat->start_ticks = fields[STAT_START];
	stat->start_code = fields[STAT_START_CODE];
	stat->exit_code = fields[STAT_EXIT_CODE];
}

int proc_stat__read(struct proc_stat *stat, pid_t pid, pid_t tid, struct buf *text)
{
	uint64_t fields[STAT_FIELDS] = { 0 };
	int err = read_one(text, pid, tid, "stat");
	const char *open, *at;
	char *close, *end;

	if (err)
		return err;
	/* a process chooses its own name, brackets and blanks included */
	open = strchr(buf__str(text), '(');
	close = open ? strrchr(text->data, ')') : NULL;
	if (close < open)
		close = NULL;
	if (!close || close[1] != ' ' || !close[2])
		return -EINVAL;
	*close = '\0';
	text_copy(stat->comm, sizeof(stat->comm), open + 1);
	stat->state = close[2];
	at = close + 3;
	for (int i = STAT_FIRST; i < STAT_FIELDS; i++, at = end) {
		fields[i] = strtoull(at, &end, 10);
		if (end == at)
			return i > STAT_START_CODE ? fill_stat(stat, fields), 0 : -EINVAL;
	}
	fill_stat(stat, fields);
	return 0;
}

bool proc_stat__is_dead(const struct proc_stat *stat)
{
	return stat->state == 'X' || (stat->state == 'Z' && stat->threads <= 1);
}

bool proc_may_know_exit(pid_t pid)
{
	struct stat st;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return !geteuid() || (!stat(path, &st) && st.st_uid == geteuid());
}

/* A line "Name:  123 kB" of status or io. */
static bool named_number(const struct buf *text, const char *name, uint64_t *n)
{
	const char *at = buf__str(text);
	size_t length = strlen(name);

	for (; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, name, length) && at[length] == ':')
			return sscanf(at + length + 1, "%" SCNu64, n) == 1;
	}
	return false;
}

bool proc_io__read(uint64_t values[PPBPF_VALUE_NR], pid_t pid, pid_t tid, struct buf *text)
{
	return !read_one(text, pid, tid, "io") &&
	       named_number(text, "read_bytes", &values[PPBPF_READ_BYTES]) &&
	       named_number(text, "write_bytes", &values[PPBPF_WRITE_BYTES]) &&
	       named_number(text, "cancelled_write_bytes", &values[PPBPF_CANCELLED_WRITE_BYTES]);
}

int proc_thread__read(struct proc_thread *thread, uint64_t values[PPBPF_VALUE_NR], pid_t pid,
		      pid_t tid, struct buf *text)
{
	int err = read_one(text, pid, tid, "status");

	if (err)
		return err;
	named_number(text, "voluntary_ctxt_switches", &values[PPBPF_VOLUNTARY_SWITCHES]);
	named_number(text, "nonvoluntary_ctxt_switches", &values[PPBPF_INVOLUNTARY_SWITCHES]);
	if (!read_one(text, pid, tid, "schedstat"))
		sscanf(buf__str(text), "%*u %" SCNu64 " %" SCNu64, &values[PPBPF_RUN_DELAY_NS],
		       &values[PPBPF_TIMESLICES]);
	thread->io_known = proc_io__read(values, pid, tid, text);
	return 0;
}

bool proc_memory__read(uint64_t values[PPBPF_VALUE_NR], pid_t pid, struct buf *text)
{
	static const struct {
		const char *name;
		enum ppbpf_value value;
	} rows[] = {
		{ "RssAnon", PPBPF_RSS_ANON_BYTES }, { "RssFile", PPBPF_RSS_FILE_BYTES },
		{ "RssShmem", PPBPF_RSS_SHMEM_BYTES }, { "VmSwap", PPBPF_SWAP_BYTES },
		{ "VmHWM", PPBPF_PEAK_RSS_BYTES },
	};

	if (read_one(text, pid, 0, "status"))
		return false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!named_number(text, rows[i].name, &values[rows[i].value]))
			return false;
		values[rows[i].value] *= 1024;
	}
	return true;
}

/* NSpid: lists its numbers from this /proc's namespace down to its own. */
uint32_t proc_inner_pid(pid_t pid, struct buf *text)
{
	const char *at;
	uint32_t last = 0;
	int numbers = 0;

	if (read_one(text, pid, 0, "status"))
		return 0;
	at = strstr(buf__str(text), "\nNSpid:");
	for (at = at ? at + strlen("\nNSpid:") : ""; *(at += strspn(at, "\t ")) >= '0' && *at <= '9';
	     numbers++) {
		last = strtoul(at, NULL, 10);
		at += strspn(at, "0123456789");
	}
	return numbers > 1 ? last : 0;
}

bool proc_cpu_ns(pid_t pid, uint64_t *ns)
{
	struct timespec time;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time))
		return false;
	*ns = time.tv_sec * 1000000000ULL + time.tv_nsec;
	return true;
}

int proc_each(const char *folder, int (*each)(pid_t id, void *context), void *context)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = each(atoi(entry->d_name), context);
	closedir(dir);
	return err;
}

struct children {
	pid_t pid;
	struct buf *text;
	int (*each)(pid_t id, void *context);
	void *context;
};

/* A thread's children are those that it made, or inherited. */
static int children_of_thread(pid_t tid, void *context)
{
	struct children *children = context;
	int err = read_one(children->text, children->pid, tid, "children");
	const char *at = buf__str(children->text);
	char *end;
	long pid;

	if (err)
		return 0;	/* it has just gone */
	for (; !err; at = end) {
		pid = strtol(at, &end, 10);
		if (end == at)
			break;
		err = children->each(pid, children->context);
	}
	return err;
}

int proc_each_child(pid_t pid, struct buf *text, int (*each)(pid_t id, void *context),
		    void *context)
{
	struct children children = { pid, text, each, context };
	static int listed = -1;	/* whether this kernel has such files */
	char folder[64];

	if (listed < 0) {
		snprintf(folder, sizeof(folder), "/proc/self/task/%d/children", getpid());
		listed = !access(folder, R_OK);
	}
	if (!listed)
		return -ENOENT;
	snprintf(folder, sizeof(folder), "/proc/%d/task", pid);
	/* who has just gone, or is hidden, has none */
	return proc_each(folder, children_of_thread, &children) == -ENOMEM ? -ENOMEM : 0;
}
