// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "collect/place.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Paths as these programs make them, and what they mean; %s is an id. */
static const struct {
	const char *path, *unit, *runtime;	/* runtime NULL: no container */
} paths[] = {
	{ "/system.slice/nginx.service", "nginx.service", NULL },
	{ "/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service", "foo.service", NULL },
	{ "/user.slice/user-1000.slice/session-3.scope", "session-3.scope", NULL },
	{ "/", "", NULL },
	{ "", "", NULL },
	{ "/init.scope", "init.scope", NULL },
	{ "/system.slice", "", NULL },
	{ "/docker/" ID, "", "docker" },
	{ "/docker/" ID "/system.slice/inside.service", "", "docker" },
	{ "/system.slice/docker-" ID ".scope", "docker-" ID ".scope", "docker" },
	{ "/kubepods/burstable/pod7a6b0c56-1b1e-4a6e-8f0c-1f1f6f1e2d3c/" ID, "", "kubernetes" },
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/cri-containerd-"
	  ID ".scope", "cri-containerd-" ID ".scope", "containerd" },
	{ "/kubepods.slice/kubepods-pod1.slice/crio-" ID ".scope", "crio-" ID ".scope", "cri-o" },
	{ "/kubepods.slice/kubepods-pod1.slice/crio-conmon-" ID ".scope",
	  "crio-conmon-" ID ".scope", NULL },
	{ "/machine.slice/libpod-" ID ".scope/container", "libpod-" ID ".scope", "podman" },
	{ "/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope", NULL },
	{ "/libpod_parent/libpod-" ID, "", "podman" },
	{ "/system.slice/nerdctl-" ID ".scope", "nerdctl-" ID ".scope", "containerd" },
	{ "/default/" ID, "", "" },
	{ "/kubepods/besteffort/pod7a6b0c56-1b1e-4a6e-8f0c-1f1f6f1e2d3c/crio-" ID, "", "cri-o" },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod7a6b0c56_1b1e_4a6e.slice/"
	  "docker-" ID ".scope", "docker-" ID ".scope", "docker" },
	{ "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod1.slice/cri-containerd-" ID
	  ".scope", "cri-containerd-" ID ".scope", "containerd" },
	{ "/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:" ID,
	  "containerd.service", "containerd" },
	{ "/k8s.io/" ID, "", "" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
	  "libpod-" ID ".scope", "podman" },
	{ "/machine.slice/machine-libpod_pod_" ID ".slice/libpod-" ID ".scope",
	  "libpod-" ID ".scope", "podman" },
	{ "/system.slice/docker.service", "docker.service", NULL },
	{ "/system.slice/a:b:c", "", NULL },
	/* units: of templates, with escaped names, behind systemd's own mark, not services */
	{ "/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", NULL },
	{ "/system.slice/system-cpu\\x2dload.slice/cpu\\x2dload@a\\x2db.service",
	  "cpu\\x2dload@a\\x2db.service", NULL },
	{ "/system.slice/_memory.service", "memory.service", NULL },
	{ "/system.slice/dev-hugepages.mount", "dev-hugepages.mount", NULL },
	{ "/system.slice/docker.socket", "docker.socket", NULL },
	{ "/system.slice/_.service", "", NULL },
	/* no ids: too short, too long, no digits */
	{ "/docker/0123456789abcdef", "", NULL },
	{ "/docker/" ID "0", "", NULL },
	{ "/docker/buildkit", "", NULL },
	{ "/a/.service", "", NULL },
};

static void paths_as_their_makers_write_them(void **state)
{
	struct place place;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		place__parse(paths[i].path, &place);
		if (strncmp(place.unit, paths[i].unit, sizeof(place.unit) - 1) ||
		    strcmp(place.container, paths[i].runtime ? ID : "") ||
		    strcmp(place.runtime, paths[i].runtime ? paths[i].runtime : ""))
			fail_msg("%s: unit \"%s\", container \"%s\" of \"%s\"", paths[i].path, place.unit,
				 place.container, place.runtime);
	}
}

/* Names are anybody's who may make a cgroup: as long as a file's may be. */
static void long_names_are_cut(void **state)
{
	char path[1024] = "/";
	struct place place;

	(void)state;
	memset(path + 1, 'x', 250);
	strcpy(path + 240, ".service/");
	memset(path + strlen(path), 'a', 255);
	place__parse(path, &place);
	assert_int_equal(strlen(place.unit), sizeof(place.unit) - 1);
	assert_string_equal(place.container, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_as_their_makers_write_them),
		cmocka_unit_test(long_names_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
