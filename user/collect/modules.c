// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/modules.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <gelf.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cond.h"
#include "base/hash.h"
#include "base/log.h"
#include "collect/modules_impl.h"
#include "collect/stacks.h"
#include "collect/unwind_rows.h"
#include "model/profile.h"
#include "symbol/cfi.h"
#include "symbol/elf.h"
#include "symbol/python.h"

#define BUILDER_NICE (-10)
#define SCANNED_BYTES_MAX (12u << 20) /* of tables that no stack has asked for */
#define SCANNED_FILE_MAX (24u << 20)  /* the larger ones are seldom run in */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void queue_add(struct queue *queue, struct module *module)
{
	module->next = NULL;
	*queue->end = module;
	queue->end = &module->next;
}

/* NULL: it is empty. */
static struct module *queue_take(struct queue *queue)
{
	struct module *module = queue->first;

	if (!module)
		return NULL;
	queue->first = module->next;
	if (!queue->first)
		queue->end = &queue->first;
	return module;
}

/* False: it is not in there. */
static bool queue_remove(struct queue *queue, const struct module *module)
{
	for (struct module **at = &queue->first; *at; at = &(*at)->next) {
		if (*at != module)
			continue;
		*at = module->next;
		if (!*at)
			queue->end = at;
		return true;
	}
	return false;
}

static void *builder(void *context);

struct modules *modules__new(const struct modules_maps *maps)
{
	struct modules *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->asked, NULL);
	cond_init_monotonic(&m->built_one);
	m->met.end = &m->met.first;
	m->scanned.end = &m->scanned.first;
	m->later.end = &m->later.first;
	m->maps = *maps;
	m->rows = unwind_rows__new(maps->chunks_fd);
	m->seen = hash__new();
	m->built = hash__new();
	m->has_builder =
		m->rows && m->seen && m->built && !pthread_create(&m->builder, NULL, builder, m);
	if (m->has_builder)
		return m;
	modules__free(m);
	return NULL;
}

void module__free(struct module *module)
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
	if (m->has_builder) {
		pthread_mutex_lock(&m->lock);
		m->ending = true;
		pthread_cond_signal(&m->asked);
		pthread_mutex_unlock(&m->lock);
		pthread_join(m->builder, NULL);
	}
	for (size_t i = 0; i < m->id_room; i++)
		module__free(m->by_id[i]);
	free(m->by_id);
	unwind_rows__free(m->rows);
	hash__free(m->seen);
	hash__free(m->built);
	buf__free(&m->notes);
	pthread_cond_destroy(&m->asked);
	pthread_cond_destroy(&m->built_one);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

/* Takes the module over, unless it fails. */
static int add(struct modules *m, struct module *module)
{
	uint32_t id = module->content.kernel.id;
	struct module **larger;
	size_t room = m->id_room;

	if (id >= 2 * PPBPF_MODULES_MAX || (id < m->id_room && m->by_id[id]))
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
	m->by_id[id] = module;
	m->count++;
	return 0;
}

static void read_segments(struct content *content, const struct elf *elf)
{
	Elf *handle = elf__handle(elf);
	GElf_Phdr header;
	size_t count;

	if (elf_getphdrnum(handle, &count))
		return;
	for (size_t i = 0; i < count && content->segment_count < SEGMENTS_MAX; i++) {
		if (!gelf_getphdr(handle, i, &header))
			break;
		if (header.p_type == PT_LOAD && header.p_flags & PF_X)
			content->segments[content->segment_count++] = (struct segment){
				.offset = header.p_offset,
				.address = header.p_vaddr,
				.size = header.p_filesz,
			};
	}
}

/* What files with the same content have in common. */
static uint64_t hash_of(const struct content *content)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < content->build_id_length; i++)
		hash = (hash ^ content->build_id[i]) * 0x100000001b3;
	return hash;
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
static void find_python(struct modules *m, const struct module *module, struct content *content,
			struct elf *elf, const struct cfi_table *table)
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
		content->kernel.python = ++m->python_count;
	}
	pthread_mutex_unlock(&m->lock);
}

