// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/text.h"
#include "collect/features.h"

#define TEXT_MAX (1 << 20)
#define NO_LIMIT (1ULL << 60)	/* cgroup v1 writes a huge number for none */

/* One line of /proc/self/mountinfo; the pointers go into the line. */
struct mount {
	unsigned int major, minor;
	char *point;
	char *type;
	char *options;	/* of the super block: for cgroup v1 its controllers */
};

static bool mount__parse(char *line, struct mount *mount)
{
	char *fields[5], *save = NULL, *dash = strstr(line, " - ");

	if (!dash)
		return false;
	*dash = '\0';
	for (size_t i = 0; i < 5; i++) {
		fields[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!fields[i])
			return false;
	}
	if (sscanf(fields[2], "%u:%u", &mount->major, &mount->minor) != 2)
		return false;
	mount->point = fields[4];
	mount->type = strtok_r(dash + 3, " ", &save);
	strtok_r(NULL, " ", &save);	/* source */
	mount->options = strtok_r(NULL, " ", &save);
	return mount->type && mount->options;
}

typedef bool (*mount_fn)(const struct mount *mount, void *context);

/* Until `each` returns true. */
static bool for_each_mount(mount_fn each, void *context)
{
	struct buf text = BUF_INIT;
	char *line, *save = NULL;
	struct mount mount;
	bool found = false;

	if (!read_file("/proc/self/mountinfo", TEXT_MAX, &text, NULL))
		for (line = strtok_r(text.data, "\n", &save); line && !found;
		     line = strtok_r(NULL, "\n", &save))
			found = mount__parse(line, &mount) && each(&mount, context);
	buf__free(&text);
	return found;
}

struct by_device {
	dev_t device;
	int subsys;
};

/* A v1 hierarchy may carry several controllers: any of them identifies it. */
static bool on_device(const struct mount *mount, void *context)
{
	struct by_device *wanted = context;
	char options[256], *option, *save = NULL;

	if (makedev(mount->major, mount->minor) != wanted->device)
		return false;
	text_copy(options, sizeof(options), mount->options);
	for (option = strtok_r(options, ",", &save); option; option = strtok_r(NULL, ",", &save)) {
		wanted->subsys = features__cgroup_subsys(option);
		if (wanted->subsys >= 0)
			return true;
	}
	return false;
}

int cgroup__resolve(const char *path, struct cgroup_ref *out, struct err *e)
{
	struct by_device wanted = { .subsys = -1 };
	struct statfs fs;
	struct stat st;

	if (stat(path, &st) || statfs(path, &fs)) {
		err__set(e, ERR_NOT_FOUND, -errno, "no cgroup at %s: %s", path, strerror(errno));
		err__hint(e, "cgroups are directories below /sys/fs/cgroup");
		return e->code;
	}
	if (!S_ISDIR(st.st_mode) ||
	    (fs.f_type != CGROUP2_SUPER_MAGIC && fs.f_type != CGROUP_SUPER_MAGIC)) {
		err__set(e, ERR_NOT_FOUND, -EINVAL, "%s is not a cgroup", path);
		err__hint(e, "give a directory below /sys/fs/cgroup; /proc/PID/cgroup names a "
			  "process's own");
		return -EINVAL;
	}
	out->id = st.st_ino;
	out->subsys = -1;
	if (fs.f_type == CGROUP2_SUPER_MAGIC)
		return 0;
	wanted.device = st.st_dev;
	if (!for_each_mount(on_device, &wanted)) {
		err__set(e, ERR_UNSUPPORTED_KERNEL, -ENOTSUP,
			 "the hierarchy of %s has no controller that the kernel numbers", path);
		err__hint(e, "name the same group in the cpu or memory hierarchy");
		return -ENOTSUP;
	}
	out->subsys = wanted.subsys;
	return 0;
}

struct memory_mount {
	bool v2;
	char point[PATH_MAX];
};

static bool on_memory(const struct mount *mount, void *context)
{
	struct memory_mount *wanted = context;
	const char *options = mount->options, *at;

	if (strcmp(mount->type, wanted->v2 ? "cgroup2" : "cgroup"))
		return false;
	at = strstr(options, "memory");
	if (!wanted->v2 && !(at && (at == options || at[-1] == ',') && strchr(",", at[6])))
		return false;
	text_copy(wanted->point, sizeof(wanted->point), mount->point);
	return true;
}

