// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/units.h"

#define CHUNK 4096
#define LARGE (4 * 1024 * 1024)
#define TEMPORARY_TRIES 100

static int read_failed(struct err *e, const char *path, int error)
{
	enum err_cause cause = ERR_IO;

	if (error == ENOENT || error == ENOTDIR)
		cause = ERR_NOT_FOUND;
	else if (error == EACCES || error == EPERM)
		cause = ERR_PERMISSION;
	return err__set(e, cause, error, "cannot read %s: %s", path, strerror(error));
}

/* A large file's memory is taken at once, in pages that are as large as there are. */
static void expect(struct buf *out, int fd, size_t max)
{
	uintptr_t page = sysconf(_SC_PAGESIZE), begin;
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < LARGE ||
	    (size_t)st.st_size > max || buf__reserve(out, st.st_size + CHUNK))
		return;
	begin = ((uintptr_t)out->data + page - 1) / page * page;
	madvise((void *)begin, out->capacity - (begin - (uintptr_t)out->data), MADV_HUGEPAGE);
}

int read_file(const char *path, size_t max, struct buf *out, struct err *e)
{
	size_t before = out->length;
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	ssize_t got;

	if (fd < 0)
		return read_failed(e, path, errno);
	expect(out, fd, max);
	do {
		err = buf__reserve(out, CHUNK);
		if (err)
			break;
		got = read(fd, out->data + out->length, out->capacity - out->length - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err = -errno;
			break;
		}
		out->length += got;
		out->data[out->length] = '\0';
		if (out->length - before > max)
			err = -EFBIG;
	} while (!err && got != 0);
	close(fd);
	if (!err)
		return 0;
	buf__truncate(out, before);
	return read_failed(e, path, -err);
}

/* The number in an environment variable, or @otherwise. */
static unsigned int environment_id(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);
	uint64_t id;

	if (!text || parse_u64(text, 0, INT_MAX, &id))
		return otherwise;
	return (unsigned int)id;
}

/* Who called sudo shall be able to use what root made. */
static int give_to_caller(int fd)
{
	if (geteuid() == 0 && getenv("SUDO_UID") &&
	    fchown(fd, environment_id("SUDO_UID", -1), environment_id("SUDO_GID", -1)))
		return -errno;
	return 0;
}

static int make_one_folder(const char *path)
{
	int fd, err;

	if (mkdir(path, 0777))
		return errno == EEXIST ? 0 : -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = give_to_caller(fd);
	close(fd);
	return err;
}

int make_folder(const char *path, struct err *e)
{
	char *part = strdup(path);
	struct stat st;
	int err = part ? 0 : -ENOMEM;

	if (part && !*part)
		err = -ENOENT;
	for (char *slash = part; !err && slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		err = make_one_folder(part);
		if (slash)
			*slash = '/';
	}
	free(part);
	if (!err && !stat(path, &st) && !S_ISDIR(st.st_mode))
		err = -ENOTDIR;
	if (err)
		return err__set(e, ERR_IO, err, "cannot make the folder %s: %s", path,
				strerror(-err));
	return 0;
}

struct atomic_file {
	char *path;
	char *folder;
	FILE *stream;
	bool is_stdout;
	bool unnamed;	 /* written to a file that has no name yet */
	char *temporary; /* the name of the file that will replace the target; NULL: none */
};

static int write_failed(struct err *e, const char *path, int error)
{
	return err__set(e, ERR_IO, error, "cannot write %s: %s", path, strerror(error));
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, slash - path);
}

static int create_file(const char *name, int unused)
{
	(void)unused;
	return open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
}

static int link_file(const char *name, int fd)
{
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

/* Beside the target, as only there a rename is atomic, under a name that is nobody's. */
static int take_name(struct atomic_file *f, int (*take)(const char *name, int fd), int fd)
{
	static unsigned int serial;
	int result = -1;

	for (int i = 0; i < TEMPORARY_TRIES && result < 0; i++) {
		free(f->temporary);
		if (asprintf(&f->temporary, "%s/.ppbpf-%d-%u.tmp", f->folder, getpid(),
			     __atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED)) < 0) {
			f->temporary = NULL;
			return -ENOMEM;
		}
		result = take(f->temporary, fd);
		if (result < 0 && errno != EEXIST)
			break;
	}
	if (result >= 0)
		return result;
	result = -errno;
	/* It is not ours to remove: perhaps another's of this name. */
	free(f->temporary);
	f->temporary = NULL;
	return result;
}

/*
 * Without a name until the commit: killed before, we leave nothing. Not
 * mkstemp(), whose 0600 would hide what the user's umask lets others read.
 */
