// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/modules.h"

#include <bpf/bpf.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "collect/stacks.h"
#include "collect/unwind_rows.h"
#include "model/profile.h"
#include "symbol/cfi.h"
#include "symbol/elf.h"
#include "symbol/python.h"
#include "symbol/root.h"

#define MAPS_MAX (64u << 20) /* of one process's /proc/PID/maps */
#define SEGMENTS_MAX 8
#define PATH_SIZE 4096

struct segment {
	uint64_t offset;
	uint64_t address;
	uint64_t size;
};

struct module {
	struct ppbpf_module kernel; /* as the BPF programs have it */
	char *path;
	int fd;	     /* given to the profile with the first frame; -1 */
	void *image; /* the vdso's */
	size_t size; /* of the file */
	uint8_t build_id[PROFILE_BUILD_ID_MAX];
	size_t build_id_length;
	uint64_t device;
	uint64_t inode;
	pid_t pid;
	struct segment segments[SEGMENTS_MAX];
	size_t segment_count;
	int index; /* in the profile; -1: not there yet */
};

struct modules {
	pthread_mutex_t lock; /* of what follows; not held while a table is built */
	struct modules_maps maps;
	struct unwind_rows *rows;
	struct module **by_id;
	size_t id_room;
	struct hash *seen;  /* by device and inode: the scan met it */
	struct hash *built; /* by the hash of build id and size -> struct module */
	struct ppbpf_python pythons[PPBPF_PYTHONS_MAX];
	uint32_t python_count;
	struct buf notes; /* lines for people */
	uint64_t build_ns;
	size_t count;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

struct modules *modules__new(const struct modules_maps *maps)
{
	struct modules *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	pthread_mutex_init(&m->lock, NULL);
	m->maps = *maps;
	m->rows = unwind_rows__new(maps->chunks_fd);
	m->seen = hash__new();
	m->built = hash__new();
	if (m->rows && m->seen && m->built)
		return m;
	modules__free(m);
	return NULL;
}

static void module_free(struct module *module)
{
	if (!module)
		return;
	if (module->fd >= 0)
		close(module->fd);
	free(module->image);
	free(module->path);
	free(module);
}

void modules__free(struct modules *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->id_room; i++)
		module_free(m->by_id[i]);
	free(m->by_id);
	unwind_rows__free(m->rows);
	hash__free(m->seen);
	hash__free(m->built);
	buf__free(&m->notes);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

/* Takes the module over. */
static int add(struct modules *m, struct module *module)
{
	uint32_t id = module->kernel.id;
	struct module **larger;
	size_t room = m->id_room;

	if (id >= 2 * PPBPF_MODULES_MAX)
		return -E2BIG;
	while (room <= id)
		room = room ? room * 2 : 256;
	if (room > m->id_room) {
		larger = realloc(m->by_id, room * sizeof(struct module *));
		if (!larger)
			return -ENOMEM;
		memset(larger + m->id_room, 0, (room - m->id_room) * sizeof(struct module *));
		m->by_id = larger;
		m->id_room = room;
	}
	module_free(m->by_id[id]);
	m->by_id[id] = module;
	m->count++;
	return 0;
}

static void read_segments(struct module *module, const struct elf *elf)
{
	Elf *handle = elf__handle(elf);
	GElf_Phdr header;
	size_t count;

	if (elf_getphdrnum(handle, &count))
		return;
	for (size_t i = 0; i < count && module->segment_count < SEGMENTS_MAX; i++) {
		if (!gelf_getphdr(handle, i, &header))
			break;
		if (header.p_type == PT_LOAD && header.p_flags & PF_X)
			module->segments[module->segment_count++] = (struct segment){
				.offset = header.p_offset,
				.address = header.p_vaddr,
				.size = header.p_filesz,
			};
	}
}

/* What files with the same content have in common. */
static uint64_t content_of(const struct module *module)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < module->build_id_length; i++)
		hash = (hash ^ module->build_id[i]) * 0x100000001b3;
	return hash;
}

