// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/service.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/text.h"
#include "collect/place.h"

#define PROC_FILE_MAX (1 << 20)

struct service {
	char *name;
	char *comm;
	char *unit;
	char *container;
	pid_t *named;
	size_t named_count;
	uint16_t ports[PPBPF_TRACED_PORTS + 1];
	bool children;
	bool by_name;		/* nothing but the name was given */
	bool by_comm;		/* and it is only met as a process's name */
	pid_t *found;
	size_t found_count, found_capacity;
	struct hash *parents;	/* pid -> ppid + 1 */
	struct hash *chosen;	/* pid -> itself */
	struct hash *listeners;	/* inode of a socket, and of its network -> itself */
	bool hidden;		/* some processes' sockets we may not know of */
};

/* --- one process --------------------------------------------------------------------------- */

static int read_proc(struct buf *out, pid_t pid, const char *file)
{
	char path[64];

	buf__truncate(out, 0);
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return read_file(path, PROC_FILE_MAX, out, NULL);
}

static bool comm_fits(pid_t pid, const char *pattern)
{
	struct buf text = BUF_INIT;
	bool fits = false;

	if (!read_proc(&text, pid, "comm") && text.length) {
		text.data[strcspn(text.data, "\n")] = '\0';
		fits = text_glob(pattern, text.data);
	}
	buf__free(&text);
	return fits;
}

/* "service.name=shop" among attributes that commas part. */
static bool attributes_name(const char *attributes, const char *name)
{
	static const char key[] = "service.name=";
	size_t length = strlen(name);

	for (const char *at = attributes; at; at = strchr(at, ',')) {
		at += *at == ',';
		at += strspn(at, " ");
		if (!strncmp(at, key, sizeof(key) - 1) &&
		    !strncmp(at + sizeof(key) - 1, name, length) &&
		    strchr(", ", at[sizeof(key) - 1 + length]))
			return true;
	}
	return false;
}

static bool environment_fits(pid_t pid, const char *name)
{
	static const char key[] = "OTEL_SERVICE_NAME=", more[] = "OTEL_RESOURCE_ATTRIBUTES=";
	struct buf text = BUF_INIT;
	bool fits = false;

	if (!read_proc(&text, pid, "environ"))
		for (size_t at = 0; at < text.length && !fits; at += strlen(text.data + at) + 1) {
			const char *variable = text.data + at;

			if (!strncmp(variable, key, sizeof(key) - 1))
				fits = !strcmp(variable + sizeof(key) - 1, name);
			else if (!strncmp(variable, more, sizeof(more) - 1))
				fits = attributes_name(variable + sizeof(more) - 1, name);
		}
	buf__free(&text);
	return fits;
}

bool service__has(struct service *s, pid_t pid)
{
	if (pid == getpid())
		return false;
	if (s->comm && comm_fits(pid, s->comm))
		return true;
	if (place__has(pid, s->unit, s->container))
		return true;
	if (!s->by_name)
		return false;
	return environment_fits(pid, s->name) || place__has(pid, s->name, s->name) ||
	       (s->by_comm && comm_fits(pid, s->name));
}

/* --- who listens ----------------------------------------------------------------------------- */

static bool is_port(const struct service *s, unsigned int port)
{
	for (const uint16_t *p = s->ports; *p; p++)
		if (*p == port)
			return true;
	return false;
}

#define STATE_LISTEN 0x0a

/*
 * Lines of /proc/PID/net/tcp: "sl local:port remote:port state ... inode". The kernel puts
 * those who listen first, and makes up the rest only when it is read.
 */
static int add_listeners(struct service *s, FILE *table, uint64_t network)
{
	unsigned int port, state;
	size_t capacity = 0;
	char *line = NULL;
	uint64_t inode;
	int err = 0;

	if (getline(&line, &capacity, table) < 0)	/* names of the columns */
		err = -ENODATA;
	while (!err && getline(&line, &capacity, table) >= 0) {
		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*d %*d %" SCNu64,
			   &port, &state, &inode) != 3)
			continue;
		if (state != STATE_LISTEN)
			break;
		if (is_port(s, port))
			err = hash__set(s->listeners, inode, network, s);
	}
	free(line);
	return err == -ENODATA ? 0 : err;
}

static uint64_t network_of(pid_t pid)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return stat(path, &st) ? 0 : st.st_ino;
}

/* Each network once: who has looked at it is remembered beside its sockets. */
static int read_network(struct service *s, pid_t pid, uint64_t network)
{
	static const char *const tables[] = { "net/tcp", "net/tcp6" };
	char path[64];
	FILE *table;
	int err;

	if (!network || hash__get(s->listeners, 0, network))
		return 0;
	err = hash__set(s->listeners, 0, network, s);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && !err; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, tables[i]);
		table = fopen(path, "re");
		if (!table)
			continue;
		err = add_listeners(s, table, network);
		fclose(table);
	}
	return err;
}

static bool has_listener(struct service *s, pid_t pid, uint64_t network)
{
	struct dirent *entry;
	char path[64], target[64];
	bool found = false;
	uint64_t inode;
	ssize_t length;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	folder = opendir(path);
	s->hidden |= !folder && errno == EACCES;
	while (folder && !found && (entry = readdir(folder))) {
		length = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);
		if (length <= 0)
			continue;
		target[length] = '\0';
		if (sscanf(target, "socket:[%" SCNu64 "]", &inode) == 1 && inode)
			found = hash__get(s->listeners, inode, network) != NULL;
	}
	if (folder)
		closedir(folder);
	return found;
}

