// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/binaries.h"
#include "collect/uprobes.h"
#include "symbol/elf.h"

#define EX 1	/* the cookie of functions that hand the length back by a pointer */

static const struct {
	const char *name;
	uint64_t cookie;
	bool writes, reads;	/* neither: SSL_free */
} functions[] = {
	{ "SSL_write", 0, true, false },
	{ "SSL_write_ex", EX, true, false },
	{ "SSL_read", 0, false, true },
	{ "SSL_read_ex", EX, false, true },
	{ "SSL_free", 0, false, false },
};

#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

struct tls {
	struct tls_programs programs;
	struct uprobes probes;
	size_t files;
	struct file_id {
		dev_t device;
		ino_t inode;
	} *known;	/* looked at already */
	size_t known_count, known_capacity;
};

struct tls *tls__new(const struct tls_programs *programs)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (tls) {
		tls->programs = *programs;
		tls->probes.single = programs->single;
	}
	return tls;
}

void tls__free(struct tls *tls)
{
	if (!tls)
		return;
	uprobes__free(&tls->probes);
	free(tls->known);
	free(tls);
}

size_t tls__files(const struct tls *tls)
{
	return tls->files;
}

/* 1: it is new; 0: it has been looked at. */
static int remember(struct tls *tls, const struct binary *binary)
{
	size_t capacity = tls->known_capacity ? 2 * tls->known_capacity : 64;
	struct file_id *more;

	for (size_t i = 0; i < tls->known_count; i++)
		if (tls->known[i].device == binary->device &&
		    tls->known[i].inode == binary->inode)
			return 0;
	if (tls->known_count == tls->known_capacity) {
		more = realloc(tls->known, capacity * sizeof(*more));
		if (!more)
			return -ENOMEM;
		tls->known = more;
		tls->known_capacity = capacity;
	}
	tls->known[tls->known_count++] = (struct file_id){ binary->device, binary->inode };
	return 1;
}

struct search {
	struct elf *elf;
	uint64_t offsets[FUNCTIONS];	/* 0: not there */
};

static int on_symbol(const struct elf_symbol *symbol, void *context)
{
	struct search *search = context;
	uint64_t offset;

	if (strncmp(symbol->name, "SSL_", 4) != 0)
		return 0;
	for (size_t i = 0; i < FUNCTIONS; i++)
		if (!strcmp(symbol->name, functions[i].name) &&
		    !elf__offset_of(search->elf, symbol->address, &offset))
			search->offsets[i] = offset;
	return 0;
}

static int attach_kind(struct tls *tls, const char *path, const struct search *search,
		       const struct bpf_program *program, bool writes, bool reads, bool returns)
{
	uint64_t offsets[FUNCTIONS], cookies[FUNCTIONS], none[FUNCTIONS] = { 0 };
	struct uprobe_places places = { .path = path, .offsets = offsets, .cookies = cookies,
					.semaphores = none, .returns = returns };

	for (size_t i = 0; i < FUNCTIONS; i++) {
		if (!search->offsets[i] || functions[i].writes != writes ||
		    functions[i].reads != reads)
			continue;
		offsets[places.count] = search->offsets[i];
		cookies[places.count++] = functions[i].cookie;
	}
	return uprobes__attach(&tls->probes, program, &places);
}

static int attach(struct tls *tls, const char *path, const struct search *search)
{
	const struct tls_programs *programs = &tls->programs;
	int err;

	/* returns first: a begin must not be without its end */
	err = attach_kind(tls, path, search, programs->read_end, false, true, true);
	if (!err)
		err = attach_kind(tls, path, search, programs->read_begin, false, true, false);
	if (!err)
		err = attach_kind(tls, path, search, programs->write, true, false, false);
	if (!err)
		err = attach_kind(tls, path, search, programs->free, false, false, false);
	return err;
}

/* A file without OpenSSL in it, or one that cannot be read, has nothing to be probed. */
static int add_file(struct tls *tls, const struct binary *binary)
{
	struct search search = { 0 };
	int fd = open(binary->path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return 0;
	if (!elf__open(&search.elf, fd)) {
		elf__symbols(search.elf, ELF_DYNSYM, on_symbol, &search);
		if (!search.offsets[0])
			elf__symbols(search.elf, ELF_SYMTAB, on_symbol, &search);
		if (search.offsets[0]) {
			err = attach(tls, binary->path, &search);
			tls->files += !err;
		}
		elf__free(search.elf);
	}
	close(fd);
	return err;
}

int tls__add_process(struct tls *tls, pid_t pid)
{
	struct binaries binaries = { 0 };
	int err = binaries__add_mapped(&binaries, pid);

	if (err == -ESRCH || err == -EACCES)
		err = 0;
	for (size_t i = 0; i < binaries.count && !err; i++) {
		err = remember(tls, &binaries.binaries[i]);
		if (err > 0)
			err = add_file(tls, &binaries.binaries[i]);
	}
	binaries__free(&binaries);
	return err;
}
