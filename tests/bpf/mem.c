// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Uses memory in known ways:
 *
 *	mem hold MB		touches MB of each kind and stays until it is killed
 *	mem peak MB [SECONDS]	touches MB, frees them, lives on for 1 s or more
 *	mem exec MB		touches MB, then two children exec a small program
 *	mem faults PAGES	touches PAGES one by one
 */
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "trigger.h"

#define PAGE 4096

extern char **environ;

static char *touch(size_t bytes, int flags)
{
	char *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	check(map != MAP_FAILED);
	for (size_t at = 0; at < bytes; at += PAGE)
		map[at] = 'x';
	return map;
}

static int cmd_hold(size_t amount)
{
	/* pages that two processes have count half in each one's PSS */
	touch(amount, MAP_PRIVATE);
	touch(amount / 2, MAP_SHARED);
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		nap(30);
		_exit(0);
	}
	say("{\"what\": \"hold\", \"pid\": %d}", getpid());
	nap(30);
	return 0;
}

static int cmd_peak(size_t amount, double seconds)
{
	int64_t before = figure("/proc/self/status", "VmRSS:");
	char *map = touch(amount, MAP_PRIVATE);

	nap(0.01);
	munmap(map, amount);
	nap(seconds);
	say("{\"what\": \"peak\", \"pid\": %d, \"before_kb\": %" PRId64 ", \"peak_kb\": %" PRId64
	    ", \"after_kb\": %" PRId64 "}",
	    getpid(), before, figure("/proc/self/status", "VmHWM:"),
	    figure("/proc/self/status", "VmRSS:"));
	return 0;
}

static int cmd_exec(size_t amount)
{
	char *argv[] = { "true", NULL };
	pid_t spawned, forked;

	touch(amount, MAP_PRIVATE);
	check(!posix_spawn(&spawned, "/bin/true", NULL, NULL, argv, environ));
	reap(spawned, NULL);
	forked = fork();
	check(forked >= 0);
	if (!forked) {
		execv("/bin/true", argv);
		_exit(127);
	}
	reap(forked, NULL);
	say("{\"what\": \"exec\", \"pid\": %d, \"spawned\": %d, \"forked\": %d}", getpid(), spawned,
	    forked);
	return 0;
}

static int cmd_faults(size_t pages)
{
	struct rusage usage;
	pid_t pid = fork();

	check(pid >= 0);
	if (!pid) {
		char *map = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		check(map != MAP_FAILED && !madvise(map, pages * PAGE, MADV_NOHUGEPAGE));
		for (size_t i = 0; i < pages; i++)
			map[i * PAGE] = 'x';
		_exit(0);
	}
	reap(pid, &usage);
	say("{\"what\": \"faults\", \"pid\": %d, \"minor\": %ld, \"major\": %ld}", pid,
	    usage.ru_minflt, usage.ru_majflt);
	return 0;
}

int main(int argc, char **argv)
{
	size_t amount = argc >= 3 ? (size_t)atol(argv[2]) : 0;
	const char *command = argc >= 3 ? argv[1] : "";

	if (!strcmp(command, "hold"))
		return cmd_hold(amount << 20);
	if (!strcmp(command, "peak"))
		return cmd_peak(amount << 20, argc > 3 ? atof(argv[3]) : 1);
	if (!strcmp(command, "exec"))
		return cmd_exec(amount << 20);
	if (!strcmp(command, "faults"))
		return cmd_faults(amount);
	fprintf(stderr, "usage: see the head of mem.c\n");
	return 2;
}
