// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/descendants.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "base/units.h"

#define PAUSE_NS (2 * NSEC_PER_MSEC)
#define KILL_PATIENCE_MS 5000

struct relative {
	pid_t pid;
	pid_t parent;
	char state;
	bool ours;
	char comm[16];
};

struct family {
	struct relative *all;
	size_t count;
};

struct descendants {
	int was_subreaper;
	struct family before;
};

/* "12 (a (b) c) S 1 ...": the name is whatever stands between the first and the last bracket. */
static bool read_relative(const char *pid, struct relative *r)
{
	char path[64], line[512], *open, *close;
	FILE *file;
	bool good;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	file = fopen(path, "re");
	good = file && fgets(line, sizeof(line), file);
	if (file)
		fclose(file);
	open = good ? strchr(line, '(') : NULL;
	close = good ? strrchr(line, ')') : NULL;
	if (!open || !close || sscanf(close + 1, " %c %d", &r->state, &r->parent) != 2)
		return false;
	*close = '\0';
	r->pid = atoi(pid);
	r->ours = false;
	text_copy(r->comm, sizeof(r->comm), open + 1);
	return true;
}

static void read_all(struct family *family)
{
	DIR *dir = opendir("/proc");
	struct relative one, *more;
	struct dirent *entry;

	*family = (struct family){ 0 };
	while (dir && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !read_relative(entry->d_name, &one))
			continue;
		if (!(family->count & (family->count + 1))) {
			more = realloc(family->all, (2 * family->count + 2) * sizeof(*more));
			if (!more)
				break;
			family->all = more;
		}
		family->all[family->count++] = one;
	}
	if (dir)
		closedir(dir);
}

static bool was_there(const struct descendants *d, pid_t pid)
{
	for (size_t i = 0; i < d->before.count; i++)
		if (d->before.all[i].pid == pid && d->before.all[i].parent == getpid())
			return true;
	return false;
}

static bool is_child_of_ours(const struct family *family, pid_t parent)
{
	for (size_t i = 0; i < family->count; i++)
		if (family->all[i].pid == parent)
			return family->all[i].ours;
	return false;
}

/* Marks our descendants, generation after generation; the number of those that live. */
static size_t mark(const struct descendants *d, struct family *family)
{
	size_t alive = 0;
	bool grown = true;

	while (grown) {
		grown = false;
		for (size_t i = 0; i < family->count; i++) {
			struct relative *r = &family->all[i];

			if (r->ours || !(r->parent == getpid() ? !was_there(d, r->pid) :
					 is_child_of_ours(family, r->parent)))
				continue;
			r->ours = grown = true;
			alive += r->state != 'Z';
		}
	}
	return alive;
}

struct descendants *descendants__new(void)
{
	struct descendants *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	prctl(PR_GET_CHILD_SUBREAPER, &d->was_subreaper);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	read_all(&d->before);
	return d;
}

void descendants__free(struct descendants *d)
{
	if (!d)
		return;
	prctl(PR_SET_CHILD_SUBREAPER, d->was_subreaper);
	free(d->before.all);
	free(d);
}

bool descendants__any(const struct descendants *d)
{
	siginfo_t info;

	(void)d;
	return !waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
}

static void reap(const struct family *family)
{
	for (size_t i = 0; i < family->count; i++)
		if (family->all[i].ours && family->all[i].parent == getpid())
			waitpid(family->all[i].pid, NULL, WNOHANG);
}

static void signal_all(const struct family *family, int signal)
{
	for (size_t i = 0; i < family->count; i++)
		if (family->all[i].ours && family->all[i].state != 'Z')
			kill(family->all[i].pid, signal);
}

size_t descendants__signal(const struct descendants *d, int signal)
{
	struct family family;
	size_t alive;

	read_all(&family);
	alive = mark(d, &family);
	signal_all(&family, signal);
	free(family.all);
	return alive;
}

static const char *first_name(const struct family *family)
{
	for (size_t i = 0; i < family->count; i++)
		if (family->all[i].ours && family->all[i].state != 'Z')
			return family->all[i].comm;
	return "";
}

static unsigned int elapsed_ms(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

size_t descendants__end(const struct descendants *d, unsigned int patience_ms, char *name)
{
	bool asked = false, killing = false;
	size_t first = 0, alive;
	struct family family;
	struct timespec begin;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		read_all(&family);
		alive = mark(d, &family);
		if (!asked) {
			first = alive;
			text_copy(name, 16, first_name(&family));
		}
		/* stopped ones do not hear SIGTERM; SIGKILL goes to late comers, too */
		killing = elapsed_ms(&begin) >= patience_ms;
		if (alive && (killing || !asked))
			signal_all(&family, killing ? SIGKILL : SIGTERM);
		asked = true;
		reap(&family);
		free(family.all);
		if (alive)
			nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
	} while (alive && elapsed_ms(&begin) < patience_ms + KILL_PATIENCE_MS);
	return first;
}