/* The same file under another name. */
static bool copy_twin(struct modules *m, const struct module *module, struct content *content)
{
	uint32_t id = content->kernel.id;
	const struct module *twin;

	if (!content->build_id_length)
		return false;
	pthread_mutex_lock(&m->lock);
	twin = hash__get(m->built, hash_of(content), module->size);
	if (twin)
		content->kernel = twin->content.kernel;
	pthread_mutex_unlock(&m->lock);
	content->kernel.id = id;
	return twin;
}

/* Reads the file's table and hands it to the kernel; sets the state. */
static void read_content(struct modules *m, const struct module *module, struct content *content,
			 struct elf *elf)
{
	struct cfi_table table;
	const uint8_t *id;
	int err;

	content->build_id_length = elf__build_id(elf, &id);
	if (content->build_id_length > sizeof(content->build_id))
		content->build_id_length = 0;
	memcpy(content->build_id, id, content->build_id_length);
	read_segments(content, elf);
	if (copy_twin(m, module, content))
		return;
	content->kernel.state = PPBPF_MODULE_NO_TABLE;
	err = cfi__read(&table, elf);
	if (!err) {
		err = unwind_rows__add(m->rows, &table, &content->kernel);
		find_python(m, module, content, elf, &table);
		cfi__free(&table);
	}
	if (!err)
		content->kernel.state = PPBPF_MODULE_READY;
	else
		log_debug("%s: no unwind table: %s", module->path, strerror(-err));
}

/* In the builder's thread, which is the only one that does. */
static void build(struct modules *m, struct module *module)
{
	struct content content = module->content;
	uint64_t started = now_ns();
	struct elf *elf = NULL;
	int err;

	err = module->image ? elf__open_image(&elf, module->image, module->size)
			    : elf__open(&elf, module->fd);
	if (err)
		content.kernel.state = PPBPF_MODULE_NOT_ELF;
	else
		read_content(m, module, &content, elf);
	elf__free(elf);
	pthread_mutex_lock(&m->lock);
	module->content = content;
	if (content.build_id_length && content.kernel.state == PPBPF_MODULE_READY)
		hash__set(m->built, hash_of(&content), module->size, module);
	/* before anybody else may take it for settled: a walk that has ended there is not */
	if (bpf_map_update_elem(m->maps.modules_fd, &module->key, &content.kernel, BPF_ANY))
		log_debug("%s: no room for one more module", module->path);
	m->build_ns += now_ns() - started;
	pthread_mutex_unlock(&m->lock);
}

/* NULL: there is none that may be built before a stack needs it. */
static struct module *take_scanned(struct modules *m)
{
	struct module *module;

	while ((module = queue_take(&m->scanned))) {
		if (module->size <= SCANNED_FILE_MAX &&
		    unwind_rows__bytes(m->rows) < SCANNED_BYTES_MAX)
			break;
		queue_add(&m->later, module);
	}
	return module;
}

/*
 * What building took is free, but still ours: 10 MB. With the lock, but for the
 * while that it takes; false: there is something to build again.
 */
static bool give_back(struct modules *m)
{
	pthread_mutex_unlock(&m->lock);
	malloc_trim(0);
	pthread_mutex_lock(&m->lock);
	return !m->met.first && !m->scanned.first && !m->ending;
}

