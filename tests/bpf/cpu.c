// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Uses the CPU in known ways:
 *
 *	cpu burn SECONDS [CPU]		spins for a wall time; its own getrusage
 *	cpu kernel SECONDS		the same, nearly all of it in the kernel
 *	cpu child SECONDS [CPU]		a child burns; the rusage that wait4 gives
 *	cpu threads N MS		a child's N threads burn and end before it
 *	cpu leader MS			the main thread ends first, another burns on
 *	cpu rival SECONDS CPU PID	a child burns beside PID on one CPU; what PID took
 *	cpu spin CPU			spins until it is killed
 *	cpu switch N			N ping-pongs over pipes with a child
 */
#include <pthread.h>
#include <signal.h>

#include "trigger.h"

static void say_self(const char *what, const struct stretch *life)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	say("{\"what\": \"%s\", \"pid\": %d, \"wall_ns\": %" PRId64 ", \"cpu_ns\": %" PRId64
	    ", \"user_ns\": %" PRId64 ", \"kernel_ns\": %" PRId64 ", \"delay_ns\": %" PRId64 "}",
	    what, getpid(), life->wall, rusage_ns(&usage), timeval_ns(usage.ru_utime),
	    timeval_ns(usage.ru_stime), life->delay);
}

static int cmd_burn(char **argv)
{
	struct stretch life = stretch_begin();

	if (argv[1])
		pin(atoi(argv[1]));
	spin_until(wall_ns() + (int64_t)(atof(argv[0]) * 1e9));
	stretch_end(&life);
	say_self("burn", &life);
	return 0;
}

static int cmd_kernel(char **argv)
{
	int64_t deadline = wall_ns() + (int64_t)(atof(argv[0]) * 1e9);
	struct stretch life = stretch_begin();
	int fd = open("/dev/zero", O_RDONLY);
	static char room[1 << 20];

	while (wall_ns() < deadline)
		check(read(fd, room, sizeof(room)) == sizeof(room));
	stretch_end(&life);
	say_self("kernel", &life);
	return 0;
}

static int cmd_child(char **argv)
{
	struct schedstat stat;
	struct rusage usage;
	pid_t pid = fork();

	check(pid >= 0);
	if (!pid) {
		if (argv[1])
			pin(atoi(argv[1]));
		spin_until(wall_ns() + (int64_t)(atof(argv[0]) * 1e9));
		_exit(0);
	}
	stat = settle(pid);
	reap(pid, &usage);
	say("{\"what\": \"child\", \"pid\": %d, \"rusage_ns\": %" PRId64 ", \"cpu_ns\": %" PRId64
	    ", \"delay_ns\": %" PRId64 ", \"minor_faults\": %ld, \"major_faults\": %ld}",
	    pid, rusage_ns(&usage), stat.cpu, stat.delay, usage.ru_minflt, usage.ru_majflt);
	return 0;
}

static void *burn_ms(void *ms)
{
	int64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + (intptr_t)ms * 1000000;

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end)
		;
	return NULL;
}

/* The threads are all alive at once: each waits for the last to have started. */
static pthread_barrier_t all_started;

static void *burn_together(void *ms)
{
	pthread_barrier_wait(&all_started);
	return burn_ms(ms);
}

static void be_threads(int count, int ms)
{
	pthread_t threads[count];
	struct rusage usage;

	pthread_barrier_init(&all_started, NULL, (unsigned int)count);
	for (int i = 0; i < count; i++)
		check(!pthread_create(&threads[i], NULL, burn_together, (void *)(intptr_t)ms));
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	nap(0.1);
	getrusage(RUSAGE_SELF, &usage);
	say("{\"what\": \"threads\", \"pid\": %d, \"cpu_ns\": %" PRId64
	    ", \"voluntary\": %ld, \"involuntary\": %ld}",
	    getpid(), rusage_ns(&usage), usage.ru_nvcsw, usage.ru_nivcsw);
	_exit(0);
}

