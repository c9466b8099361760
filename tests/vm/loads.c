// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Preloaded into ppbpf (LD_PRELOAD): appends a line to the file that $LOADS names
 * for each BPF program that the kernel takes,
 *
 *	NAME VERIFIED NANOSECONDS
 *
 * the instructions that the verifier looked at (Linux 5.16), and how long the
 * call took. libbpf makes its calls by syscall(), which is ours then: so programs
 * are seen as the commands load them, with the values that they set before.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

long syscall(long number, ...);

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Its whole name, which the kernel cuts to 15 letters everywhere but in its types. */
static void tell(int program, uint64_t took_ns)
{
	struct bpf_func_info function = { 0 };
	struct bpf_prog_info info = {
		.nr_func_info = 1, .func_info_rec_size = sizeof(function),
		.func_info = (uintptr_t)&function,
	};
	const char *path = getenv("LOADS");
	const struct btf_type *type;
	uint32_t size = sizeof(info);
	char line[256];
	struct btf *btf;
	int fd;

	if (!path || bpf_obj_get_info_by_fd(program, &info, &size) || !info.nr_func_info)
		return; /* no type of its own: one of libbpf's trials of the kernel */
	btf = btf__load_from_kernel_by_id(info.btf_id);
	type = btf ? btf__type_by_id(btf, function.type_id) : NULL;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (type && fd >= 0) {
		snprintf(line, sizeof(line), "%s %u %" PRIu64 "\n",
			 btf__name_by_offset(btf, type->name_off), info.verified_insns, took_ns);
		if (write(fd, line, strlen(line)) < 0)
			perror(path);
	}
	if (fd >= 0)
		close(fd);
	btf__free(btf);
}

long syscall(long number, ...)
{
	static long (*next)(long number, ...);
	long argument[6], result;
	uint64_t begin;
	va_list list;
	int error;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		argument[i] = va_arg(list, long);
	va_end(list);
	if (!next)
		next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	begin = now_ns();
	result = next(number, argument[0], argument[1], argument[2], argument[3], argument[4],
		      argument[5]);
	if (number == SYS_bpf && argument[0] == BPF_PROG_LOAD && result >= 0) {
		error = errno;
		tell((int)result, now_ns() - begin);
		errno = error;
	}
	return result;
}