static void *builder(void *context)
{
	struct modules *m = context;
	struct module *module;
	bool built = false;

	/* a table that comes late costs work; building one takes milliseconds */
	setpriority(PRIO_PROCESS, gettid(), BUILDER_NICE);
	pthread_mutex_lock(&m->lock);
	while (!m->ending) {
		module = queue_take(&m->met);
		if (!module)
			module = take_scanned(m);
		if (!module) {
			pthread_cond_broadcast(&m->built_one);
			if (built && !give_back(m))
				continue;
			built = false;
			pthread_cond_wait(&m->asked, &m->lock);
			continue;
		}
		built = true;
		m->building = module;
		pthread_mutex_unlock(&m->lock);
		build(m, module);
		pthread_mutex_lock(&m->lock);
		m->building = NULL;
		pthread_cond_broadcast(&m->built_one);
	}
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

int modules__put(struct modules *m, struct module *module, struct queue *queue)
{
	int err;

	if (!module->path) {
		module__free(module);
		return -ENOMEM;
	}
	pthread_mutex_lock(&m->lock);
	err = add(m, module);
	if (!err && queue) {
		queue_add(queue, module);
		pthread_cond_signal(&m->asked);
	}
	pthread_mutex_unlock(&m->lock);
	if (err)
		module__free(module);
	return err == -E2BIG ? 0 : err;
}

static int give(struct module *module, struct profile *profile)
{
	struct profile_module given = {
		.path = module->path,
		.build_id_length = module->content.build_id_length,
		.device = module->device,
		.inode = module->inode,
		.fd = module->fd,
		.image = module->image,
		.image_size = module->image ? module->size : 0,
		.pid = module->pid,
	};

	memcpy(given.build_id, module->content.build_id, given.build_id_length);
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
	known = module &&
		(module->index >= 0 || (module->content.kernel.state != PPBPF_MODULE_PENDING &&
					give(module, profile) >= 0));
	if (known) {
		*index = module->index;
		*address = offset;
	}
	for (size_t i = 0; known && i < module->content.segment_count; i++) {
		segment = &module->content.segments[i];
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
	if (module && module->content.kernel.python) {
		python = &m->pythons[module->content.kernel.python - 1];
		for (int i = 0; i < 2; i++)
			is |= offset >= python->eval_start[i] && offset < python->eval_end[i];
	}
	pthread_mutex_unlock(&m->lock);
	return is;
}

/* By the lock. */
static bool is_settled(const struct modules *m, uint32_t id)
{
	return id >= m->id_room || !m->by_id[id] ||
	       m->by_id[id]->content.kernel.state != PPBPF_MODULE_PENDING;
}

bool modules__settled(struct modules *m, uint32_t id, bool wait)
{
	bool settled;

	pthread_mutex_lock(&m->lock);
	settled = is_settled(m, id);
	if (!settled &&
	    (queue_remove(&m->scanned, m->by_id[id]) || queue_remove(&m->later, m->by_id[id]))) {
		queue_add(&m->met, m->by_id[id]);
		pthread_cond_signal(&m->asked);
	}
	while (!settled && wait) {
		pthread_cond_wait(&m->built_one, &m->lock);
		settled = is_settled(m, id);
	}
	pthread_mutex_unlock(&m->lock);
	return settled;
}

int modules__row(struct modules *m, uint32_t id, uint64_t offset, struct ppbpf_unwind_row *row)
{
	struct ppbpf_module kernel = { .state = PPBPF_MODULE_NO_TABLE };

	pthread_mutex_lock(&m->lock);
	if (id < m->id_room && m->by_id[id])
		kernel = m->by_id[id]->content.kernel;
	pthread_mutex_unlock(&m->lock);
	*row = (struct ppbpf_unwind_row){ 0 };
	if (kernel.state == PPBPF_MODULE_READY)
		unwind_rows__find(m->rows, &kernel, offset, row);
	return kernel.state;
}

bool modules__wait(struct modules *m, const struct timespec *until)
{
	bool idle, late = false;

	pthread_mutex_lock(&m->lock);
	do {
		idle = !m->met.first && !m->scanned.first && !m->building;
		if (!idle)
			late = pthread_cond_timedwait(&m->built_one, &m->lock, until);
	} while (!idle && !late);
	pthread_mutex_unlock(&m->lock);
	return idle;
}

int modules__notes(struct modules *m, struct buf *out)
{
	int err;

	pthread_mutex_lock(&m->lock);
	err = buf__puts(out, buf__str(&m->notes));
	if (!err && m->unreadable)
		err = buf__printf(out,
				  "%zu files may not be read by this user, as %s of pid %d: their "
				  "functions have no names, and stacks through them are cut "
				  "(CAP_SYS_PTRACE lets other users' programs be read, "
				  "CAP_DAC_READ_SEARCH closed folders)\n",
				  m->unreadable, m->unreadable_name, m->unreadable_pid);
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
