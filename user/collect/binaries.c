// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/binaries.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "collect/needed.h"

#define SCRIPT_DEPTH 4
#define LINE_MAX_BYTES 256	/* of a script's first line, as the kernel has it */

void binaries__free(struct binaries *b)
{
	for (size_t i = 0; i < b->count; i++) {
		free(b->binaries[i].path);
		free(b->binaries[i].name);
		free(b->binaries[i].alias);
	}
	free(b->binaries);
	memset(b, 0, sizeof(*b));
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static struct binary *find(struct binaries *b, const struct stat *st)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->binaries[i].device == st->st_dev && b->binaries[i].inode == st->st_ino)
			return &b->binaries[i];
	return NULL;
}

static int remember_alias(struct binary *binary, const char *path)
{
	if (binary->alias || !strcmp(last_part(path), last_part(binary->name)))
		return 0;
	binary->alias = strdup(last_part(path));
	return binary->alias ? 0 : -ENOMEM;
}

/* `path` opens it; `name` is what people call it. What is no file is passed over. */
static int add(struct binaries *b, const char *path, const char *name, pid_t pid)
{
	size_t capacity = b->capacity ? 2 * b->capacity : 32;
	struct binary *binary, *more;
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return 0;
	binary = find(b, &st);
	if (binary)
		return remember_alias(binary, name);
	if (b->count == b->capacity) {
		more = realloc(b->binaries, capacity * sizeof(*more));
		if (!more)
			return -ENOMEM;
		b->binaries = more;
		b->capacity = capacity;
	}
	binary = &b->binaries[b->count];
	*binary = (struct binary){ .path = strdup(path), .pid = pid,
				   .device = st.st_dev, .inode = st.st_ino };
	binary->name = pid ? strdup(name) : realpath(name, NULL);
	if (!binary->path || !binary->name) {
		free(binary->path);
		free(binary->name);
		return -ENOMEM;
	}
	b->count++;
	return pid ? 0 : remember_alias(binary, name);
}

/* --- of processes ------------------------------------------------------------- */

/* By its path where that still is the file that is mapped, else by the mapping itself. */
static int add_mapping(struct binaries *b, pid_t pid, uint64_t from, uint64_t to, const char *name)
{
	char mapping[64], path[PATH_MAX];
	struct stat mapped, named;

	snprintf(mapping, sizeof(mapping), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid, from,
		 to);
	if (stat(mapping, &mapped))
		return add(b, name, name, pid);
	if (find(b, &mapped))
		return 0;
	if (!stat(name, &named) && named.st_dev == mapped.st_dev && named.st_ino == mapped.st_ino)
		return add(b, name, name, pid);
	if (snprintf(path, sizeof(path), "/proc/%d/root%s", (int)pid, name) < (int)sizeof(path) &&
	    !stat(path, &named) && named.st_dev == mapped.st_dev && named.st_ino == mapped.st_ino)
		return add(b, path, name, pid);
	return add(b, mapping, name, pid);
}

int binaries__add_mapped(struct binaries *b, pid_t pid)
{
	char path[64], *line = NULL, permissions[5], *name, *deleted;
	uint64_t from, to;
	size_t size = 0;
	FILE *file;
	int err = 0, at;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return errno == EACCES || errno == EPERM ? -EACCES : -ESRCH;
	while (!err && getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		at = 0;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %n", &from, &to,
			   permissions, &at) != 3 || !at || permissions[2] != 'x')
			continue;
		name = line + at;
		deleted = strstr(name, " (deleted)");
		if (deleted && !deleted[10])
			*deleted = '\0';
		if (*name == '/')
			err = add_mapping(b, pid, from, to, name);
	}
	free(line);
	fclose(file);
	return err;
}

