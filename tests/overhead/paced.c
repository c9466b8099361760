// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Asks for http://127.0.0.1:PORT/PATH on 8 kept connections, one request at a time on each,
 * at a fixed rate, or (0) as fast as they are answered:
 *
 *	paced PORT PATH COUNT REQUESTS_A_SECOND
 *
 * Prints how many seconds it took. COUNT is a multiple of 8.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <error.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 8
#define NSEC_PER_SEC 1000000000ULL

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec t = { .tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static int connect_to(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		error(1, errno, "port %d", port);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* A reply of one piece, as a small one of one server comes. */
static void ask_all(const int *fds, const char *request, size_t length)
{
	char reply[4096];

	for (int i = 0; i < CONNECTIONS; i++)
		if (write(fds[i], request, length) != (ssize_t)length)
			error(1, errno, "write");
	for (int i = 0; i < CONNECTIONS; i++)
		if (read(fds[i], reply, sizeof(reply)) <= 0)
			error(1, errno, "read");
}

int main(int argc, char **argv)
{
	uint64_t begin, rate, rounds;
	int fds[CONNECTIONS], length;
	char request[256];

	if (argc != 5)
		error(2, 0, "usage: paced PORT PATH COUNT REQUESTS_A_SECOND");
	length = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
			  argv[2]);
	rounds = strtoull(argv[3], NULL, 10) / CONNECTIONS;
	rate = strtoull(argv[4], NULL, 10);
	for (int i = 0; i < CONNECTIONS; i++)
		fds[i] = connect_to(atoi(argv[1]));
	begin = now_ns();
	for (uint64_t i = 0; i < rounds; i++) {
		if (rate)
			sleep_until(begin + i * CONNECTIONS * NSEC_PER_SEC / rate);
		ask_all(fds, request, length);
	}
	printf("%.6f\n", (now_ns() - begin) / (double)NSEC_PER_SEC);
	return 0;
}
