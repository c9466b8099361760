// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "store/results.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/units.h"

#define PREFIX "benchmark_"
#define SUFFIX ".json"
#define SAME_SECOND_MAX 100000
#define RELEASES_SHOWN 8

/* A release as it stands in a file's name. */
static char *release_in_name(const char *release)
{
	char *name = strdup(release);

	for (char *c = name; c && *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._+-", *c))
			*c = '_';
	return name;
}

struct atomic_file *results__create(const char *folder, struct err *e)
{
	struct atomic_file *file = NULL;
	char *path = NULL;

	if (make_folder(folder, e))
		return NULL;
	if (asprintf(&path, "%s/" PREFIX SUFFIX, folder) < 0) {
		err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
		return NULL;
	}
	file = atomic_file__open(path, e);
	free(path);
	return file;
}

int results__commit(struct atomic_file *file, const char *folder, const char *release,
		    double timestamp, char **path, struct err *e)
{
	char *name = release_in_name(release), *target = NULL;
	int64_t seconds = (int64_t)timestamp;
	int err = -EEXIST, length;

	for (int serial = 1; name && err == -EEXIST && serial < SAME_SECOND_MAX; serial++) {
		free(target);
		if (serial == 1)
			length = asprintf(&target, "%s/" PREFIX "%s_%" PRId64 SUFFIX, folder, name,
					  seconds);
		else
			length = asprintf(&target, "%s/" PREFIX "%s_%" PRId64 "_%d" SUFFIX, folder,
					  name, seconds, serial);
		if (length < 0)
			target = NULL;
		err = target ? atomic_file__commit_new(file, target, e) : -ENOMEM;
	}
	free(name);
	if (!err) {
		*path = target;
		return 0;
	}
	free(target);
	return err__set(e, ERR_IO, err, "results cannot be saved in %s: %s", folder,
			strerror(-err));
}

/* A file that its name makes a results file. */
struct candidate {
	char *path;
	char *release;	/* as it stands in the name */
	uint64_t time;
	uint64_t serial;
};

/* Digits before `end`, down to `begin`: their value, and where they begin; NULL: none. */
static const char *number_before(const char *begin, const char *end, uint64_t *value)
{
	const char *digits = end;
	char text[24];

	while (digits > begin && isdigit((unsigned char)digits[-1]))
		digits--;
	if (digits == begin || digits == end || digits[-1] != '_' ||
	    (size_t)(end - digits) >= sizeof(text))
		return NULL;
	memcpy(text, digits, end - digits);
	text[end - digits] = '\0';
	return parse_u64(text, 0, UINT64_MAX, value) ? NULL : digits - 1;
}

/*
 * "benchmark_v1_1795412714.json", and with a "_2". A release may itself end in such
 * a number: `length` is that of the wanted one's name, 0 for any.
 */
static bool parse_name(const char *file, size_t length, struct candidate *candidate)
{
	const char *begin = file + strlen(PREFIX), *end, *cut, *earlier;
	uint64_t time;

	if (strncmp(file, PREFIX, strlen(PREFIX)) || strlen(begin) <= strlen(SUFFIX))
		return false;
	end = begin + strlen(begin) - strlen(SUFFIX);
	if (strcmp(end, SUFFIX))
		return false;
	cut = number_before(begin, end, &candidate->time);
	if (!cut)
		return false;
	candidate->serial = 1;
	earlier = number_before(begin, cut, &time);
	if (earlier && (length ? (size_t)(earlier - begin) == length :
				 candidate->time < SAME_SECOND_MAX)) {
		candidate->serial = candidate->time;
		candidate->time = time;
		cut = earlier;
	}
	if (length && (size_t)(cut - begin) != length)
		return false;
	candidate->release = strndup(begin, cut - begin);
	return candidate->release;
}

static int latest_first(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? 1 : -1;
	return (x->serial < y->serial) - (x->serial > y->serial);
}

struct folder {
	struct candidate *files;
	size_t count;
};

static void folder_free(struct folder *folder)
{
	for (size_t i = 0; i < folder->count; i++) {
		free(folder->files[i].path);
		free(folder->files[i].release);
	}
	free(folder->files);
}

static int folder_add(struct folder *folder, int dir, const char *path, const char *name,
		      size_t length)
{
	struct candidate candidate = { 0 }, *files;
	struct stat st;

	if (!parse_name(name, length, &candidate))
		return 0;
	if (fstatat(dir, name, &st, 0) || !S_ISREG(st.st_mode)) {
		free(candidate.release);
		return 0;
	}
	files = reallocarray(folder->files, folder->count + 1, sizeof(*files));
	if (!files || asprintf(&candidate.path, "%s/%s", path, name) < 0) {
		free(candidate.release);
		if (files)
			folder->files = files;
		return -ENOMEM;
	}
	folder->files = files;
	files[folder->count++] = candidate;
	return 0;
}

static int folder_list(struct folder *folder, const char *path, size_t length, struct err *e)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int err = 0;

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err__set(e, errno == EACCES ? ERR_PERMISSION : ERR_IO, -errno,
				"cannot read the folder %s: %s", path, strerror(errno));
	while (!err && (entry = readdir(dir)))
		err = folder_add(folder, dirfd(dir), path, entry->d_name, length);
	closedir(dir);
	if (err)
		return err__set(e, ERR_INTERNAL, err, "out of memory");
	if (folder->count)
		qsort(folder->files, folder->count, sizeof(*folder->files), latest_first);
	return 0;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return b && !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* What could have been meant: each release once, the latest first. */
static void hint_releases(const char *path, struct err *e)
{
	struct folder folder = { 0 };
	struct buf list = BUF_INIT;
	size_t shown = 0, j;

	if (folder_list(&folder, path, 0, NULL))
		goto out;
	for (size_t i = 0; i < folder.count && shown < RELEASES_SHOWN; i++) {
		for (j = 0; j < i && strcmp(folder.files[j].release, folder.files[i].release);)
			j++;
		if (j == i)
			buf__printf(&list, "%s%s", shown++ ? ", " : "", folder.files[i].release);
	}
	if (shown)
		err__hint(e, "there are results of %s", buf__str(&list));
	else
		err__hint(e, "there are no results at all; ppbpf bench --release VERSION makes "
			     "them, and --output-dir says where they are");
out:
	buf__free(&list);
	folder_free(&folder);
}

struct bench_results *results__find(const char *folder, const char *release, const char *except,
				    struct err *e)
{
	struct bench_results *found = NULL;
	struct folder list = { 0 };
	char *name = release_in_name(release);

	if (!name) {
		err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
		return NULL;
	}
	if (folder_list(&list, folder, strlen(name), e))
		goto out;
	for (size_t i = 0; i < list.count && !found; i++) {
		const struct candidate *file = &list.files[i];

		if (strcmp(file->release, name) || same_file(file->path, except))
			continue;
		found = results__read(file->path, e);
		if (!found)
			goto out;
		/* another release can have the same name in a file's name */
		if (strcmp(found->release, release)) {
			bench_results__free(found);
			found = NULL;
		}
	}
	if (!found) {
		err__set(e, ERR_NOT_FOUND, -ENOENT, "there are no %sresults of %s in %s",
			 except ? "other " : "", release, folder);
		hint_releases(folder, e);
	}
out:
	folder_free(&list);
	free(name);
	return found;
}
