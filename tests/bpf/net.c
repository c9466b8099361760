// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Moves known numbers of bytes over sockets of the loopback device, each end
 * in a process of its own:
 *
 *	net
 *
 * Each end says how many bytes its own calls returned, sent and received, by
 * protocol: what an application knows that it moved.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "trigger.h"

#define BIG 1000003

static struct {
	int64_t sent;
	int64_t received;
} moved;

static char room[2 << 20];

static const size_t sizes[] = { 1, 7, 1459, 1460, 4096, 65535, 100003 };
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static ssize_t sent(ssize_t len)
{
	if (len > 0)
		moved.sent += len;
	return len;
}

static ssize_t received(ssize_t len)
{
	if (len > 0)
		moved.received += len;
	return len;
}

static ssize_t send_by(int fd, size_t len, unsigned int how)
{
	struct iovec parts[2] = {
		{ .iov_base = room, .iov_len = len / 2 },
		{ .iov_base = room, .iov_len = len - len / 2 },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	switch (how % 5) {
	case 0: return sent(write(fd, room, len));
	case 1: return sent(send(fd, room, len, 0));
	case 2: return sent(writev(fd, parts, 2));
	case 3: return sent(sendmsg(fd, &message, 0));
	default: return sent(sendto(fd, room, len, MSG_NOSIGNAL, NULL, 0));
	}
}

static ssize_t receive_by(int fd, size_t len, unsigned int how)
{
	struct iovec parts[2] = {
		{ .iov_base = room, .iov_len = len / 2 },
		{ .iov_base = room + len / 2, .iov_len = len - len / 2 },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	switch (how % 5) {
	case 0: return received(read(fd, room, len));
	case 1: return received(recv(fd, room, len, 0));
	case 2: return received(readv(fd, parts, 2));
	case 3: return received(recvmsg(fd, &message, 0));
	default: return received(recvfrom(fd, room, len, 0, NULL, NULL));
	}
}

static void send_sizes(int fd)
{
	for (unsigned int how = 0; how < 5; how++)
		for (size_t i = 0; i < SIZES; i++)
			check(send_by(fd, sizes[i], how) == (ssize_t)sizes[i]);
}

static void send_big(int fd)
{
	check(send_by(fd, BIG, 0) == BIG);
}

static void receive_all(int fd)
{
	unsigned int how = 0;

	while (receive_by(fd, 30011, how++) > 0)
		;
}

static void ask(int fd)
{
	send_sizes(fd);
	shutdown(fd, SHUT_WR);
	receive_all(fd);
}

static void answer(int fd)
{
	receive_all(fd);
	send_big(fd);
}

static void send_file(int fd)
{
	int file = open("/dev/shm", O_RDWR | O_TMPFILE, 0600);
	ssize_t len;

	check(file >= 0 && write(file, room, BIG) == BIG && !lseek(file, 0, SEEK_SET));
	while ((len = sent(sendfile(fd, file, NULL, 1 << 18))) > 0)
		;
	check(len == 0);
}

static void peek_and_receive(int fd)
{
	ssize_t len;

	do {
		for (int i = 0; i < 3; i++)
			recv(fd, room, 5000, MSG_PEEK);
		len = received(recv(fd, room, 4000, 0));
	} while (len > 0);
}

static ssize_t splice_some(int from, int to, size_t len)
{
	ssize_t moved_now = splice(from, NULL, to, NULL, len, SPLICE_F_MOVE);

	check(moved_now >= 0);
	return moved_now;
}

static void splice_receive(int fd)
{
	int null = open("/dev/null", O_WRONLY), channel[2];
	ssize_t len, left;

	check(!pipe(channel));
	while ((len = received(splice_some(fd, channel[1], 60000))) > 0)
		for (left = len; left > 0;)
			left -= splice_some(channel[0], null, (size_t)left);
}

/* The same bytes are counted once, whether read or spliced; those left over, never. */
static void splice_and_read(int fd)
{
	int channel[2];
	ssize_t len;

	check(!pipe(channel));
	for (int i = 0; i < 4; i++) {
		receive_by(fd, 5003, 1);
		recv(fd, room, 5000, MSG_PEEK);
		len = received(splice_some(fd, channel[1], 7001));
		check(read(channel[0], room, sizeof(room)) == len);
	}
	nap(0.1);
	receive_by(fd, 11, 0);
}

static void splice_send(int fd)
{
	int channel[2];

	check(!pipe(channel));
	for (int i = 0; i < 10; i++) {
		ssize_t len = 50021, now;

		check(write(channel[1], room, (size_t)len) == len);
		for (; len > 0; len -= now) {
			now = sent(splice(channel[0], NULL, fd, NULL, (size_t)len, 0));
			check(now > 0);
		}
	}
}

/* MSG_TRUNC on TCP throws the bytes away: consumed, without a copy. */
static void discard(int fd)
{
	while (received(recv(fd, NULL, 60000, MSG_TRUNC)) > 0)
		;
}

/* It stays until all is sent: closing with bytes unread resets the connection. */
static void receive_part(int fd)
{
	for (int i = 0; i < 10; i++)
		check(receive_by(fd, 997, (unsigned int)i) > 0);
	nap(0.1);
}

/* Short writes and EAGAIN: only what was taken counts. */
static void send_nonblocking(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };

	check(!fcntl(fd, F_SETFL, O_NONBLOCK));
	while (moved.sent < 4 * BIG) {
		if (sent(send(fd, room, BIG, 0)) < 0)
			check(errno == EAGAIN && poll(&ready, 1, -1) == 1);
	}
}

static void receive_nonblocking(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	ssize_t len;

	check(!fcntl(fd, F_SETFL, O_NONBLOCK));
	while ((len = received(recv(fd, room, 30011, 0)))) {
		if (len < 0)
			check(errno == EAGAIN && poll(&ready, 1, -1) == 1);
	}
}

static void send_zerocopy(int fd)
{
	int on = 1;

	check(!setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)));
	for (int i = 0; i < 5; i++)
		check(sent(send(fd, room, 100003, MSG_ZEROCOPY)) == 100003);
}

