// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/perfmap.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/units.h"
#include "symbol/ranges.h"
#include "symbol/root.h"

#define CHUNK (256 * 1024)
#define LINE_MAX_LENGTH 4096	/* what is longer is no symbol */
#define SYMBOLS_MAX (1u << 20)
#define BYTES_MAX (256ULL << 20) /* of the file: a second's reading */

struct perfmap {
	int fd;			/* -1: not found yet */
	uint64_t offset;	/* read up to here */
	struct buf rest;	/* the begin of a line whose end is not written yet */
	bool skipping;		/* in a line that is too long */
	struct perfmap_symbol **symbols;
	size_t count;
	struct ranges ranges;
	uint64_t bad_lines;
	bool full;
	bool sorted;
};

struct perfmap *perfmap__new(void)
{
	struct perfmap *map = calloc(1, sizeof(*map));

	if (map)
		map->fd = -1;
	return map;
}

void perfmap__free(struct perfmap *map)
{
	if (!map)
		return;
	for (size_t i = 0; i < map->count; i++)
		free(map->symbols[i]);
	free(map->symbols);
	ranges__free(&map->ranges);
	buf__free(&map->rest);
	if (map->fd >= 0)
		close(map->fd);
	free(map);
}

/* "0x1f" or "1f", up to a blank; NULL: neither. */
static const char *parse_hex(const char *text, uint64_t *value)
{
	int digits = 0;

	*value = 0;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	for (; isxdigit((unsigned char)*text); text++, digits++) {
		int digit = tolower((unsigned char)*text);

		*value = *value << 4 | (digit <= '9' ? digit - '0' : digit - 'a' + 10);
	}
	if (!digits || digits > 16 || (*text != ' ' && *text != '\t'))
		return NULL;
	return text + strspn(text, " \t");
}

/*
 * V8's "JS:*name file:line:column": its kind and tier are dropped, so that a
 * function is one whatever compiled it, and the place is kept apart.
 */
static void split_v8(struct perfmap_symbol *symbol)
{
	static const char *const kinds[] = { "JS:", "LazyCompile:", "Function:", "Script:",
					     "Eval:" };
	char *name = symbol->name, *blank, *colon, *end;
	size_t length = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !length; i++)
		if (!strncmp(name, kinds[i], strlen(kinds[i])))
			length = strlen(kinds[i]);
	if (!length)
		return;
	name += length;
	name += strspn(name, "*~^+'");
	blank = strrchr(name, ' ');
	colon = blank ? strrchr(blank, ':') : NULL;
	if (!colon || !isdigit((unsigned char)colon[1]))
		return;
	*colon = '\0';
	end = strrchr(blank, ':');
	if (!end || !isdigit((unsigned char)end[1])) {
		*colon = ':';
		return;
	}
	*end = *blank = '\0';
	symbol->line = strtoul(end + 1, NULL, 10);
	symbol->file = blank + 1;
	symbol->name = name[0] ? name : "(anonymous)";
}

static int keep(struct perfmap *map, uint64_t start, uint64_t size, const char *name)
{
	struct perfmap_symbol *symbol = malloc(sizeof(*symbol) + strlen(name) + 1), **moved;
	struct range row = { .start = start, .end = start + size, .name = symbol,
			     .rank = map->count };
	char *copy;

	if (!symbol)
		return -ENOMEM;
	copy = (char *)(symbol + 1);
	for (size_t i = 0; i <= strlen(name); i++)
		copy[i] = iscntrl((unsigned char)name[i]) && name[i] ? '?' : name[i];
	*symbol = (struct perfmap_symbol){ .name = copy, .start = start };
	split_v8(symbol);
	moved = map->count & (map->count - 1) ? map->symbols :
		reallocarray(map->symbols, map->count ? map->count * 2 : 1, sizeof(*moved));
	if (moved)
		map->symbols = moved;
	if (!moved || ranges__add(&map->ranges, &row)) {
		free(symbol);
		return -ENOMEM;
	}
	map->symbols[map->count++] = symbol;
	map->sorted = false;
	return 0;
}

static int take_line(struct perfmap *map, const char *line)
{
	uint64_t start, size;
	const char *at = parse_hex(line, &start);

	at = at ? parse_hex(at, &size) : NULL;
	if (!at || !*at || !size || start + size < start) {
		map->bad_lines += line[0] != '\0';
		return 0;
	}
	if (map->count == SYMBOLS_MAX) {
		map->full = true;
		return 0;
	}
	return keep(map, start, size, at);
}

