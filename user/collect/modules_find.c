// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Where modules come from: what processes map, and what programs have met. */
#include <bpf/bpf.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "collect/code_maps.h"
#include "collect/modules_impl.h"

#define PATH_SIZE 4096

static struct module *module_new(const struct ppbpf_module_key *key, uint32_t id, const char *path)
{
	struct module *module = calloc(1, sizeof(*module));

	if (!module)
		return NULL;
	module->fd = module->index = -1;
	module->key = *key;
	module->path = strdup(path);
	module->size = key->size;
	module->device = key->device;
	module->inode = key->inode;
	module->content.kernel.id = id;
	module->content.kernel.state = PPBPF_MODULE_PENDING;
	return module;
}

/* Takes `fd`, of the mapped file, over; `id` 0: the next one, and the kernel has not met it. */
static int load(struct modules *m, const struct ppbpf_module_key *key, uint32_t id, int fd,
		const char *path, pid_t pid, struct queue *queue)
{
	struct module *module;
	bool met = id;

	if (!met)
		id = __atomic_fetch_add(m->maps.next_id, 1, __ATOMIC_RELAXED);
	module = module_new(key, id, path);
	if (!module) {
		close(fd);
		return -ENOMEM;
	}
	module->fd = fd;
	module->pid = pid;
	/* else the kernel has met it meanwhile, and its event comes */
	if (met ||
	    !bpf_map_update_elem(m->maps.modules_fd, key, &module->content.kernel, BPF_NOEXIST))
		return modules__put(m, module, queue);
	module__free(module);
	return 0;
}

static int load_fd(struct modules *m, int fd, uint64_t inode, uint32_t device, const char *path,
		   pid_t pid, struct queue *queue)
{
	struct ppbpf_module_key key = { .inode = inode, .device = device };
	struct stat st;

	if (fstat(fd, &st)) {
		close(fd);
		return 0;
	}
	key.size = st.st_size;
	key.mtime = st.st_mtime;
	return load(m, &key, 0, fd, path, pid, queue);
}

struct scan {
	struct modules *m;
	struct queue *queue;
};

static int on_scanned(pid_t pid, const struct code_map *mapped, void *context)
{
	const struct scan *scan = context;
	struct modules *m = scan->m;
	bool known;
	int fd, err;

	pthread_mutex_lock(&m->lock);
	known = hash__get(m->seen, mapped->inode, mapped->device);
	err = known ? 0 : hash__set(m->seen, mapped->inode, mapped->device, m);
	pthread_mutex_unlock(&m->lock);
	if (known || err)
		return err;
	fd = code_map_open(pid, mapped->start, mapped->end);
	if (fd < 0)
		fd = code_map_open_named(pid, mapped->path, mapped->inode);
	return fd < 0 ? 0
		      : load_fd(m, fd, mapped->inode, mapped->device, mapped->path, pid,
				scan->queue);
}

/* The kernel's own code in every process: an ELF image in memory. */
int modules__add_vdso(struct modules *m)
{
	static const struct ppbpf_module_key key = { .inode = PPBPF_MODULE_VDSO };
	const void *at = (const void *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *header = at;
	struct module *module;

	if (!at)
		return 0;
	module = module_new(&key, PPBPF_MODULE_VDSO, "[vdso]");
	if (!module)
		return -ENOMEM;
	module->size = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
	module->image = malloc(module->size);
	if (!module->image) {
		module__free(module);
		return -ENOMEM;
	}
	memcpy(module->image, at, module->size);
	return modules__put(m, module, &m->met);
}

int modules__scan(struct modules *m, pid_t pid, bool soon)
{
	struct scan scan = { m, soon ? &m->met : &m->scanned };

	return code_maps_each(pid, on_scanned, &scan);
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
				0, &m->met);
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
	char name[PPBPF_FILE_NAME + 1] = { 0 };
	struct module *module;

	memcpy(name, event->name, PPBPF_FILE_NAME);
	module = module_new(&event->key, event->id, name);
	if (!module)
		return -ENOMEM;
	module->content.kernel.state = PPBPF_MODULE_NO_TABLE;
	/* when it is gone, another process may tell: it will be asked for again */
	if (gone)
		bpf_map_delete_elem(m->maps.modules_fd, &event->key);
	else if (bpf_map_update_elem(m->maps.modules_fd, &event->key, &module->content.kernel,
				     BPF_ANY))
		log_debug("%s: no room for one more module", name);
	return modules__put(m, module, NULL);
}

static void note_unreadable(struct modules *m, const struct ppbpf_module_event *event)
{
	pthread_mutex_lock(&m->lock);
	if (!m->unreadable++) {
		memcpy(m->unreadable_name, event->name, PPBPF_FILE_NAME);
		m->unreadable_pid = event->proc_pid;
	}
	pthread_mutex_unlock(&m->lock);
}

/* With 0 for both bounds it is the executable: it may be another one by now. */
static bool is_same(const struct ppbpf_module_key *key, int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_ino == key->inode && (uint64_t)st.st_size == key->size;
}

int modules__met(struct modules *m, const struct ppbpf_module_event *event)
{
	pid_t pid = event->proc_pid;
	int fd = pid ? code_map_open(pid, event->start, event->end) : -ESRCH, err;
	char path[PATH_SIZE];

	if (fd >= 0 && !event->end && !is_same(&event->key, fd)) {
		close(fd);
		fd = -ESRCH;
	}
	if (fd == -EACCES || fd == -EPERM)
		note_unreadable(m, event);
	if (fd < 0)
		return met_too_late(m, event, fd == -ENOENT || fd == -ESRCH);
	if (code_map_path(pid, event->start, event->end, path, sizeof(path)) < 0)
		snprintf(path, sizeof(path), "%.*s", PPBPF_FILE_NAME, event->name);
	pthread_mutex_lock(&m->lock);
	err = hash__set(m->seen, event->key.inode, event->key.device, m);
	pthread_mutex_unlock(&m->lock);
	if (err) {
		close(fd);
		return err;
	}
	err = load(m, &event->key, event->id, fd, path, pid, &m->met);
	/* what else it maps will be met next */
	if (!err)
		err = modules__scan(m, pid, true);
	return err == -ENOMEM ? err : 0;
}
