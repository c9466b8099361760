// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/place.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/text.h"
#include "collect/cgroup.h"

#define TEXT_MAX (1 << 20)
#define HEX "0123456789abcdef"
#define DEPTH_MAX 16

/* Who names its groups so; the first that fits. An own one's monitor is no container. */
static const struct {
	const char *prefix, *runtime;
} runtimes[] = {
	{ "docker-", "docker" },
	{ "cri-containerd-", "containerd" },
	{ "nerdctl-", "containerd" },
	{ "libpod-conmon-", NULL },
	{ "libpod-", "podman" },
	{ "crio-conmon-", NULL },
	{ "crio-", "cri-o" },
};

static const struct {
	const char *parent, *runtime;
} parents[] = {
	{ "docker", "docker" }, { "kubepods", "kubernetes" }, { "pod", "kubernetes" },
	{ "libpod_parent", "podman" },
};

static bool begins(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static bool ends(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length > tail && !strcmp(text + length - tail, suffix);
}

/* Where a name could be that of a file of the kernel's, systemd puts this before it. */
static const char *unescaped(const char *name)
{
	return name + (*name == '_');
}

/* Units that have processes, but for slices: these hold others. */
static bool is_unit(const char *name)
{
	static const char *const types[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (ends(name, types[i]))
			return true;
	return false;
}

static const char *runtime_of_parent(const char *parent)
{
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++)
		if (begins(parent, parents[i].parent))
			return parents[i].runtime;
	return "";
}

/*
 * "docker-ID.scope", or an id alone in a group of its runtime's; "SLICE:cri-containerd:ID" where
 * a runtime that manages groups itself is given the name of one of systemd's.
 */
static bool is_container(const char *name, const char *parent, struct place *place)
{
	const char *id = name, *runtime = runtime_of_parent(parent), *slice = strchr(name, ':');
	const char *maker = slice ? slice + 1 : name;
	size_t length;

	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
		length = strlen(runtimes[i].prefix) - 1;
		if (!strncmp(maker, runtimes[i].prefix, length) &&
		    maker[length] == (slice ? ':' : '-')) {
			id = maker + length + 1;
			runtime = runtimes[i].runtime;
			break;
		}
	}
	length = strspn(id, HEX);
	if (!runtime || length != PLACE_ID || (id[length] && strcmp(id + length, ".scope")))
		return false;
	if (!*runtime && id == name && id[length])
		return false;
	memcpy(place->container, id, length);
	place->container[length] = '\0';
	place->runtime = runtime;
	return true;
}

void place__parse(const char *path, struct place *place)
{
	char name[256], parent[256] = "";
	size_t length;

	*place = (struct place){ .runtime = "" };
	while (*path && !*place->container) {
		path += strspn(path, "/");
		length = strcspn(path, "/");
		snprintf(name, sizeof(name), "%.*s", (int)length, path);
		path += length;
		is_container(name, parent, place);
		if (is_unit(unescaped(name)))
			text_copy(place->unit, sizeof(place->unit), unescaped(name));
		text_copy(parent, sizeof(parent), name);
	}
}