int binaries__add_all_mapped(struct binaries *b)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	if (!folder)
		return -errno;
	while (err != -ENOMEM && (entry = readdir(folder)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = binaries__add_mapped(b, atoi(entry->d_name));
	closedir(folder);
	return err == -ENOMEM ? err : 0;
}

/* --- of a command ---------------------------------------------------------------- */

/* Where execvp() would find it; 0 or -ENOENT. */
static int find_command(const char *command, char path[PATH_MAX])
{
	const char *folders = getenv("PATH");
	size_t length;

	if (strchr(command, '/')) {
		text_copy(path, PATH_MAX, command);
		return access(path, X_OK) ? -ENOENT : 0;
	}
	if (!folders)
		folders = "/usr/local/bin:/bin:/usr/bin";
	for (; *folders; folders += length + (folders[length] == ':')) {
		length = strcspn(folders, ":");
		snprintf(path, PATH_MAX, "%.*s/%s", length ? (int)length : 1,
			 length ? folders : ".", command);
		if (!access(path, X_OK))
			return 0;
	}
	return -ENOENT;
}

/* "#! /usr/bin/env python3": the word to look for next. False: it is no script. */
static bool script_interpreter(const char *path, char interpreter[LINE_MAX_BYTES])
{
	char line[LINE_MAX_BYTES + 1], *word, *rest;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t length = fd < 0 ? -1 : read(fd, line, LINE_MAX_BYTES);

	if (fd >= 0)
		close(fd);
	if (length < 2 || line[0] != '#' || line[1] != '!')
		return false;
	line[length] = '\0';
	line[strcspn(line, "\n")] = '\0';
	word = strtok_r(line + 2, " \t", &rest);
	if (word && !strcmp(last_part(word), "env"))
		do
			word = strtok_r(NULL, " \t", &rest);
		while (word && (*word == '-' || strchr(word, '=')));
	if (!word)
		return false;
	text_copy(interpreter, LINE_MAX_BYTES, word);
	return true;
}

/* Libraries of libraries are found as the list grows. */
static int add_needed(struct binaries *b, size_t from)
{
	struct needed needed;
	int err = 0;

	for (size_t i = from; i < b->count && !err; i++) {
		err = needed__read(&needed, b->binaries[i].path);
		for (size_t k = 0; k < needed.count && !err; k++)
			err = add(b, needed.paths[k], needed.paths[k], 0);
		needed__free(&needed);
	}
	return err;
}

int binaries__add_command(struct binaries *b, const char *command)
{
	char path[PATH_MAX], interpreter[LINE_MAX_BYTES];
	size_t from = b->count;
	int err = find_command(command, path);

	if (err)
		return err;
	for (int depth = 0; depth < SCRIPT_DEPTH && script_interpreter(path, interpreter); depth++)
		if (find_command(interpreter, path))
			return -ENOENT;
	err = add(b, path, path, 0);
	return err ? err : add_needed(b, from);
}

/* --- by name ------------------------------------------------------------------------ */

static bool is_name(const char *name, const char *module)
{
	size_t length = strlen(module);

	return text_glob(module, name) ||
	       (!strncmp(name, module, length) && (name[length] == '.' || name[length] == '-'));
}

int binary__is(const struct binary *binary, const char *module)
{
	if (strchr(module, '/'))
		return text_glob(module, binary->name) || text_glob(module, binary->path);
	return is_name(last_part(binary->name), module) ||
	       (binary->alias && is_name(binary->alias, module));
}

static int add_from_folder(struct binaries *b, const char *folder, const char *module)
{
	DIR *files = opendir(folder);
	struct dirent *entry;
	char path[PATH_MAX];
	int err = 0;

	while (files && !err && (entry = readdir(files)))
		if (is_name(entry->d_name, module) &&
		    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) < (int)sizeof(path))
			err = add(b, path, path, 0);
	if (files)
		closedir(files);
	return err;
}

static int add_by_path(struct binaries *b, const char *pattern)
{
	glob_t found = { 0 };
	int err = 0;

	if (!glob(pattern, GLOB_NOSORT, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc && !err; i++)
			err = add(b, found.gl_pathv[i], found.gl_pathv[i], 0);
	globfree(&found);
	return err;
}

int binaries__add_named(struct binaries *b, const char *module)
{
	struct folders folders = { 0 };
	int err;

	if (strchr(module, '/'))
		return add_by_path(b, module);
	err = folders__add_libraries(&folders);
	if (!err)
		err = folders__add_list(&folders, getenv("PATH"));
	for (size_t i = 0; i < folders.count && !err; i++)
		err = add_from_folder(b, folders.paths[i], module);
	folders__free(&folders);
	return err;
}
