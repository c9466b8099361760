// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Processes that come and go in known ways:
 *
 *	life spawn N		N runs of /bin/true, and the sum of what wait4 says
 *	life exact N		N children; the scheduler's figures for each of them
 *	life storm N		N forks that exit at once, as fast as they go
 *	life endings		children that end in every way
 *	life tree		a child, an orphan, a daemon, and their children
 *	life exec		programs that become others, from a thread as well
 *	life reuse		two processes, one after the other, with one pid
 *	life outlive SECONDS	ends at once, leaving a child that lives on
 */
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>

#include "trigger.h"

extern char **environ;

static pid_t spawn_true(void)
{
	char *argv[] = { "true", NULL };
	pid_t pid;

	check(!posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ));
	return pid;
}

static void burn_ms(int ms)
{
	int64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + ms * 1000000LL;

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end)
		;
}

static int cmd_spawn(int count)
{
	int64_t sum = 0, cut = 0;
	struct rusage usage;

	for (int i = 0; i < count; i++) {
		check(reap(spawn_true(), &usage) == 0);
		sum += rusage_ns(&usage);
		/* each of two figures is cut to whole microseconds: half of one is lost */
		cut += 500 * !!timeval_ns(usage.ru_utime) + 500 * !!timeval_ns(usage.ru_stime);
	}
	say("{\"what\": \"spawn\", \"count\": %d, \"rusage_ns\": %" PRId64 ", \"cut_ns\": %" PRId64
	    "}",
	    count, sum, cut);
	return 0;
}

static int cmd_exact(int count)
{
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();
		struct schedstat stat;
		struct rusage usage;
		char path[64];

		check(pid >= 0);
		if (!pid) {
			burn_ms(i % 4);
			nap(i % 3 * 0.001);
			_exit(0);
		}
		snprintf(path, sizeof(path), "/proc/%d/status", pid);
		stat = settle(pid);
		say("{\"what\": \"exact\", \"pid\": %d, \"cpu_ns\": %" PRId64
		    ", \"delay_ns\": %" PRId64 ", \"voluntary\": %" PRId64
		    ", \"involuntary\": %" PRId64 "}",
		    pid, stat.cpu, stat.delay, figure(path, "voluntary_ctxt_switches:"),
		    figure(path, "nonvoluntary_ctxt_switches:"));
		reap(pid, &usage);
	}
	return 0;
}

static int cmd_storm(int count)
{
	int64_t begin = wall_ns();
	int alive = 0;

	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		check(pid >= 0);
		if (!pid)
			_exit(0);
		alive++;
		while (waitpid(-1, NULL, alive > 100 ? 0 : WNOHANG) > 0)
			alive--;
	}
	while (alive-- > 0)
		check(waitpid(-1, NULL, 0) > 0);
	say("{\"what\": \"storm\", \"count\": %d, \"wall_ns\": %" PRId64 "}", count,
	    wall_ns() - begin);
	return 0;
}

static int cmd_endings(int unused)
{
	static const int statuses[] = { 0, 1, 7, 127, 255 };
	static const int signals[] = { SIGKILL, SIGTERM, SIGSEGV, SIGABRT, SIGHUP };

	(void)unused;
	for (size_t i = 0; i < 10; i++) {
		bool by_signal = i >= 5;
		struct rlimit no_core = { 0 };
		int64_t begin = wall_ns();
		pid_t pid = fork();

		check(pid >= 0);
		if (!pid) {
			setrlimit(RLIMIT_CORE, &no_core);
			nap(0.02);
			if (!by_signal)
				_exit(statuses[i]);
			kill(getpid(), signals[i - 5]);
			nap(1);
		}
		reap(pid, NULL);
		say("{\"what\": \"ending\", \"pid\": %d, \"status\": %d, \"signal\": %d, "
		    "\"lived_ns\": %" PRId64 "}",
		    pid, by_signal ? 0 : statuses[i], by_signal ? signals[i - 5] : 0,
		    wall_ns() - begin);
	}
	return 0;
}

static void say_who(const char *role, pid_t parent)
{
	say("{\"what\": \"who\", \"role\": \"%s\", \"pid\": %d, \"ppid\": %d}", role, getpid(),
	    parent);
}

