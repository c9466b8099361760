// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"

#define MOUNTS_MAX (1 << 20)

static int open_root(pid_t pid)
{
	char name[32] = "/";
	int fd;

	if (pid > 0)
		snprintf(name, sizeof(name), "/proc/%d/root", pid);
	fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int root_of(pid_t pid)
{
	int fd = pid > 0 ? open_root(pid) : -1;
	struct stat theirs, ours;

	if (fd >= 0 && !fstat(fd, &theirs) && !stat("/", &ours) &&
	    theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino) {
		close(fd);
		return -1;
	}
	return fd < 0 ? -1 : fd;
}

static int open_in(int root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -ENOENT;
}

/*
 * Whether it sees the same mounts, at the same names: each mount of a namespace has a number of
 * its own, and anybody may read them, where only who may trace it may enter its root.
 */
static bool sees_our_mounts(pid_t pid)
{
	struct buf ours = BUF_INIT, theirs = BUF_INIT;
	char path[32];
	bool same;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	same = !read_file(path, MOUNTS_MAX, &theirs, NULL) &&
	       !read_file("/proc/self/mountinfo", MOUNTS_MAX, &ours, NULL) && ours.length &&
	       !strcmp(buf__str(&ours), buf__str(&theirs));
	buf__free(&ours);
	buf__free(&theirs);
	return same;
}

int root_open(pid_t pid, const char *path)
{
	int root = open_root(pid), fd;

	if ((root == -EACCES || root == -EPERM) && pid > 0 && sees_our_mounts(pid))
		root = open_root(0);
	if (root < 0)
		return root;
	fd = open_in(root, path);
	close(root);
	return fd;
}

int root_open_at(int root, const char *path)
{
	return root < 0 ? root_open(0, path) : open_in(root, path);
}