static void send_nothing(int fd)
{
	(void)fd;
}

/* Datagrams: an empty one ends the exchange, so that none is waited for in vain. */
static void send_datagrams(int fd)
{
	struct iovec parts[3] = {
		{ .iov_base = room, .iov_len = 11 },
		{ .iov_base = room, .iov_len = 1472 },
		{ .iov_base = room, .iov_len = 1473 },
	};
	struct mmsghdr messages[3] = { 0 };

	for (unsigned int how = 0; how < 5; how++) {
		check(send_by(fd, 1, how) == 1 && send_by(fd, 3001, how) == 3001);
		check(received(recv(fd, room, sizeof(room), 0)) == 4);
	}
	check(send_by(fd, 60000, 1) == 60000);
	check(received(recv(fd, room, sizeof(room), 0)) == 4);
	for (int i = 0; i < 3; i++)
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
	check(sendmmsg(fd, messages, 3, 0) == 3);
	for (int i = 0; i < 3; i++)
		sent((ssize_t)messages[i].msg_len);
	check(received(recv(fd, room, sizeof(room), 0)) == 4);
	check(send(fd, room, 0, 0) == 0);
}

static void send_one_way(int fd)
{
	for (unsigned int how = 0; how < 5; how++)
		check(send_by(fd, 3001, how) == 3001);
	check(send(fd, room, 0, 0) == 0);
}

/* Answers each datagram that does not begin a pair; reads one of them short. */
static void receive_datagrams(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	ssize_t got;

	while ((got = received(recvfrom(fd, room, 50000, 0, (struct sockaddr *)&peer, &len)))) {
		check(got > 0);
		if (got >= 1473)
			check(sent(sendto(fd, "pong", 4, 0, (struct sockaddr *)&peer, len)) == 4);
		len = sizeof(peer);
		recv(fd, room, 100, MSG_PEEK | MSG_DONTWAIT);
	}
}

enum kind { TCP, UDP, UNIX };