static int open_temporary(struct atomic_file *f)
{
	int fd = open(f->folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);

	f->unnamed = fd >= 0;
	if (fd >= 0)
		return fd;
	/* NFS, FUSE and others cannot. */
	if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)
		return take_name(f, create_file, -1);
	return -errno;
}

/* Permissions of the file that is replaced; ownership by who called sudo. */
static int adopt(int fd, const struct stat *old)
{
	if (old && fchmod(fd, old->st_mode & 0777))
		return -errno;
	return give_to_caller(fd);
}

static int open_target(struct atomic_file *f)
{
	struct stat st;
	bool exists = stat(f->path, &st) == 0;
	int fd, err;

	if (strcmp(f->path, "-") == 0) {
		f->is_stdout = true;
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		return fd < 0 ? -errno : fd;
	}
	if (!*f->path)
		return -ENOENT;
	if (exists && S_ISDIR(st.st_mode))
		return -EISDIR;
	if (exists && !S_ISREG(st.st_mode)) {
		fd = open(f->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return fd < 0 ? -errno : fd;
	}
	/* A read-only file in a writable folder could be replaced: its owner did not mean that. */
	if (exists && eaccess(f->path, W_OK))
		return -errno;
	fd = open_temporary(f);
	if (fd < 0)
		return fd;
	err = adopt(fd, exists ? &st : NULL);
	if (!err)
		return fd;
	close(fd);
	return err;
}

struct atomic_file *atomic_file__open(const char *path, struct err *e)
{
	struct atomic_file *f = calloc(1, sizeof(*f));
	int fd = -ENOMEM;

	if (f) {
		f->path = strdup(path);
		f->folder = folder_of(path);
	}
	if (!f || !f->path || !f->folder)
		goto fail;
	fd = open_target(f);
	if (fd < 0)
		goto fail;
	f->stream = fdopen(fd, "w");
	if (f->stream)
		return f;
	close(fd);
	fd = -ENOMEM;
fail:
	write_failed(e, path, -fd);
	atomic_file__free(f);
	return NULL;
}

FILE *atomic_file__stream(struct atomic_file *f)
{
	return f->stream;
}

/* The new name must survive a crash as well; some file systems cannot promise it. */
static int sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = 0;

	/* A folder that may be written but not read: nothing is lost but the promise. */
	if (fd < 0)
		return 0;
	if (fsync(fd) && errno != EINVAL && errno != EROFS)
		err = -errno;
	close(fd);
	return err;
}

static int flush(struct atomic_file *f)
{
	bool failed = ferror(f->stream);

	if (fflush(f->stream))
		return -errno;
	if (failed)
		return -EIO;
	/* What is no file (a pipe, a terminal) has nothing to synchronise. */
	if ((f->unnamed || f->temporary) && fsync(fileno(f->stream)))
		return -errno;
	return 0;
}

static int replace_target(struct atomic_file *f)
{
	if (rename(f->temporary, f->path))
		return -errno;
	free(f->temporary);
	f->temporary = NULL;
	return sync_folder(f->folder);
}

/* On the disk, under the temporary's name. */
static int finish_temporary(struct atomic_file *f)
{
	int err = flush(f);

	if (!err && f->unnamed && !f->temporary)
		err = take_name(f, link_file, fileno(f->stream));
	if (fclose(f->stream) && !err)
		err = -errno;
	f->stream = NULL;
	return err;
}

int atomic_file__commit(struct atomic_file *f, struct err *e)
{
	int err = finish_temporary(f);

	if (!err && f->temporary)
		err = replace_target(f);
	if (err)
		return write_failed(e, f->is_stdout ? "standard output" : f->path, -err);
	return 0;
}

/* Where renameat2() is not known (NFS), a link will do: neither replaces anything. */
static int name_temporary(struct atomic_file *f, const char *path)
{
	if (!f->temporary)
		return -EINVAL; /* a device, or a pipe: nothing that could get a name */
	if (!renameat2(AT_FDCWD, f->temporary, AT_FDCWD, path, RENAME_NOREPLACE)) {
		free(f->temporary);
		f->temporary = NULL;
		return 0;
	}
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	return link(f->temporary, path) ? -errno : 0;
}

int atomic_file__commit_new(struct atomic_file *f, const char *path, struct err *e)
{
	int err = f->stream ? finish_temporary(f) : 0;

	if (!err)
		err = name_temporary(f, path);
	if (err == -EEXIST)
		return err;
	if (!err)
		err = sync_folder(f->folder);
	return err ? write_failed(e, path, -err) : 0;
}

void atomic_file__free(struct atomic_file *f)
{
	if (!f)
		return;
	if (f->stream)
		fclose(f->stream);
	if (f->temporary)
		unlink(f->temporary);
	free(f->temporary);
	free(f->folder);
	free(f->path);
	free(f);
}