static void copy_table(struct module *to, const struct module *from)
{
	uint32_t id = to->kernel.id;

	to->kernel = from->kernel;
	to->kernel.id = id;
}

static void note_unsupported(struct modules *m, const struct module *module, uint32_t version)
{
	pthread_mutex_lock(&m->lock);
	if (version)
		buf__printf(&m->notes,
			    "Python %u.%u is shown as native frames (3.8 to 3.13 are "
			    "known): %s\n",
			    version >> 16, version >> 8 & 0xff, module->path);
	else
		buf__printf(&m->notes,
			    "a Python of unknown version is shown as native frames "
			    "(3.8 to 3.13 are known): %s\n",
			    module->path);
	pthread_mutex_unlock(&m->lock);
}

/* Looks whether a file holds an interpreter; the kernel is told before it meets one. */
static void find_python(struct modules *m, struct module *module, struct elf *elf,
			const struct cfi_table *table)
{
	struct ppbpf_python python;
	uint32_t version, number;
	int err;

	if (m->maps.pythons_fd < 0)
		return;
	err = python_find(&python, &version, elf, table);
	if (err == -ENOTSUP)
		note_unsupported(m, module, version);
	if (err)
		return;
	pthread_mutex_lock(&m->lock);
	number = m->python_count;
	if (number < PPBPF_PYTHONS_MAX &&
	    !bpf_map_update_elem(m->maps.pythons_fd, &number, &python, BPF_ANY)) {
		m->pythons[number] = python;
		module->kernel.python = ++m->python_count;
	}
	pthread_mutex_unlock(&m->lock);
}

/* Reads the file's table and hands it to the kernel; sets the state. */
static void build(struct modules *m, struct module *module, struct elf *elf)
{
	struct cfi_table table;
	struct module *twin = NULL;
	const uint8_t *id;
	int err;

	module->build_id_length = elf__build_id(elf, &id);
	if (module->build_id_length > sizeof(module->build_id))
		module->build_id_length = 0;
	memcpy(module->build_id, id, module->build_id_length);
	read_segments(module, elf);
	if (module->build_id_length) {
		pthread_mutex_lock(&m->lock);
		twin = hash__get(m->built, content_of(module), module->size);
		pthread_mutex_unlock(&m->lock);
	}
	if (twin) {
		copy_table(module, twin);
		return;
	}
	module->kernel.state = PPBPF_MODULE_NO_TABLE;
	err = cfi__read(&table, elf);
	if (!err) {
		pthread_mutex_lock(&m->lock);
		err = unwind_rows__add(m->rows, &table, &module->kernel);
		pthread_mutex_unlock(&m->lock);
		find_python(m, module, elf, &table);
		cfi__free(&table);
	}
	if (!err)
		module->kernel.state = PPBPF_MODULE_READY;
	else
		log_debug("%s: no unwind table: %s", module->path, strerror(-err));
}

/* `key` NULL: the kernel is not told. */
static int keep(struct modules *m, struct module *module, const struct ppbpf_module_key *key,
		uint64_t started)
{
	int err = 0;

	if (key && bpf_map_update_elem(m->maps.modules_fd, key, &module->kernel, BPF_ANY))
		log_debug("%s: no room for one more module", module->path);
	pthread_mutex_lock(&m->lock);
	m->build_ns += now_ns() - started;
	err = add(m, module);
	if (!err && module->build_id_length && module->kernel.state == PPBPF_MODULE_READY)
		err = hash__set(m->built, content_of(module), module->size, module);
	pthread_mutex_unlock(&m->lock);
	if (err == -E2BIG)
		module_free(module);
	return err == -E2BIG ? 0 : err;
}

