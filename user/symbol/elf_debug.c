// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Where the symbols of a stripped file are: in another file, or packed into it. */
#include <errno.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "symbol/elf.h"
#include "symbol/root.h"

#define DEBUG_ROOT "/usr/lib/debug"
#define UNPACKED_MAX (256UL << 20)	/* bytes of an unpacked symbol table */
#define UNPACK_MEMORY (128UL << 20)
#define CHECKED_MAX (4ULL << 30)	/* a debug file's size, to be checksummed */

/* What a debug file is looked for by. */
struct search {
	struct elf *stripped;
	const char *path;
	int root;		/* -1: ours */
	const char *link;	/* the file's name in .gnu_debuglink; NULL: none */
	uint32_t checksum;
};

/* The name is the stranger's: one part of a path, and nothing else. */
static void read_link(struct search *search)
{
	struct elf_section section;
	const char *name;
	size_t length;

	if (elf__section(search->stripped, ".gnu_debuglink", true, &section))
		return;
	name = section.data;
	length = strnlen(name, section.size);
	if (!length || length > 255 || memchr(name, '/', length) ||
	    ((length + 4) & ~3UL) + 4 > section.size)
		return;
	memcpy(&search->checksum, name + ((length + 4) & ~3UL), sizeof(search->checksum));
	search->link = name;
}

static bool checksum_fits(int fd, uint32_t wanted)
{
	uint32_t sum = crc32(0, NULL, 0);
	static const size_t step = 1 << 18;
	unsigned char *bytes = malloc(step);
	struct stat st;
	off_t at = 0;
	ssize_t n = 0;

	if (bytes && !fstat(fd, &st) && (uint64_t)st.st_size <= CHECKED_MAX) {
		while ((n = pread(fd, bytes, step, at)) > 0) {
			sum = crc32(sum, bytes, n);
			at += n;
		}
	} else {
		n = -1;
	}
	free(bytes);
	return !n && sum == wanted;
}

static bool same_build_id(const struct elf *a, const struct elf *b)
{
	const uint8_t *x, *y;
	size_t length = elf__build_id(a, &x);

	return length && elf__build_id(b, &y) == length && !memcmp(x, y, length);
}

/*
 * A debug file that does not belong to the stripped one would give wrong names:
 * the build id decides, and the checksum where there is none.
 */
static int try_file(struct elf **out, const struct search *search, const char *path)
{
	int fd = root_open_at(search->root, path), err;
	const uint8_t *id;

	if (fd < 0)
		return fd;
	err = elf__open_kept(out, fd);
	if (err)
		return err;
	if (elf__build_id(search->stripped, &id) ? same_build_id(search->stripped, *out) :
						   checksum_fits(fd, search->checksum))
		return 0;
	elf__free(*out);
	*out = NULL;
	return -ENOENT;
}

static int by_build_id(struct elf **out, const struct search *search)
{
	struct buf path = BUF_INIT;
	const uint8_t *id;
	size_t length = elf__build_id(search->stripped, &id);
	int err = -ENOENT;

	if (length > 1) {
		buf__printf(&path, DEBUG_ROOT "/.build-id/%02x/", id[0]);
		for (size_t i = 1; i < length; i++)
			buf__printf(&path, "%02x", id[i]);
		buf__puts(&path, ".debug");
		err = try_file(out, search, buf__str(&path));
	}
	buf__free(&path);
	return err;
}

static int by_link(struct elf **out, const struct search *search)
{
	static const char *const folders[][2] = { { "", "" }, { "", "/.debug" }, { DEBUG_ROOT, "" } };
	const char *slash = strrchr(search->path, '/');
	int err = -ENOENT, length = slash ? slash - search->path : 0;
	struct buf path = BUF_INIT;

	if (!search->link || search->path[0] != '/')
		return -ENOENT;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && err; i++) {
		buf__truncate(&path, 0);
		buf__printf(&path, "%s%.*s%s/%s", folders[i][0], length, search->path, folders[i][1],
			    search->link);
		err = try_file(out, search, buf__str(&path));
	}
	buf__free(&path);
	return err;
}

int elf__open_debug_at(struct elf **out, struct elf *stripped, const char *path, int root)
{
	struct search search = { .stripped = stripped, .path = path, .root = root };
	bool ours;
	int err;

	*out = NULL;
	read_link(&search);
	do {
		err = by_build_id(out, &search);
		if (err)
			err = by_link(out, &search);
		ours = search.root < 0;
		search.root = -1;
	} while (err && !ours);
	return err ? -ENOENT : 0;
}

int elf__open_debug(struct elf **out, struct elf *stripped, const char *path, pid_t pid)
{
	int root = root_of(pid), err = elf__open_debug_at(out, stripped, path, root);

	if (root >= 0)
		close(root);
	return err;
}

/* The whole of a packed section; the result is the caller's. */
static int unpack(const struct elf_section *section, char **out, size_t *length)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	size_t size = section->size * 4 + 4096;
	lzma_ret result = LZMA_OK;
	char *bytes = NULL, *moved;

	if (lzma_stream_decoder(&stream, UNPACK_MEMORY, 0) != LZMA_OK)
		return -ENOMEM;
	stream.next_in = section->data;
	stream.avail_in = section->size;
	while (result == LZMA_OK && stream.total_out < UNPACKED_MAX) {
		if (!stream.avail_out) {
			size *= bytes ? 2 : 1;
			moved = realloc(bytes, size);
			if (!moved)
				break;
			bytes = moved;
			stream.next_out = (uint8_t *)bytes + stream.total_out;
			stream.avail_out = size - stream.total_out;
		}
		result = lzma_code(&stream, LZMA_FINISH);
	}
	*length = stream.total_out;
	lzma_end(&stream);
	if (result != LZMA_STREAM_END) {
		free(bytes);
		return -ENOEXEC;
	}
	*out = bytes;
	return 0;
}

int elf__open_packed(struct elf **out, struct elf *elf)
{
	struct elf_section section;
	size_t length;
	char *bytes;
	int err;

	*out = NULL;
	err = elf__section(elf, ".gnu_debugdata", true, &section);
	if (!err)
		err = unpack(&section, &bytes, &length);
	return err ? err : elf__open_owned(out, bytes, length);
}

int elf__functions(struct elf *elf, const char *path, pid_t pid, elf_symbol_fn visit,
		   void *context)
{
	int own = elf__symbols(elf, ELF_SYMTAB, visit, context), dynamic;
	struct elf *other;

	if (own == -ENOENT && (!elf__open_debug(&other, elf, path, pid) ||
			       !elf__open_packed(&other, elf))) {
		own = elf__symbols(other, ELF_SYMTAB, visit, context);
		elf__free(other);
	}
	if (own > 0)
		return own;
	dynamic = elf__symbols(elf, ELF_DYNSYM, visit, context);
	return !own || dynamic > 0 ? (dynamic > 0 ? dynamic : 0) : dynamic;
}
