// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/code_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "symbol/root.h"

#define MAPS_MAX (64u << 20) /* of one process's /proc/PID/maps */

static void link_of(char *link, size_t size, pid_t pid, uint64_t start, uint64_t end)
{
	if (end)
		snprintf(link, size, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, start, end);
	else
		snprintf(link, size, "/proc/%d/exe", pid);
}

int code_map_open(pid_t pid, uint64_t start, uint64_t end)
{
	struct stat st;
	char link[96];
	int fd;

	link_of(link, sizeof(link), pid, start, end);
	/* a device's open may do things: only regular files are mapped as code */
	if (stat(link, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int code_map_open_named(pid_t pid, const char *path, uint64_t inode)
{
	int fd = root_open(pid, path);
	struct stat st;

	if (fd < 0)
		return fd;
	if (!fstat(fd, &st) && st.st_ino == inode)
		return fd;
	close(fd);
	return -ESTALE;
}

int code_map_path(pid_t pid, uint64_t start, uint64_t end, char *path, size_t size)
{
	char link[96];
	ssize_t length;

	link_of(link, sizeof(link), pid, start, end);
	length = readlink(link, path, size - 1);
	if (length < 0)
		return -errno;
	path[length] = '\0';
	return length;
}

/* One line of /proc/PID/maps; false: not a file that is mapped for execution. */
static bool parse_line(char *line, struct code_map *mapped)
{
	unsigned int major_, minor_;
	uint64_t offset;
	char access[5];
	int at = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
		   &mapped->start, &mapped->end, access, &offset, &major_, &minor_, &mapped->inode,
		   &at) < 7)
		return false;
	mapped->device = major_ << 20 | minor_;
	mapped->path = line + at;
	return access[2] == 'x' && mapped->inode && line[at] == '/';
}

int code_maps_each(pid_t pid, code_map_fn visit, void *context)
{
	struct buf text = BUF_INIT;
	struct code_map mapped;
	char path[64], *line, *rest;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	err = read_file(path, MAPS_MAX, &text, NULL);
	line = err ? NULL : strtok_r(text.data, "\n", &rest);
	for (; line && !err; line = strtok_r(NULL, "\n", &rest))
		if (parse_line(line, &mapped))
			err = visit(pid, &mapped, context);
	buf__free(&text);
	return err;
}