/* Takes `fd`, of the mapped file, over; `id` 0: the next one. */
static int load(struct modules *m, const struct ppbpf_module_key *key, uint32_t id, int fd,
		const char *path, pid_t pid)
{
	struct module *module = calloc(1, sizeof(*module));
	uint64_t started = now_ns();
	struct elf *elf = NULL;
	int err;

	if (!module) {
		close(fd);
		return -ENOMEM;
	}
	module->fd = fd;
	module->index = -1;
	module->path = strdup(path);
	module->size = key->size;
	module->device = key->device;
	module->inode = key->inode;
	module->pid = pid;
	module->kernel.id = id ? id : __atomic_fetch_add(m->maps.next_id, 1, __ATOMIC_RELAXED);
	err = elf__open(&elf, fd);
	if (err)
		module->kernel.state = PPBPF_MODULE_NOT_ELF;
	else
		build(m, module, elf);
	elf__free(elf);
	return keep(m, module, key, started);
}

static void link_of(char *link, size_t size, pid_t pid, uint64_t start, uint64_t end)
{
	if (end)
		snprintf(link, size, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, start, end);
	else
		snprintf(link, size, "/proc/%d/exe", pid);
}

/* The file itself, even if it is deleted or replaced; -errno. */
static int open_mapping(pid_t pid, uint64_t start, uint64_t end)
{
	struct stat st;
	char link[96];
	int fd;

	link_of(link, sizeof(link), pid, start, end);
	/* a device's open may do things: only regular files are mapped as code */
	if (stat(link, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* A container may not follow map_files: then by the name, if that is still the same file. */
static int open_named(pid_t pid, const char *path, uint64_t inode)
{
	int fd = root_open(pid, path);
	struct stat st;

	if (fd < 0)
		return fd;
	if (!fstat(fd, &st) && st.st_ino == inode)
		return fd;
	close(fd);
	return -ESTALE;
}

struct mapped {
	uint64_t start;
	uint64_t end;
	uint64_t inode;
	uint32_t device;
	const char *path;
};

/* One line of /proc/PID/maps; false: not a file that is mapped for execution. */
static bool parse_line(char *line, struct mapped *mapped)
{
	unsigned int major_, minor_;
	uint64_t offset;
	char access[5];
	int at = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
		   &mapped->start, &mapped->end, access, &offset, &major_, &minor_, &mapped->inode,
		   &at) < 7)
		return false;
	mapped->device = major_ << 20 | minor_;
	mapped->path = line + at;
	return access[2] == 'x' && mapped->inode && line[at] == '/';
}

typedef int (*mapped_fn)(struct modules *m, pid_t pid, const struct mapped *mapped, void *context);

static int each_mapped(struct modules *m, pid_t pid, mapped_fn visit, void *context)
{
	struct buf text = BUF_INIT;
	struct mapped mapped;
	char path[64], *line, *rest;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	err = read_file(path, MAPS_MAX, &text, NULL);
	line = err ? NULL : strtok_r(text.data, "\n", &rest);
	for (; line && !err; line = strtok_r(NULL, "\n", &rest))
		if (parse_line(line, &mapped))
			err = visit(m, pid, &mapped, context);
	buf__free(&text);
	return err;
}

static int load_fd(struct modules *m, int fd, uint64_t inode, uint32_t device, const char *path,
		   pid_t pid)
{
	struct ppbpf_module_key key = { .inode = inode, .device = device };
	struct stat st;

	if (fstat(fd, &st)) {
		close(fd);
		return 0;
	}
	key.size = st.st_size;
	key.mtime = st.st_mtime;
	return load(m, &key, 0, fd, path, pid);
}

static int on_scanned(struct modules *m, pid_t pid, const struct mapped *mapped, void *context)
{
	bool known;
	int fd, err;

	(void)context;
	pthread_mutex_lock(&m->lock);
	known = hash__get(m->seen, mapped->inode, mapped->device);
	err = known ? 0 : hash__set(m->seen, mapped->inode, mapped->device, m);
	pthread_mutex_unlock(&m->lock);
	if (known || err)
		return err;
	fd = open_mapping(pid, mapped->start, mapped->end);
	if (fd < 0)
		fd = open_named(pid, mapped->path, mapped->inode);
	return fd < 0 ? 0 : load_fd(m, fd, mapped->inode, mapped->device, mapped->path, pid);
}

/* The kernel's own code in every process: an ELF image in memory. */
int modules__add_vdso(struct modules *m)
{
	static const struct ppbpf_module_key key = { .inode = PPBPF_MODULE_VDSO };
	const void *at = (const void *)getauxval(AT_SYSINFO_EHDR);
	struct module *module;
	const Elf64_Ehdr *header = at;
	uint64_t started = now_ns();
	struct elf *elf = NULL;

	if (!at)
		return 0;
	module = calloc(1, sizeof(*module));
	if (!module)
		return -ENOMEM;
	module->fd = -1;
	module->index = -1;
	module->kernel.id = PPBPF_MODULE_VDSO;
	module->path = strdup("[vdso]");
	module->size = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
	module->image = malloc(module->size);
	if (!module->image || !module->path) {
		module_free(module);
		return -ENOMEM;
	}
	memcpy(module->image, at, module->size);
	if (elf__open_image(&elf, module->image, module->size))
		module->kernel.state = PPBPF_MODULE_NO_TABLE;
	else
		build(m, module, elf);
	elf__free(elf);
	return keep(m, module, &key, started);
}

int modules__scan(struct modules *m, pid_t pid)
{
	return each_mapped(m, pid, on_scanned, NULL);
}

/* What a script is run by; false: it is none. */
static bool interpreter_of(int fd, char *path, size_t size)
{
	char line[256] = { 0 }, *at = line + 2;
	ssize_t length = pread(fd, line, sizeof(line) - 1, 0);

	if (length < 4 || line[0] != '#' || line[1] != '!')
		return false;
	at += strspn(at, " \t");
	at[strcspn(at, " \t\n")] = '\0';
	text_copy(path, size, at);
	return *at == '/';
}

void modules__foresee(struct modules *m, const char *path)
{
	char interpreter[256];
	struct stat st;
	int fd;

	/* a script's interpreter may be a script */
	for (int depth = 0; depth < 4; depth++, path = interpreter) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			return;
		if (!fstat(fd, &st) && S_ISREG(st.st_mode) &&
		    !interpreter_of(fd, interpreter, sizeof(interpreter))) {
			load_fd(m, fd, st.st_ino, major(st.st_dev) << 20 | minor(st.st_dev), path,
				0);
			return;
		}
		close(fd);
		if (!S_ISREG(st.st_mode))
			return;
	}
}