/* "4:memory:/docker/ID", "0::/system.slice/nginx.service", "1:name=systemd:/..." */
static void add_line(char *line, struct place *place)
{
	char *controllers = strchr(line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;
	struct place one;

	if (!path)
		return;
	*path++ = '\0';
	place__parse(path, &one);
	if (!*place->container && *one.container) {
		memcpy(place->container, one.container, sizeof(one.container));
		place->runtime = one.runtime;
	}
	if (!*place->unit && (!controllers[1] || !strcmp(controllers, ":name=systemd")))
		memcpy(place->unit, one.unit, sizeof(one.unit));
}

int place__of(pid_t pid, struct place *place)
{
	struct buf text = BUF_INIT;
	char path[32], *line, *save = NULL;
	int err;

	*place = (struct place){ .runtime = "" };
	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	err = read_file(path, TEXT_MAX, &text, NULL);
	if (!err)
		for (line = strtok_r(text.data, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			add_line(line, place);
	buf__free(&text);
	return err;
}

/* --- by name -------------------------------------------------------------------- */

struct search {
	const char *unit;	/* or... */
	const char *container;
	char found[PATH_MAX];	/* the first one, of those that somebody is in if there are such */
	char other[PATH_MAX];	/* another one in the same hierarchy */
	bool populated;
};

static int on_member(pid_t pid, void *context)
{
	(void)pid;
	(void)context;
	return 1;
}

static bool fits(const struct search *search, const char *name, const char *parent)
{
	struct place place;
	const char *unit;
	size_t length;

	if (search->container)
		return is_container(name, parent, &place) &&
		       begins(place.container, search->container);
	name = unescaped(name);
	unit = unescaped(search->unit);
	length = strlen(unit);
	return begins(name, unit) && (!name[length] || !strcmp(name + length, ".service"));
}

static bool is_id(const char *text)
{
	size_t length = strlen(text);

	return length >= PLACE_ID_MIN && length <= PLACE_ID && strspn(text, HEX) == length;
}

/* Some part of a group's path is what is looked for. */
static bool path_fits(const struct search *search, const char *path)
{
	char name[256], parent[256] = "";
	size_t length;

	while (*(path += strspn(path, "/"))) {
		length = strcspn(path, "/");
		snprintf(name, sizeof(name), "%.*s", (int)length, path);
		if (fits(search, name, parent))
			return true;
		text_copy(parent, sizeof(parent), name);
		path += length;
	}
	return false;
}

bool place__has(pid_t pid, const char *unit, const char *container)
{
	const struct search by_unit = { .unit = unit }, by_container = { .container = container };
	struct buf text = BUF_INIT;
	char file[32], *line, *save = NULL, *path;
	bool has = false;

	if (container && !is_id(container))
		container = NULL;
	if (!unit && !container)
		return false;
	snprintf(file, sizeof(file), "/proc/%d/cgroup", pid);
	if (!read_file(file, TEXT_MAX, &text, NULL))
		for (line = strtok_r(text.data, "\n", &save); line && !has;
		     line = strtok_r(NULL, "\n", &save)) {
			path = strchr(line, ':');
			path = path ? strchr(path + 1, ':') : NULL;
			has = path && ((unit && path_fits(&by_unit, path + 1)) ||
				       (container && path_fits(&by_container, path + 1)));
		}
	buf__free(&text);
	return has;
}

static void take(struct search *search, const char *path)
{
	bool populated = cgroup__each_pid(path, on_member, NULL) > 0;

	if (*search->found && (search->populated || !populated)) {
		if (populated)
			text_copy(search->other, sizeof(search->other), path);
		return;
	}
	text_copy(search->found, sizeof(search->found), path);
	search->populated = populated;
}

/* Not below one that was found, nor, for a unit, in a container: those units are its own. */
static void look_below(struct search *search, const char *path, const char *parent, int depth)
{
	DIR *dir = depth < DEPTH_MAX ? opendir(path) : NULL;
	char below[PATH_MAX];
	struct dirent *entry;
	struct place place;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >=
			    (int)sizeof(below))
			continue;
		if (fits(search, entry->d_name, parent))
			take(search, below);
		else if (!search->unit || !is_container(entry->d_name, parent, &place))
			look_below(search, below, entry->d_name, depth + 1);
	}
	if (dir)
		closedir(dir);
}

/* A hierarchy in which nobody is in the group does for want of a better one only. */
static bool on_hierarchy(const char *point, void *context)
{
	struct search *search = context;

	look_below(search, point, "", 0);
	return search->populated;
}

static int find(struct search *search, char path[PATH_MAX], const char *what, const char *name,
		struct err *e)
{
	cgroup__each_hierarchy(on_hierarchy, search);
	if (!*search->found) {
		err__set(e, ERR_NOT_FOUND, -ENOENT, "no cgroup is that of %s %s", what, name);
		err__hint(e, "is it running? systemd-cgls lists cgroups; --cgroup takes a directory");
		return -ENOENT;
	}
	if (*search->other) {
		err__set(e, ERR_NOT_FOUND, -EEXIST, "%s %s is not one: %s and %s", what, name,
			 search->found, search->other);
		err__hint(e, "name one of these by --cgroup");
		return -EEXIST;
	}
	text_copy(path, PATH_MAX, search->found);
	return 0;
}

int place__find_unit(const char *unit, char path[PATH_MAX], struct err *e)
{
	struct search search = { .unit = unit };

	if (!*unit || strchr(unit, '/')) {
		err__set(e, ERR_USAGE, -EINVAL, "--unit takes a unit's name: not \"%s\"", unit);
		err__hint(e, "systemctl list-units has them");
		return -EINVAL;
	}
	return find(&search, path, "the unit", unit, e);
}

int place__check_id(const char *id, struct err *e)
{
	if (is_id(id))
		return 0;
	err__set(e, ERR_USAGE, -EINVAL, "--container takes %d or more digits of a container's "
		 "id: not \"%s\"", PLACE_ID_MIN, id);
	err__hint(e, "docker ps, podman ps or crictl ps list them");
	return -EINVAL;
}

int place__find_container(const char *id, char path[PATH_MAX], struct err *e)
{
	struct search search = { .container = id };
	int err = place__check_id(id, e);

	return err ? err : find(&search, path, "the container", id, e);
}
