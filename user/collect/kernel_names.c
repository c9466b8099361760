// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/kernel_names.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "collect/skeleton.h"
#include "names.skel.h"

/* The kernel's answers to what is in the program's memory. */
static int ask(struct names_bpf *skel)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	return bpf_prog_test_run_opts(bpf_program__fd(skel->progs.kernel_names), &options);
}

/* So many of the addresses, from the first on. */
static int read_batch(struct names_bpf *skel, const uint64_t *addresses, size_t count,
		      char (*texts)[PPBPF_KERNEL_TEXT])
{
	int err;

	for (size_t i = 0; i < count; i++)
		skel->bss->names[i] = (struct ppbpf_kernel_name){ .address = addresses[i] };
	skel->bss->name_count = count;
	err = ask(skel);
	for (size_t i = 0; i < count && !err; i++) {
		const struct ppbpf_kernel_name *name = &skel->bss->names[i];

		if (!name->length || name->length > sizeof(name->text))
			err = -E2BIG;
		else
			text_copy(texts[i], sizeof(texts[i]), name->text);
	}
	return err;
}

int kernel_names__read(const uint64_t *addresses, size_t count, char (*texts)[PPBPF_KERNEL_TEXT])
{
	struct names_bpf *skel = names_bpf__open_and_load();
	int err = skel ? 0 : -errno;

	for (size_t at = 0; at < count && !err; at += PPBPF_KERNEL_NAMES) {
		size_t batch = count - at < PPBPF_KERNEL_NAMES ? count - at : PPBPF_KERNEL_NAMES;

		err = read_batch(skel, addresses + at, batch, texts + at);
	}
	names_bpf__destroy(skel);
	return err;
}

int kernel_names__function(const char *name, uint64_t *start, uint64_t *end)
{
	struct names_bpf *skel = names_bpf__open_and_load();
	char text[1][PPBPF_KERNEL_TEXT];
	uint64_t size;
	int err = skel ? 0 : -errno;

	if (!err) {
		text_copy(skel->bss->function_name, sizeof(skel->bss->function_name), name);
		err = ask(skel);
	}
	if (!err && !skel->bss->function_start)
		err = -ENOENT;
	if (!err) {
		*start = skel->bss->function_start;
		err = read_batch(skel, start, 1, text);
	}
	/* "name+0x0/0x1230" */
	if (!err && sscanf(text[0], "%*[^+]+0x0/%" SCNx64, &size) != 1)
		err = -ENOENT;
	if (!err)
		*end = *start + size;
	names_bpf__destroy(skel);
	return err;
}