/* In a child, whose whole life is measured: COMMAND itself switches before it is released. */
static int cmd_threads(char **argv)
{
	pid_t pid = fork();

	check(pid >= 0);
	if (!pid)
		be_threads(atoi(argv[0]), atoi(argv[1]));
	return reap(pid, NULL);
}

static void *outlive_leader(void *ms)
{
	struct rusage usage;

	nap(0.2);
	burn_ms(ms);
	getrusage(RUSAGE_SELF, &usage);
	say("{\"what\": \"leader\", \"pid\": %d, \"cpu_ns\": %" PRId64 "}", getpid(),
	    rusage_ns(&usage));
	_exit(5);
}

static int cmd_leader(char **argv)
{
	pthread_t thread;

	check(!pthread_create(&thread, NULL, outlive_leader, (void *)(intptr_t)atoi(argv[0])));
	pthread_exit(NULL);
}

struct shares {
	int64_t wall;
	int64_t rival;
};

static struct shares burn_beside(pid_t rival, int cpu, double seconds)
{
	struct schedstat before, after;
	int64_t begin;

	pin(cpu);
	before = schedstat_of(rival);
	begin = wall_ns();
	spin_until(begin + (int64_t)(seconds * 1e9));
	after = schedstat_of(rival);
	return (struct shares){ wall_ns() - begin, after.cpu - before.cpu };
}

static int cmd_rival(char **argv)
{
	struct schedstat stat;
	struct shares shares;
	int channel[2];
	pid_t pid;

	check(!pipe(channel));
	pid = fork();
	check(pid >= 0);
	if (!pid) {
		shares = burn_beside(atoi(argv[2]), atoi(argv[1]), atof(argv[0]));
		check(write(channel[1], &shares, sizeof(shares)) == sizeof(shares));
		_exit(0);
	}
	check(read(channel[0], &shares, sizeof(shares)) == sizeof(shares));
	stat = settle(pid);
	reap(pid, NULL);
	say("{\"what\": \"rival\", \"pid\": %d, \"wall_ns\": %" PRId64 ", \"cpu_ns\": %" PRId64
	    ", \"delay_ns\": %" PRId64 ", \"rival_cpu_ns\": %" PRId64 "}",
	    pid, shares.wall, stat.cpu, stat.delay, shares.rival);
	return 0;
}

static int cmd_spin(char **argv)
{
	pin(atoi(argv[0]));
	say("{\"what\": \"spin\", \"pid\": %d}", getpid());
	spin_until(INT64_MAX);
	return 0;
}

static int cmd_switch(char **argv)
{
	int there[2], back[2], trips = atoi(argv[0]);
	struct rusage usage;
	char path[64], byte = 0;
	pid_t pid;

	check(!pipe(there) && !pipe(back));
	pid = fork();
	check(pid >= 0);
	if (!pid) {
		while (trips--)
			check(read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1);
		_exit(0);
	}
	for (int i = 0; i < trips; i++)
		check(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1);
	settle(pid);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	say("{\"what\": \"switch\", \"pid\": %d, \"voluntary\": %" PRId64
	    ", \"involuntary\": %" PRId64 "}",
	    pid, figure(path, "voluntary_ctxt_switches:"),
	    figure(path, "nonvoluntary_ctxt_switches:"));
	reap(pid, &usage);
	return 0;
}

static const struct {
	const char *name;
	int least;
	int (*run)(char **argv);
} commands[] = {
	{ "burn", 1, cmd_burn },
	{ "kernel", 1, cmd_kernel },
	{ "child", 1, cmd_child },
	{ "threads", 2, cmd_threads },
	{ "leader", 1, cmd_leader },
	{ "rival", 3, cmd_rival },
	{ "spin", 1, cmd_spin },
	{ "switch", 1, cmd_switch },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name) && argc - 2 >= commands[i].least)
			return commands[i].run(argv + 2);
	fprintf(stderr, "usage: see the head of cpu.c\n");
	return 2;
}
