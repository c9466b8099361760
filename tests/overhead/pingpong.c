/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Ping-pong between two processes, over a pipe, TCP and Unix sockets: what a
 * round trip costs in CPU time, of both ends together. One process serves all
 * conditions of a comparison, so that they share its memory layout.
 *
 *	pingpong CPU OTHER_CPU
 *
 * reads lines "KIND TRIPS" and answers each with "cpu_ns wall_ns", sums over
 * the trips. The parent runs on CPU; so does the other end, but for the kinds
 * with a 2 in their name. Those named poll keep idle CPUs polling meanwhile: a
 * wakeup then needs no interrupt, whose price in a virtual machine is the
 * hypervisor's and varies by half.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_BYTES 64

/* The file descriptors of one end; a socket is both. */
struct end {
	int in;
	int out;
};

struct channel {
	const char *name;
	int (*open)(struct end *parent, struct end *child);
	bool other_cpu;		/* the child runs on the other CPU */
	bool poll_idle;
	bool alone;		/* no child: the parent holds both ends, no switch */
	struct end parent;
	struct end child;
	clockid_t child_clock;
};

static int open_pipes(struct end *parent, struct end *child)
{
	int there[2], back[2];

	if (pipe(there) || pipe(back))
		return -errno;
	*parent = (struct end){ .in = back[0], .out = there[1] };
	*child = (struct end){ .in = there[0], .out = back[1] };
	return 0;
}

static int open_unix(struct end *parent, struct end *child)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return -errno;
	*parent = (struct end){ .in = pair[0], .out = pair[0] };
	*child = (struct end){ .in = pair[1], .out = pair[1] };
	return 0;
}

static int open_tcp(struct end *parent, struct end *child)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);
	int listener, client, server, one = 1;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	client = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || client < 0)
		return -errno;
	if (bind(listener, (struct sockaddr *)&address, len) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &len) ||
	    connect(client, (struct sockaddr *)&address, len))
		return -errno;
	server = accept(listener, NULL, NULL);
	if (server < 0)
		return -errno;
	close(listener);
	if (setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
	    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		return -errno;
	*parent = (struct end){ .in = client, .out = client };
	*child = (struct end){ .in = server, .out = server };
	return 0;
}

static struct channel channels[] = {
	{ .name = "pipe1", .open = open_pipes },
	{ .name = "pipe2", .open = open_pipes, .other_cpu = true },
	{ .name = "pipe2poll", .open = open_pipes, .other_cpu = true, .poll_idle = true },
	{ .name = "tcp1", .open = open_tcp },
	{ .name = "tcp0", .open = open_tcp, .alone = true },
	{ .name = "tcp2poll", .open = open_tcp, .other_cpu = true, .poll_idle = true },
	{ .name = "unix1", .open = open_unix },
	{ .name = "unix0", .open = open_unix, .alone = true },
	{ .name = NULL },
};

static bool send_message(int fd, const char *message)
{
	return write(fd, message, MESSAGE_BYTES) == MESSAGE_BYTES;
}

static bool receive_message(int fd, char *message)
{
	size_t got = 0;

	while (got < MESSAGE_BYTES) {
		ssize_t n = read(fd, message + got, MESSAGE_BYTES - got);

		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

static int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

static void echo(const struct channel *channel, int cpu)
{
	char message[MESSAGE_BYTES];

	/* the pipe's write end is held here as well: no end of file would come */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pin(cpu))
		_exit(1);
	while (receive_message(channel->child.in, message)) {
		if (!send_message(channel->child.out, message))
			break;
	}
	_exit(0);
}

static int start(struct channel *channel, int cpu, int other_cpu)
{
	pid_t pid;
	int err;

	err = channel->open(&channel->parent, &channel->child);
	if (err || channel->alone)
		return err;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		echo(channel, channel->other_cpu ? other_cpu : cpu);
	return -clock_getcpuclockid(pid, &channel->child_clock);
}

static long long now(clockid_t clock)
{
	struct timespec t = { 0 };

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long cpu_of_both(const struct channel *channel)
{
	long long ns = now(CLOCK_PROCESS_CPUTIME_ID);

	return channel->alone ? ns : ns + now(channel->child_clock);
}

static bool round_trip(const struct channel *channel, char *message)
{
	if (!send_message(channel->parent.out, message))
		return false;
	if (channel->alone && (!receive_message(channel->child.in, message) ||
			       !send_message(channel->child.out, message)))
		return false;
	return receive_message(channel->parent.in, message);
}

/* Held open, it keeps idle CPUs from anything that takes time to leave. */
static int poll_idle_begin(void)
{
	const int32_t latency_us = 0;
	int fd = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, &latency_us, sizeof(latency_us)) != sizeof(latency_us)) {
		close(fd);
		return -EIO;
	}
	return fd;
}

static int run(const struct channel *channel, long trips)
{
	char message[MESSAGE_BYTES] = { 0 };
	long long cpu = cpu_of_both(channel);
	long long wall = now(CLOCK_MONOTONIC);

	for (long i = 0; i < trips; i++) {
		if (!round_trip(channel, message))
			return -EIO;
	}
	wall = now(CLOCK_MONOTONIC) - wall;
	cpu = cpu_of_both(channel) - cpu;
	printf("%lld %lld\n", cpu, wall);
	return fflush(stdout) ? -errno : 0;
}

static int serve(const char *line)
{
	const struct channel *channel = channels;
	int latency_fd = -1, err;
	char name[16];
	long trips;

	if (sscanf(line, "%15s %ld", name, &trips) != 2)
		return -EINVAL;
	while (channel->name && strcmp(channel->name, name))
		channel++;
	if (!channel->name)
		return -ENOENT;
	if (channel->poll_idle) {
		latency_fd = poll_idle_begin();
		if (latency_fd < 0)
			return latency_fd;
	}
	err = run(channel, trips);
	if (latency_fd >= 0)
		close(latency_fd);
	return err;
}

int main(int argc, char **argv)
{
	struct channel *channel;
	char line[64];
	int err = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: pingpong CPU OTHER_CPU\n");
		return 2;
	}
	for (channel = channels; channel->name && !err; channel++)
		err = start(channel, atoi(argv[1]), atoi(argv[2]));
	if (!err)
		err = pin(atoi(argv[1]));
	while (!err && fgets(line, sizeof(line), stdin))
		err = serve(line);
	if (err)
		fprintf(stderr, "pingpong: %s\n", strerror(-err));
	return err ? 4 : 0;
}