static const struct scene {
	const char *name;
	enum kind kind;
	int family;
	void (*client)(int fd);
	void (*server)(int fd);
} scenes[] = {
	{ "TCP, IPv4", TCP, AF_INET, ask, answer },
	{ "TCP, IPv6", TCP, AF_INET6, ask, answer },
	{ "UDP, IPv4", UDP, AF_INET, send_datagrams, receive_datagrams },
	{ "UDP, IPv6", UDP, AF_INET6, send_datagrams, receive_datagrams },
	{ "sendfile", TCP, AF_INET, send_file, receive_all },
	{ "MSG_PEEK", TCP, AF_INET, send_sizes, peek_and_receive },
	{ "splice from a socket", TCP, AF_INET, send_big, splice_receive },
	{ "splice from a socket, IPv6", TCP, AF_INET6, send_big, splice_receive },
	{ "splice and read, the rest unread", TCP, AF_INET, send_big, splice_and_read },
	{ "splice to a socket", TCP, AF_INET, splice_send, receive_all },
	{ "MSG_TRUNC", TCP, AF_INET, send_big, discard },
	{ "part of it unread", TCP, AF_INET, send_big, receive_part },
	{ "not blocking", TCP, AF_INET, send_nonblocking, receive_nonblocking },
	{ "MSG_ZEROCOPY", TCP, AF_INET, send_zerocopy, receive_all },
	{ "only a connection", TCP, AF_INET, send_nothing, receive_all },
	{ "Unix stream", UNIX, SOCK_STREAM, ask, answer },
	{ "Unix datagrams", UNIX, SOCK_DGRAM, send_one_way, receive_all },
};

static int bound_socket(const struct scene *scene, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	socklen_t len = sizeof(*address);
	int fd = socket(scene->family, scene->kind == TCP ? SOCK_STREAM : SOCK_DGRAM, 0);

	memset(address, 0, sizeof(*address));
	address->ss_family = (sa_family_t)scene->family;
	if (scene->family == AF_INET)
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		v6->sin6_addr = in6addr_loopback;
	check(fd >= 0 && !bind(fd, (struct sockaddr *)address, len));
	check(!getsockname(fd, (struct sockaddr *)address, &len));
	if (scene->kind == TCP)
		check(!listen(fd, 1));
	return fd;
}

static void say_moved(const struct scene *scene, const char *end)
{
	static const char *const kinds[] = { "tcp", "udp", "unix" };

	say("{\"what\": \"net\", \"name\": \"%s\", \"end\": \"%s\", \"kind\": \"%s\", "
	    "\"pid\": %d, \"sent\": %" PRId64 ", \"received\": %" PRId64 "}",
	    scene->name, end, kinds[scene->kind], getpid(), moved.sent, moved.received);
}

static void be_client(const struct scene *scene, int fd, struct sockaddr_storage *address)
{
	if (scene->kind != UNIX) {
		fd = socket(scene->family, scene->kind == TCP ? SOCK_STREAM : SOCK_DGRAM, 0);
		check(!connect(fd, (struct sockaddr *)address, sizeof(*address)));
	}
	scene->client(fd);
	close(fd);
	say_moved(scene, "client");
	_exit(0);
}

static void be_server(const struct scene *scene, int fd)
{
	if (scene->kind == TCP)
		fd = accept(fd, NULL, NULL);
	check(fd >= 0);
	scene->server(fd);
	close(fd);
	say_moved(scene, "server");
	_exit(0);
}

static void play(const struct scene *scene)
{
	struct sockaddr_storage address;
	int ends[2] = { -1, -1 };
	pid_t client, server;

	if (scene->kind == UNIX)
		check(!socketpair(AF_UNIX, scene->family, 0, ends));
	else
		ends[1] = bound_socket(scene, &address);
	client = fork();
	check(client >= 0);
	if (!client) {
		close(ends[1]);
		be_client(scene, ends[0], &address);
	}
	server = fork();
	check(server >= 0);
	if (!server) {
		close(ends[0]);
		be_server(scene, ends[1]);
	}
	close(ends[0]);
	close(ends[1]);
	check(!reap(client, NULL));
	check(!reap(server, NULL));
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		play(&scenes[i]);
	return 0;
}
