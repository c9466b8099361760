// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/late_curl.h"
#include "base/text.h"
#include "base/units.h"

#define CONNECT_MS 1000

static bool is_local(const char *host)
{
	struct in_addr v4;

	return !strcasecmp(host, "localhost") || !strcmp(host, "::1") ||
	       (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
}

/* curl has an IPv6 address in its brackets. */
static void copy_host(struct endpoint *endpoint, const char *host)
{
	size_t length;

	text_copy(endpoint->host, sizeof(endpoint->host), host + (*host == '['));
	length = strlen(endpoint->host);
	if (*host == '[' && length && endpoint->host[length - 1] == ']')
		endpoint->host[length - 1] = '\0';
}

int endpoint__parse(struct endpoint *endpoint, const char *url, const char *option,
		    struct err *e)
{
	char *host = NULL, *port = NULL, *scheme = NULL;
	uint64_t number = 0;
	CURLU *parts;
	bool good;

	if (!late_curl())
		return err__set(e, ERR_INTERNAL, -ELIBACC, "libcurl cannot be loaded: it reads %s",
				option);
	parts = curl_url();
	*endpoint = (struct endpoint){ 0 };
	good = parts && !curl_url_set(parts, CURLUPART_URL, url, 0) &&
	       !curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) &&
	       (!strcmp(scheme, "http") || !strcmp(scheme, "https")) &&
	       !curl_url_get(parts, CURLUPART_HOST, &host, 0) && *host &&
	       !curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) &&
	       !parse_u64(port, 1, UINT16_MAX, &number);
	if (good) {
		copy_host(endpoint, host);
		endpoint->port = number;
		endpoint->local = is_local(endpoint->host);
	}
	curl_free(host);
	curl_free(port);
	curl_free(scheme);
	curl_url_cleanup(parts);
	if (good)
		return 0;
	return err__set(e, ERR_USAGE, -EINVAL, "%s takes a URL such as http://localhost:14268"
			"/api/traces: not \"%s\"", option, url);
}

static bool connects(const struct addrinfo *address)
{
	struct pollfd poll_fd = { .events = POLLOUT };
	socklen_t size = sizeof(int);
	int error = -1;

	poll_fd.fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (poll_fd.fd < 0)
		return false;
	if (!connect(poll_fd.fd, address->ai_addr, address->ai_addrlen))
		error = 0;
	else if (errno == EINPROGRESS && poll(&poll_fd, 1, CONNECT_MS) == 1)
		getsockopt(poll_fd.fd, SOL_SOCKET, SO_ERROR, &error, &size);
	close(poll_fd.fd);
	return !error;
}

bool endpoint__listens(const struct endpoint *endpoint)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	bool listens = false;
	char port[8];

	snprintf(port, sizeof(port), "%u", endpoint->port);
	if (getaddrinfo(endpoint->host, port, &hints, &found))
		return false;
	for (struct addrinfo *a = found; a && !listens; a = a->ai_next)
		listens = connects(a);
	freeaddrinfo(found);
	return listens;
}
