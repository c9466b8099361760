// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/uprobes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the kernel's uapi since 6.6; the libbpf and headers of many systems are older. */
#define TRACE_UPROBE_MULTI 48
#define UPROBE_MULTI_RETURN 1

struct link_create_uprobe_multi {
	uint32_t prog_fd;
	uint32_t target_fd;
	uint32_t attach_type;
	uint32_t link_flags;
	uint64_t path;
	uint64_t offsets;
	uint64_t ref_ctr_offsets;
	uint64_t cookies;
	uint32_t cnt;
	uint32_t flags;
	uint32_t pid;
	uint32_t pad;
};

_Static_assert(sizeof(struct link_create_uprobe_multi) == 64, "as in the kernel's union bpf_attr");

void uprobes__prepare(const struct uprobes *uprobes, struct bpf_program *program)
{
	if (!uprobes->single)
		bpf_program__set_expected_attach_type(program,
						      (enum bpf_attach_type)TRACE_UPROBE_MULTI);
}

static uint64_t address(const void *pointer)
{
	return (uintptr_t)pointer;
}

static int attach_many(struct uprobes *uprobes, const struct bpf_program *program,
		       const struct uprobe_places *places)
{
	struct link_create_uprobe_multi attr = {
		.prog_fd = bpf_program__fd(program),
		.attach_type = TRACE_UPROBE_MULTI,
		.path = address(places->path),
		.offsets = address(places->offsets),
		.ref_ctr_offsets = address(places->semaphores),
		.cookies = address(places->cookies),
		.cnt = places->count,
		.flags = places->returns ? UPROBE_MULTI_RETURN : 0,
		.pid = places->pid,
	};
	int *more = realloc(uprobes->fds, (uprobes->fd_count + 1) * sizeof(*more));
	int fd;

	if (!more)
		return -ENOMEM;
	uprobes->fds = more;
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	if (fd < 0)	/* what an older kernel makes of an attribute that it does not know */
		return errno == EINVAL || errno == E2BIG ? -EOPNOTSUPP : -errno;
	more[uprobes->fd_count++] = fd;
	return 0;
}

static int attach_single(struct uprobes *uprobes, const struct bpf_program *program,
			 const struct uprobe_places *places)
{
	DECLARE_LIBBPF_OPTS(bpf_uprobe_opts, options, .retprobe = places->returns);
	struct bpf_link **more;

	more = realloc(uprobes->links, (uprobes->link_count + places->count) * sizeof(void *));
	if (!more)
		return -ENOMEM;
	uprobes->links = more;
	for (size_t i = 0; i < places->count; i++) {
		options.bpf_cookie = places->cookies[i];
		options.ref_ctr_offset = places->semaphores[i];
		more[uprobes->link_count] = bpf_program__attach_uprobe_opts(
			program, places->pid ? places->pid : -1, places->path, places->offsets[i],
			&options);
		if (!more[uprobes->link_count])
			return -errno;
		uprobes->link_count++;
	}
	return 0;
}

int uprobes__attach(struct uprobes *uprobes, const struct bpf_program *program,
		    const struct uprobe_places *places)
{
	if (!places->count)
		return 0;
	return uprobes->single ? attach_single(uprobes, program, places) :
				 attach_many(uprobes, program, places);
}

void *uprobes__validate(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *mapping = MAP_FAILED;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && st.st_size > 0) {
		*size = st.st_size;
		mapping = mmap(NULL, *size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	}
	if (fd >= 0)
		close(fd);
	return mapping == MAP_FAILED ? NULL : mapping;
}

void uprobes__free(struct uprobes *uprobes)
{
	for (size_t i = 0; i < uprobes->fd_count; i++)
		close(uprobes->fds[i]);
	for (size_t i = 0; i < uprobes->link_count; i++)
		bpf_link__destroy(uprobes->links[i]);
	free(uprobes->fds);
	free(uprobes->links);
	*uprobes = (struct uprobes){ .single = uprobes->single };
}
