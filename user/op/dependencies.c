// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/dependencies.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/intern.h"
#include "collect/packages.h"
#include "model/bench_report.h"
#include "symbol/elf.h"

#define MAPS_MAX (64 * 1024 * 1024)

/* Most benchmarks of a suite share their libraries: each file is read once. */
struct dependencies {
	struct intern *paths;
	char **build_ids;	/* by the path's number; NULL: it has none */
	size_t capacity;
};

struct dependencies *dependencies__new(void)
{
	struct dependencies *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->paths = intern__new();
	if (d->paths)
		return d;
	free(d);
	return NULL;
}

void dependencies__free(struct dependencies *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->capacity; i++)
		free(d->build_ids[i]);
	free(d->build_ids);
	intern__free(d->paths);
	free(d);
}

/* In hexadecimal; NULL: no ELF file, or one without. */
static char *read_build_id(const char *path)
{
	struct buf text = BUF_INIT;
	const uint8_t *id;
	struct elf *elf;
	size_t length;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || elf__open_kept(&elf, fd))
		return NULL;
	length = elf__build_id(elf, &id);
	for (size_t i = 0; i < length; i++)
		buf__printf(&text, "%02x", id[i]);
	elf__free(elf);
	return length ? buf__take(&text, NULL) : NULL;
}

static int grow(struct dependencies *d, size_t count)
{
	size_t capacity = d->capacity ? 2 * d->capacity : 64;
	char **more;

	if (count < d->capacity)
		return 0;
	more = realloc(d->build_ids, capacity * sizeof(*more));
	if (!more)
		return -ENOMEM;
	memset(more + d->capacity, 0, (capacity - d->capacity) * sizeof(*more));
	d->build_ids = more;
	d->capacity = capacity;
	return 0;
}

static int add(struct dependencies *d, struct bench_result *result, const char *path)
{
	bool added;
	int number = intern__add(d->paths, path, strlen(path), &added);

	if (number < 0 || grow(d, number))
		return -ENOMEM;
	if (added)
		d->build_ids[number] = read_build_id(path);
	return bench_result__add_object(result, path, d->build_ids[number], NULL, NULL);
}

int dependencies__add(struct dependencies *d, struct bench_result *result,
		      const char *const *paths, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = add(d, result, paths[i]);
	return err;
}

static bool has_object(const struct bench_result *result, const char *path)
{
	for (size_t i = 0; i < result->object_count; i++)
		if (!strcmp(result->objects[i].path, path))
			return true;
	return false;
}

int dependencies__add_pid(struct dependencies *d, struct bench_result *result, pid_t pid)
{
	struct buf text = BUF_INIT;
	char file[64], permissions[8], *line, *next, *path;
	int err = 0;

	snprintf(file, sizeof(file), "/proc/%d/maps", pid);
	if (!read_file(file, MAPS_MAX, &text, NULL))
		for (line = text.data; line && *line && !err; line = next) {
			next = line + strcspn(line, "\n");
			if (*next)
				*next++ = '\0';
			path = strchr(line, '/');
			if (path && sscanf(line, "%*s %7s", permissions) == 1 &&
			    strchr(permissions, 'x') && !strstr(path, " (deleted)") &&
			    !has_object(result, path))
				err = add(d, result, path);
		}
	buf__free(&text);
	return err;
}

static int set_owner(const struct packages *packages, struct bench_object *object)
{
	const char *package, *version;

	packages__of(packages, object->path, &package, &version);
	if (package && !object->package)
		object->package = strdup(package);
	if (version && !object->version)
		object->version = strdup(version);
	return (package && !object->package) || (version && !object->version) ? -ENOMEM : 0;
}

typedef int (*object_fn)(void *context, struct bench_object *object);

static int for_each_object(struct bench_report *report, object_fn visit, void *context)
{
	int err = 0;

	for (size_t i = 0; i < report->version_count; i++)
		for (size_t j = 0; j < report->versions[i]->count; j++) {
			struct bench_result *result = &report->versions[i]->results[j];

			for (size_t k = 0; k < result->object_count && !err; k++)
				err = visit(context, &result->objects[k]);
		}
	return err;
}

static int want(void *context, struct bench_object *object)
{
	return packages__want(context, object->path);
}

static int name(void *context, struct bench_object *object)
{
	return set_owner(context, object);
}

int dependencies__name_packages(struct bench_report *report)
{
	struct packages *packages = packages__new();
	int err = packages ? for_each_object(report, want, packages) : -ENOMEM;

	if (!err) {
		packages__find(packages);
		err = for_each_object(report, name, packages);
	}
	packages__free(packages);
	return err;
}