/* The process's cgroup in the hierarchy that accounts memory; false: none does. */
static bool memory_cgroup_of(pid_t pid, char *path, size_t size, struct memory_mount *mount)
{
	char proc[64], *line, *save = NULL, *group, *v1 = NULL, *v2 = NULL;
	struct buf text = BUF_INIT;
	bool found = false;

	snprintf(proc, sizeof(proc), "/proc/%d/cgroup", pid);
	if (read_file(proc, TEXT_MAX, &text, NULL))
		goto out;
	for (line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		group = strstr(line, ":/");
		if (!group)
			continue;
		*group++ = '\0';
		if (!strcmp(line, "0:"))
			v2 = group;
		else if (strstr(line, ":memory") || strstr(line, ",memory"))
			v1 = group;
	}
	mount->v2 = !v1;
	group = v1 ? v1 : v2;
	if (group && for_each_mount(on_memory, mount))
		found = snprintf(path, size, "%s%s", mount->point, group) < (int)size;
out:
	buf__free(&text);
	return found;
}

static bool read_number(const char *directory, const char *file, uint64_t *n)
{
	char path[PATH_MAX + 64];
	struct buf text = BUF_INIT;
	bool known;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	known = !read_file(path, 64, &text, NULL) &&
		sscanf(buf__str(&text), "%" SCNu64, n) == 1;	/* "max" is no number */
	buf__free(&text);
	return known;
}

void cgroup__memory(pid_t pid, const char *given, struct value values[CGROUP_VALUE_NR])
{
	struct value *now = &values[CGROUP_MEMORY_BYTES];
	struct value *limit = &values[CGROUP_MEMORY_LIMIT_BYTES];
	struct memory_mount mount = { 0 };
	char path[PATH_MAX];
	struct statfs fs;
	uint64_t n;
	char *slash;

	if (given) {
		if (statfs(given, &fs))
			return;
		mount.v2 = fs.f_type == CGROUP2_SUPER_MAGIC;
		text_copy(path, sizeof(path), given);
	} else if (!memory_cgroup_of(pid, path, sizeof(path), &mount)) {
		return;
	}
	now->known = read_number(path, mount.v2 ? "memory.current" : "memory.usage_in_bytes",
				 &now->n);
	do {
		if (read_number(path, mount.v2 ? "memory.max" : "memory.limit_in_bytes", &n) &&
		    n < NO_LIMIT && (!limit->known || n < limit->n))
			*limit = (struct value){ .known = true, .n = n };
		slash = strrchr(path, '/');
		if (slash)
			*slash = '\0';
	} while (slash && strlen(path) >= strlen("/sys/fs/cgroup"));
}

/* What cannot be read has no processes: a threaded cgroup, or one that is just gone. */
static int each_pid_of(const char *path, int (*each)(pid_t pid, void *context), void *context)
{
	struct buf text = BUF_INIT;
	char file[PATH_MAX + 16], *end;
	const char *at;
	int err = 0;
	long pid;

	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	if (!read_file(file, TEXT_MAX, &text, NULL))
		for (at = buf__str(&text); !err; at = end) {
			pid = strtol(at, &end, 10);
			if (end == at)
				break;
			err = each(pid, context);
		}
	buf__free(&text);
	return err;
}

int cgroup__each_pid(const char *path, int (*each)(pid_t pid, void *context), void *context)
{
	char below[PATH_MAX];
	struct dirent *entry;
	int err = each_pid_of(path, each, context);
	DIR *dir = err ? NULL : opendir(path);

	while (dir && !err && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) <
			    (int)sizeof(below))
			err = cgroup__each_pid(below, each, context);
	if (dir)
		closedir(dir);
	return err;
}

struct hierarchies {
	bool (*each)(const char *point, void *context);
	void *context;
	const char *type;
};

/* One of v1 without a controller cannot be matched by the kernel's programs. */
static bool on_hierarchy(const struct mount *mount, void *context)
{
	struct hierarchies *hierarchies = context;

	return !strcmp(mount->type, hierarchies->type) && !strstr(mount->options, "name=") &&
	       hierarchies->each(mount->point, hierarchies->context);
}

void cgroup__each_hierarchy(bool (*each)(const char *point, void *context), void *context)
{
	struct hierarchies v2 = { each, context, "cgroup2" }, v1 = { each, context, "cgroup" };

	if (!for_each_mount(on_hierarchy, &v2))
		for_each_mount(on_hierarchy, &v1);
}