/* Its process has gone, or may not be looked at: all that is left is the name. */
static int met_too_late(struct modules *m, const struct ppbpf_module_event *event, bool gone)
{
	struct module *module = calloc(1, sizeof(*module));
	char name[PPBPF_FILE_NAME + 1] = { 0 };

	if (!module)
		return -ENOMEM;
	memcpy(name, event->name, PPBPF_FILE_NAME);
	module->path = strdup(name);
	module->fd = module->index = -1;
	module->device = event->key.device;
	module->inode = event->key.inode;
	module->kernel.id = event->id;
	module->kernel.state = PPBPF_MODULE_NO_TABLE;
	if (!gone)
		return keep(m, module, &event->key, now_ns());
	/* another process may tell: it will be asked for again, by another number */
	bpf_map_delete_elem(m->maps.modules_fd, &event->key);
	return keep(m, module, NULL, now_ns());
}

/* With 0 for both bounds it is the executable: it may be another one by now. */
static bool is_same(const struct ppbpf_module_key *key, int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_ino == key->inode && (uint64_t)st.st_size == key->size;
}

int modules__met(struct modules *m, const struct ppbpf_module_event *event)
{
	int fd = event->proc_pid ? open_mapping(event->proc_pid, event->start, event->end) : -ESRCH;
	char link[96], path[PATH_SIZE];
	ssize_t length;
	int err;

	if (fd >= 0 && !event->end && !is_same(&event->key, fd)) {
		close(fd);
		fd = -ESRCH;
	}
	if (fd < 0)
		return met_too_late(m, event, fd == -ENOENT || fd == -ESRCH);
	link_of(link, sizeof(link), event->proc_pid, event->start, event->end);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		length = snprintf(path, sizeof(path), "%.*s", PPBPF_FILE_NAME, event->name);
	path[length] = '\0';
	err = load(m, &event->key, event->id, fd, path, event->proc_pid);
	pthread_mutex_lock(&m->lock);
	if (!err)
		err = hash__set(m->seen, event->key.inode, event->key.device, m);
	pthread_mutex_unlock(&m->lock);
	/* what else it maps will be met next */
	if (!err)
		err = each_mapped(m, event->proc_pid, on_scanned, NULL);
	return err == -ENOMEM ? err : 0;
}