/* Its parent is gone before long: it must be told who that was. */
static void be_orphan(pid_t parent)
{
	pid_t me = getpid();

	prctl(PR_SET_NAME, "ppb-orphan");
	say_who("orphan", parent);
	if (!fork()) {
		say_who("child of the orphan", me);
		burn_ms(20);
		_exit(0);
	}
	check(wait(NULL) > 0);
	burn_ms(10);
	_exit(0);
}

static void be_daemon(pid_t parent)
{
	pid_t me = getpid();

	setsid();
	prctl(PR_SET_NAME, "ppb-daemon");
	if (!fork())
		be_orphan(me);
	say_who("daemon", parent);
	_exit(0);
}

static int cmd_tree(int unused)
{
	pid_t me = getpid(), pid;
	int ends[2];
	char byte;

	(void)unused;
	check(!pipe(ends));
	pid = fork();
	check(pid >= 0);
	if (!pid)
		be_daemon(me);
	close(ends[1]);
	reap(pid, NULL);
	say_who("root", getppid());
	/* until all have closed it; and then their last switch is still to come */
	check(read(ends[0], &byte, 1) == 0);
	nap(0.3);
	return 0;
}

static void *exec_in_thread(void *argv)
{
	nap(0.02);
	execv("/bin/sleep", argv);
	die("execv");
}

static int cmd_exec(int unused)
{
	char *argv[] = { "sleep", "0.1", NULL };
	struct rusage usage;
	pthread_t thread;
	pid_t pid;

	(void)unused;
	for (int threaded = 0; threaded < 2; threaded++) {
		pid = fork();
		check(pid >= 0);
		if (!pid) {
			burn_ms(50);
			if (!threaded)
				execv("/bin/sleep", argv);
			check(!pthread_create(&thread, NULL, exec_in_thread, argv));
			nap(1);
			_exit(1);
		}
		settle(pid);
		check(reap(pid, &usage) == 0);
		say("{\"what\": \"exec\", \"pid\": %d, \"threaded\": %d, "
		    "\"rusage_ns\": %" PRId64 "}",
		    pid, threaded, rusage_ns(&usage));
	}
	return 0;
}

/* A process with a pid of our choice, in the namespace that we are in. */
static pid_t fork_as(pid_t pid)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uint64_t)(uintptr_t)&pid,
		.set_tid_size = 1,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static int cmd_reuse(int unused)
{
	pid_t wanted = 0;

	(void)unused;
	for (int i = 0; i < 2; i++) {
		struct schedstat stat;
		pid_t pid;

		for (pid_t try = 30000; !wanted && try < 32000; try++)
			if (kill(try, 0) < 0 && errno == ESRCH)
				wanted = try;
		pid = fork_as(wanted);
		if (pid < 0)
			die("clone3 with pid %d", wanted);
		if (!pid) {
			burn_ms(i ? 80 : 30);
			_exit(i ? 4 : 3);
		}
		stat = settle(pid);
		reap(pid, NULL);
		say("{\"what\": \"reuse\", \"pid\": %d, \"status\": %d, \"cpu_ns\": %" PRId64 "}",
		    pid, i ? 4 : 3, stat.cpu);
	}
	return 0;
}

static int cmd_outlive(int seconds)
{
	int burnt[2];
	char byte;
	pid_t pid;

	check(!pipe(burnt));
	pid = fork();
	check(pid >= 0);
	if (!pid) {
		/* whoever reads our output must not wait for this one to end */
		close(1);
		close(2);
		burn_ms(50);
		check(write(burnt[1], "", 1) == 1);
		nap(seconds);
		_exit(0);
	}
	check(read(burnt[0], &byte, 1) == 1);
	nap(0.1);
	say("{\"what\": \"outlive\", \"pid\": %d, \"parent\": %d}", pid, getpid());
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int number);
} commands[] = {
	{ "spawn", cmd_spawn },
	{ "exact", cmd_exact },
	{ "storm", cmd_storm },
	{ "endings", cmd_endings },
	{ "tree", cmd_tree },
	{ "exec", cmd_exec },
	{ "reuse", cmd_reuse },
	{ "outlive", cmd_outlive },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc > 2 ? atoi(argv[2]) : 0);
	fprintf(stderr, "usage: see the head of life.c\n");
	return 2;
}
