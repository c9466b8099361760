// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/packages.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"

#define INFO "/var/lib/dpkg/info"
#define STATUS "/var/lib/dpkg/status"
#define LIST_MAX (64 * 1024 * 1024)

/* A wanted file. */
struct entry {
	char *path;
	char *package;
	char *version;
};

struct packages {
	struct entry *entries;	/* sorted by path once they are looked for */
	size_t count;
	size_t found;
};

struct packages *packages__new(void)
{
	return calloc(1, sizeof(struct packages));
}

void packages__free(struct packages *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->count; i++) {
		free(p->entries[i].path);
		free(p->entries[i].package);
		free(p->entries[i].version);
	}
	free(p->entries);
	free(p);
}

/* Since /lib is a link to /usr/lib, packages list either name for what the kernel calls /usr/lib. */
static const char *plain(const char *path)
{
	return strncmp(path, "/usr/", 5) ? path : path + 4;
}

int packages__want(struct packages *p, const char *path)
{
	struct entry *more = realloc(p->entries, (p->count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	p->entries = more;
	more[p->count] = (struct entry){ .path = strdup(plain(path)) };
	if (!more[p->count].path)
		return -ENOMEM;
	p->count++;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static struct entry *find(const struct packages *p, const char *path)
{
	const struct entry key = { .path = (char *)plain(path) };

	return bsearch(&key, p->entries, p->count, sizeof(key), by_path);
}

static void sort_once(struct packages *p)
{
	size_t kept = 0;

	if (p->count)
		qsort(p->entries, p->count, sizeof(*p->entries), by_path);
	for (size_t i = 0; i < p->count; i++) {
		if (kept && !by_path(&p->entries[kept - 1], &p->entries[i]))
			free(p->entries[i].path);
		else
			p->entries[kept++] = p->entries[i];
	}
	p->count = kept;
}

/* A package's list has a path a line. */
static void read_list(struct packages *p, const char *file, const char *package, size_t length)
{
	struct buf text = BUF_INIT;
	struct entry *entry;
	char *line, *next;

	if (!read_file(file, LIST_MAX, &text, NULL))
		for (line = text.data; line && *line; line = next) {
			next = line + strcspn(line, "\n");
			if (*next)
				*next++ = '\0';
			entry = find(p, line);
			if (!entry || entry->package)
				continue;
			entry->package = strndup(package, length);
			p->found++;
		}
	buf__free(&text);
}

/* "libc6:amd64.list" */
static void read_lists(struct packages *p)
{
	DIR *dir = opendir(INFO);
	struct dirent *entry;
	char path[512];

	while (dir && p->found < p->count && (entry = readdir(dir))) {
		size_t length = strlen(entry->d_name);

		if (length < 6 || strcmp(entry->d_name + length - 5, ".list"))
			continue;
		snprintf(path, sizeof(path), INFO "/%s", entry->d_name);
		length -= strlen(".list");
		read_list(p, path, entry->d_name,
			  strcspn(entry->d_name, ":") < length ? strcspn(entry->d_name, ":") : length);
	}
	if (dir)
		closedir(dir);
}

static void set_version(struct packages *p, const char *package, size_t length,
			const char *version)
{
	for (size_t i = 0; i < p->count; i++) {
		struct entry *e = &p->entries[i];

		if (e->package && !e->version && strlen(e->package) == length &&
		    !memcmp(e->package, package, length))
			e->version = strndup(version, strcspn(version, "\n"));
	}
}

/* Paragraphs of "Package: x" and "Version: y" lines. */
static void read_versions(struct packages *p)
{
	struct buf text = BUF_INIT;
	const char *line, *package = NULL;

	if (!p->found || read_file(STATUS, LIST_MAX, &text, NULL)) {
		buf__free(&text);
		return;
	}
	for (line = text.data; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (!strncmp(line, "Package: ", 9))
			package = line + 9;
		else if (package && !strncmp(line, "Version: ", 9))
			set_version(p, package, strcspn(package, "\n"), line + 9);
	}
	buf__free(&text);
}

void packages__find(struct packages *p)
{
	sort_once(p);
	read_lists(p);
	read_versions(p);
}

void packages__of(const struct packages *p, const char *path, const char **package,
		  const char **version)
{
	const struct entry *entry = find(p, path);

	*package = entry ? entry->package : NULL;
	*version = entry ? entry->version : NULL;
}