static int give(struct module *module, struct profile *profile)
{
	struct profile_module given = {
		.path = module->path,
		.build_id_length = module->build_id_length,
		.device = module->device,
		.inode = module->inode,
		.fd = module->fd,
		.image = module->image,
		.image_size = module->image ? module->size : 0,
		.pid = module->pid,
	};

	memcpy(given.build_id, module->build_id, module->build_id_length);
	module->index = profile__module(profile, &given);
	module->fd = -1;
	module->image = NULL;
	return module->index;
}

bool modules__locate(struct modules *m, struct profile *profile, uint32_t id, uint64_t offset,
		     uint32_t *index, uint64_t *address)
{
	struct module *module;
	const struct segment *segment;
	bool known;

	pthread_mutex_lock(&m->lock);
	module = id < m->id_room ? m->by_id[id] : NULL;
	known = module && (module->index >= 0 || give(module, profile) >= 0);
	if (known) {
		*index = module->index;
		*address = offset;
	}
	for (size_t i = 0; known && i < module->segment_count; i++) {
		segment = &module->segments[i];
		/* a return address may lie just behind the last byte */
		if (offset >= segment->offset && offset - segment->offset <= segment->size) {
			*address = offset - segment->offset + segment->address;
			break;
		}
	}
	pthread_mutex_unlock(&m->lock);
	return known;
}

uint32_t modules__python_version(struct modules *m, uint32_t number)
{
	uint32_t version;

	pthread_mutex_lock(&m->lock);
	version = number < m->python_count ? m->pythons[number].version : 0;
	pthread_mutex_unlock(&m->lock);
	return version;
}

bool modules__is_evaluation(struct modules *m, uint32_t id, uint64_t offset)
{
	const struct ppbpf_python *python;
	const struct module *module;
	bool is = false;

	pthread_mutex_lock(&m->lock);
	module = id < m->id_room ? m->by_id[id] : NULL;
	if (module && module->kernel.python) {
		python = &m->pythons[module->kernel.python - 1];
		for (int i = 0; i < 2; i++)
			is |= offset >= python->eval_start[i] && offset < python->eval_end[i];
	}
	pthread_mutex_unlock(&m->lock);
	return is;
}

int modules__notes(struct modules *m, struct buf *out)
{
	int err;

	pthread_mutex_lock(&m->lock);
	err = buf__puts(out, buf__str(&m->notes));
	pthread_mutex_unlock(&m->lock);
	return err;
}

void modules__tables(struct modules *m, struct stacks_tables *tables)
{
	pthread_mutex_lock(&m->lock);
	tables->modules = m->count;
	tables->build_ns = m->build_ns;
	tables->rows = unwind_rows__count(m->rows);
	tables->bytes = unwind_rows__bytes(m->rows);
	pthread_mutex_unlock(&m->lock);
}