/* Bytes as they come; NULs in them are garbage. */
static int take(struct perfmap *map, const char *bytes, size_t length)
{
	int err = 0;

	while (length && !err && !map->full) {
		const char *end = memchr(bytes, '\n', length);
		size_t part = end ? (size_t)(end - bytes) : length;

		if (!map->skipping && map->rest.length + part > LINE_MAX_LENGTH)
			map->skipping = true;
		if (!map->skipping)
			err = buf__append(&map->rest, bytes, part);
		if (end && map->skipping)
			map->bad_lines++;
		else if (end && !err)
			err = take_line(map, buf__str(&map->rest));
		if (end || map->skipping)
			buf__truncate(&map->rest, 0);
		if (end)
			map->skipping = false;
		part += end ? 1 : 0;
		bytes += part;
		length -= part;
	}
	return err;
}

int perfmap__read(struct perfmap *map, int fd)
{
	char *chunk = malloc(CHUNK);
	ssize_t n = 0;
	int err = chunk ? 0 : -ENOMEM;

	while (!err && !map->full) {
		n = pread(fd, chunk, CHUNK, map->offset);
		if (n <= 0)
			break;
		map->offset += n;
		err = take(map, chunk, n);
		if (map->offset >= BYTES_MAX)
			map->full = true;
	}
	if (!err && n < 0)
		err = -errno;
	free(chunk);
	if (!map->sorted && !ranges__sort(&map->ranges))
		map->sorted = true;
	return err ? err : map->sorted ? 0 : -ENOMEM;
}

/* Ids of a process: its pid in its own namespace, by which it names the file, and its user. */
static int ids_of(pid_t pid, uint64_t *own_pid, uint64_t *uid)
{
	struct buf text = BUF_INIT;
	char path[32], *line, *number = NULL;
	unsigned long effective;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	err = read_file(path, 1 << 16, &text, NULL);
	line = err ? NULL : strstr(buf__str(&text), "\nUid:");
	if (!line || sscanf(line, "\nUid: %*u %lu", &effective) != 1)
		err = err ? err : -ENOENT;
	*uid = err ? 0 : effective;
	*own_pid = pid;
	line = err ? NULL : strstr(buf__str(&text), "\nNSpid:");
	if (line) {
		line[1 + strcspn(line + 1, "\n")] = '\0';
		number = strrchr(line, '\t');
	}
	if (number && parse_u64(number + 1, 1, INT32_MAX, own_pid))
		*own_pid = pid;
	buf__free(&text);
	return err;
}

/*
 * A process that is gone has left its map where it was, as far as its /tmp was
 * ours; nobody can tell its user any more, but for who has called us.
 */
static int open_left(pid_t pid, uint64_t *uid)
{
	const char *caller = getenv("SUDO_UID");
	char path[48];

	*uid = geteuid();
	if (caller && parse_u64(caller, 0, UINT32_MAX, uid))
		*uid = geteuid();
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", pid);
	return root_open(0, path);
}

int perfmap__open(struct perfmap *map, pid_t pid)
{
	uint64_t own_pid, uid;
	struct stat st;
	char path[48];
	int fd;

	if (map->fd >= 0)
		return 0;
	if (ids_of(pid, &own_pid, &uid)) {
		fd = open_left(pid, &uid);
	} else {
		snprintf(path, sizeof(path), "/tmp/perf-%llu.map", (unsigned long long)own_pid);
		fd = root_open(pid, path);
	}
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) || (st.st_uid && st.st_uid != uid)) {
		close(fd);
		return -EPERM;
	}
	map->fd = fd;
	return 0;
}

int perfmap__refresh(struct perfmap *map)
{
	return map->fd < 0 ? -ENOENT : perfmap__read(map, map->fd);
}

const struct perfmap_symbol *perfmap__find(const struct perfmap *map, uint64_t address)
{
	const struct range *range = map->sorted ? ranges__find_ranked(&map->ranges, address) : NULL;

	return range ? range->name : NULL;
}

void perfmap__state(const struct perfmap *map, struct perfmap_state *state)
{
	*state = (struct perfmap_state){ .symbols = map->count, .bytes = map->offset,
					 .bad_lines = map->bad_lines, .full = map->full };
}
