/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The systemd unit and the container that a cgroup's path names. */
#ifndef PPBPF_COLLECT_PLACE_H
#define PPBPF_COLLECT_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct err;

#define PLACE_ID 64		/* hex digits of a container's id */
#define PLACE_ID_MIN 6		/* of the beginning by which one is named */

struct place {
	char unit[128];			/* "nginx.service"; "": none */
	char container[PLACE_ID + 1];	/* its id; "": none */
	const char *runtime;		/* "docker", "containerd", "podman", "cri-o", "kubernetes"; "" */
};

/* Of one path, as systemd, docker, containerd, podman, CRI-O and the kubelet make them. */
void place__parse(const char *path, struct place *place);

/* Of a live process, by /proc/PID/cgroup. Negative errno. */
int place__of(pid_t pid, struct place *place);

/*
 * Whether a live process is in a group of this unit (".service" may be left out), or of the
 * container whose id begins so; each may be NULL, and what is no id fits nobody.
 */
bool place__has(pid_t pid, const char *unit, const char *container);

/* 0, or -EINVAL and *e: these are not the first digits of an id. */
int place__check_id(const char *id, struct err *e);

/*
 * The directory of a unit (".service" may be left out), or of a container by the beginning
 * of its id: in a cgroup v2 hierarchy, or else in one of v1. Negative errno, and *e: there is
 * none, or more than one.
 */
int place__find_unit(const char *unit, char path[PATH_MAX], struct err *e);
int place__find_container(const char *id, char path[PATH_MAX], struct err *e);

#endif