/* --- all processes --------------------------------------------------------------------------- */

static int choose(struct service *s, pid_t pid)
{
	size_t capacity = s->found_capacity ? 2 * s->found_capacity : 64;
	pid_t *more;

	if (hash__get(s->chosen, pid, 0))
		return 0;
	if (s->found_count == s->found_capacity) {
		more = realloc(s->found, capacity * sizeof(*more));
		if (!more)
			return -ENOMEM;
		s->found = more;
		s->found_capacity = capacity;
	}
	s->found[s->found_count++] = pid;
	return hash__set(s->chosen, pid, 0, s);
}

static pid_t parent_of(pid_t pid)
{
	struct buf text = BUF_INIT;
	const char *end;
	pid_t parent = 0;

	/* a process's name may hold whatever it likes, but not the last ')' */
	if (!read_proc(&text, pid, "stat")) {
		end = strrchr(buf__str(&text), ')');
		if (end && sscanf(end + 1, " %*c %d", &parent) != 1)
			parent = 0;
	}
	buf__free(&text);
	return parent;
}

typedef int (*process_fn)(struct service *s, pid_t pid);

static int each_process(struct service *s, process_fn visit)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	if (!proc)
		return -errno;
	while (!err && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = visit(s, atoi(entry->d_name));
	closedir(proc);
	return err;
}

static int look(struct service *s, pid_t pid)
{
	uint64_t network;
	int err = 0;

	if (s->children)
		err = hash__set(s->parents, pid, 0, (void *)(uintptr_t)(parent_of(pid) + 1));
	if (!err && service__has(s, pid))
		err = choose(s, pid);
	if (err || !s->ports[0] || pid == getpid())
		return err;
	errno = 0;
	network = network_of(pid);
	s->hidden |= !network && (errno == EACCES || errno == EPERM);
	err = read_network(s, pid, network);
	if (!err && has_listener(s, pid, network))
		err = choose(s, pid);
	return err;
}

static int choose_descendants(struct service *s)
{
	struct hash_entry entry;
	size_t before, cursor;
	int err = 0;

	do {
		before = s->found_count;
		cursor = 0;
		while (!err && hash__next(s->parents, &cursor, &entry))
			if (hash__get(s->chosen, (uintptr_t)entry.value - 1, 0) &&
			    (pid_t)entry.a != getpid())
				err = choose(s, entry.a);
	} while (!err && s->found_count != before);
	return err;
}

static int start_scan(struct service *s)
{
	hash__free(s->parents);
	hash__free(s->chosen);
	hash__free(s->listeners);
	s->parents = hash__new();
	s->chosen = hash__new();
	s->listeners = hash__new();
	s->found_count = 0;
	return s->parents && s->chosen && s->listeners ? 0 : -ENOMEM;
}

int service__scan(struct service *s, const pid_t **pids)
{
	int err = start_scan(s);

	for (size_t i = 0; i < s->named_count && !err; i++)
		err = choose(s, s->named[i]);
	if (!err)
		err = each_process(s, look);
	if (!err && s->by_name && !s->found_count && !s->by_comm) {
		s->by_comm = true;
		err = each_process(s, look);
		/* nobody yet: whoever comes may still be it in one of the better ways */
		s->by_comm = s->found_count > 0;
	}
	if (!err && s->children)
		err = choose_descendants(s);
	*pids = s->found;
	return err ? err : (int)s->found_count;
}

/* --- the object --------------------------------------------------------------------------------- */

static bool copy_texts(struct service *s, const struct service_config *config)
{
	s->name = config->name ? strdup(config->name) : NULL;
	s->comm = config->comm ? strdup(config->comm) : NULL;
	s->unit = config->unit ? strdup(config->unit) : NULL;
	s->container = config->container ? strdup(config->container) : NULL;
	s->named = calloc(config->pid_count + 1, sizeof(*s->named));
	return s->named && !s->name == !config->name && !s->comm == !config->comm &&
	       !s->unit == !config->unit && !s->container == !config->container;
}

int service__new(struct service **out, const struct service_config *config, struct err *e)
{
	struct service *s;

	*out = NULL;
	if (config->port_count > PPBPF_TRACED_PORTS)
		return err__set(e, ERR_USAGE, -EINVAL, "%d ports can be named at most",
				PPBPF_TRACED_PORTS);
	if (config->container && place__check_id(config->container, e))
		return e->code;
	s = calloc(1, sizeof(*s));
	if (!s || !copy_texts(s, config)) {
		service__free(s);
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < config->pid_count; i++)
		s->named[s->named_count++] = config->pids[i];
	for (size_t i = 0; i < config->port_count; i++)
		s->ports[i] = config->ports[i];
	s->children = config->children;
	s->by_name = s->name && !s->comm && !s->unit && !s->container && !s->named_count &&
		     !s->ports[0];
	*out = s;
	return 0;
}

void service__free(struct service *s)
{
	if (!s)
		return;
	free(s->name);
	free(s->comm);
	free(s->unit);
	free(s->container);
	free(s->named);
	free(s->found);
	hash__free(s->parents);
	hash__free(s->chosen);
	hash__free(s->listeners);
	free(s);
}

bool service__may_grow(const struct service *s)
{
	return s->comm || s->unit || s->container || s->by_name;
}

bool service__hidden(const struct service *s)
{
	return s->hidden;
}

const uint16_t *service__ports(const struct service *s)
{
	return s->ports;
}

bool service__children(const struct service *s)
{
	return s->children;
}
