// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/needed.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "symbol/elf.h"

#define INCLUDE_DEPTH 4

static int append(char ***texts, size_t *count, char *text)
{
	char **more = text ? realloc(*texts, (*count + 1) * sizeof(*more)) : NULL;

	if (!more) {
		free(text);
		return -ENOMEM;
	}
	*texts = more;
	more[(*count)++] = text;
	return 0;
}

static void free_texts(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

void folders__free(struct folders *folders)
{
	free_texts(folders->paths, folders->count);
}

void needed__free(struct needed *needed)
{
	free_texts(needed->paths, needed->count);
}

int folders__add_list(struct folders *folders, const char *list)
{
	size_t length;
	int err = 0;

	for (; list && *list && !err; list += length + (list[length] == ':')) {
		length = strcspn(list, ":");
		if (length)
			err = append(&folders->paths, &folders->count, strndup(list, length));
	}
	return err;
}

static int add_configured(struct folders *folders, const char *pattern, int depth)
{
	char *line = NULL, *at;
	glob_t files = { 0 };
	size_t size = 0;
	FILE *file;
	int err = 0;

	if (depth < INCLUDE_DEPTH && !glob(pattern, 0, NULL, &files))
		for (size_t i = 0; i < files.gl_pathc && !err; i++) {
			file = fopen(files.gl_pathv[i], "re");
			while (file && !err && getline(&line, &size, file) > 0) {
				line[strcspn(line, "#\r\n")] = '\0';
				at = line + strspn(line, " \t");
				if (!strncmp(at, "include", 7))
					err = add_configured(folders,
							     at + 7 + strspn(at + 7, " \t"),
							     depth + 1);
				else if (*at == '/')
					err = folders__add_list(folders, at);
			}
			if (file)
				fclose(file);
		}
	free(line);
	globfree(&files);
	return err;
}

int folders__add_libraries(struct folders *folders)
{
	int err = folders__add_list(folders, getenv("LD_LIBRARY_PATH"));

	if (!err)
		err = add_configured(folders, "/etc/ld.so.conf", 0);
	return err ? err : folders__add_list(folders, "/lib64:/usr/lib64:/lib:/usr/lib");
}

/* What the dynamic section says, with its strings. */
struct dynamic {
	struct elf_section entries;
	struct elf_section strings;
	const char *origin;	/* the file's own folder */
};

static const char *string_at(const struct dynamic *dynamic, uint64_t at)
{
	const char *strings = dynamic->strings.data;

	if (at >= dynamic->strings.size ||
	    !memchr(strings + at, '\0', dynamic->strings.size - at))
		return NULL;
	return strings + at;
}

static bool next_entry(const struct dynamic *dynamic, size_t *at, Elf64_Dyn *entry)
{
	if (dynamic->entries.size - *at < sizeof(*entry))
		return false;
	memcpy(entry, (const char *)dynamic->entries.data + *at, sizeof(*entry));
	*at += sizeof(*entry);
	return entry->d_tag != DT_NULL;
}

/* "$ORIGIN/../lib:/opt/lib", with the file's folder put in. */
static int add_own_folders(struct folders *folders, const struct dynamic *dynamic)
{
	struct buf text = BUF_INIT;
	const char *list, *dollar;
	size_t at = 0, skip;
	Elf64_Dyn entry;
	int err = 0;

	while (!err && next_entry(dynamic, &at, &entry)) {
		if (entry.d_tag != DT_RUNPATH && entry.d_tag != DT_RPATH)
			continue;
		list = string_at(dynamic, entry.d_un.d_val);
		buf__truncate(&text, 0);
		while (list && (dollar = strchr(list, '$'))) {
			skip = !strncmp(dollar, "$ORIGIN", 7) ? 7 :
			       !strncmp(dollar, "${ORIGIN}", 9) ? 9 : 1;
			buf__append(&text, list, dollar - list);
			if (skip > 1)
				buf__puts(&text, dynamic->origin);
			list = dollar + skip;
		}
		if (list)
			buf__puts(&text, list);
		err = text.error ? text.error : folders__add_list(folders, buf__str(&text));
	}
	buf__free(&text);
	return err;
}

static int find_needed(struct needed *needed, const struct folders *folders, const char *name)
{
	char path[PATH_MAX];

	if (strchr(name, '/'))
		return access(name, R_OK) ? 0 :
		       append(&needed->paths, &needed->count, strdup(name));
	for (size_t i = 0; i < folders->count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folders->paths[i], name);
		if (!access(path, R_OK))
			return append(&needed->paths, &needed->count, strdup(path));
	}
	return 0;
}

static int read_dynamic(struct needed *needed, const struct dynamic *dynamic)
{
	struct folders folders = { 0 };
	const char *name;
	size_t at = 0;
	Elf64_Dyn entry;
	int err = add_own_folders(&folders, dynamic);

	if (!err)
		err = folders__add_libraries(&folders);
	while (!err && next_entry(dynamic, &at, &entry)) {
		name = entry.d_tag == DT_NEEDED ? string_at(dynamic, entry.d_un.d_val) : NULL;
		if (name)
			err = find_needed(needed, &folders, name);
	}
	folders__free(&folders);
	return err;
}

int needed__read(struct needed *needed, const char *path)
{
	struct dynamic dynamic = { 0 };
	char *origin = realpath(path, NULL);
	struct elf *elf = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

	memset(needed, 0, sizeof(*needed));
	if (origin && strrchr(origin, '/'))
		*strrchr(origin, '/') = '\0';
	dynamic.origin = origin ? origin : "";
	if (fd >= 0 && !elf__open_kept(&elf, fd) && elf__is_64_bit(elf) &&
	    !elf__section(elf, ".dynamic", true, &dynamic.entries) &&
	    !elf__section(elf, ".dynstr", true, &dynamic.strings) && dynamic.entries.data &&
	    dynamic.strings.data)
		err = read_dynamic(needed, &dynamic);
	elf__free(elf);
	free(origin);
	return err;
}
