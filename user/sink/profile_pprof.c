// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/profile_pprof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/intern.h"
#include "base/units.h"
#include "model/profile_run.h"
#include "model/reason.h"
#include "model/report.h"
#include "proto/pprof.pb-c.h"

#define VALUES_MAX 5
#define LABELS_MAX 5
#define GZIP_WINDOW (15 + 16)	/* zlib's way to ask for gzip */

/* Mappings that are no module; ids begin at 1. */
enum { MAPPING_KERNEL = 1, MAPPING_PYTHON, MAPPING_JIT, MAPPING_MODULES };

struct sample {
	Pprof__Sample message;
	int64_t values[VALUES_MAX];
	Pprof__Label labels[LABELS_MAX];
	Pprof__Label *label_pointers[LABELS_MAX];
};

/* protobuf-c wants each message behind a pointer: the messages, and pointers to them. */
struct pprof {
	const struct profile_run *run;
	const struct profile *profile;
	Pprof__Profile message;
	struct intern *strings;
	char **string_table;
	Pprof__ValueType types[VALUES_MAX + 1];
	Pprof__ValueType *type_pointers[VALUES_MAX];
	struct sample *samples;
	Pprof__Sample **sample_pointers;
	uint64_t *location_ids;		/* of all samples, one after the other */
	Pprof__Location *locations;
	Pprof__Location **location_pointers;
	Pprof__Line *lines;
	Pprof__Line **line_pointers;
	Pprof__Function *functions;
	Pprof__Function **function_pointers;
	Pprof__Mapping *mappings;
	Pprof__Mapping **mapping_pointers;
	bool no_memory;
};

static int64_t string_of(struct pprof *pprof, const char *text)
{
	int index = intern__add(pprof->strings, text ? text : "", text ? strlen(text) : 0, NULL);

	if (index < 0) {
		pprof->no_memory = true;
		return 0;
	}
	return index;
}

static void *zeroed(struct pprof *pprof, size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);

	if (!memory)
		pprof->no_memory = true;
	return memory;
}

static size_t sum_of_frames(const struct profile *profile)
{
	struct profile_stack stack;
	size_t sum = 0;

	for (size_t i = 0; i < profile__sample_count(profile); i++) {
		profile__stack_at(profile, profile__sample_at(profile, i)->stack, &stack);
		sum += stack.count;
	}
	return sum;
}

static size_t sum_of_lines(const struct profile *profile)
{
	size_t sum = 0, count;

	for (size_t i = 0; i < profile__frame_count(profile); i++) {
		profile__lines(profile, i, &count);
		sum += count;
	}
	return sum;
}

static void allocate(struct pprof *p)
{
	size_t samples = profile__sample_count(p->profile), lines = sum_of_lines(p->profile);
	size_t locations = profile__frame_count(p->profile);
	size_t functions = profile__function_count(p->profile);
	size_t mappings = MAPPING_MODULES + profile__module_count(p->profile);

	p->strings = intern__new();
	p->no_memory = !p->strings;
	p->samples = zeroed(p, samples, sizeof(*p->samples));
	p->sample_pointers = zeroed(p, samples, sizeof(*p->sample_pointers));
	p->location_ids = zeroed(p, sum_of_frames(p->profile), sizeof(*p->location_ids));
	p->locations = zeroed(p, locations, sizeof(*p->locations));
	p->location_pointers = zeroed(p, locations, sizeof(*p->location_pointers));
	p->lines = zeroed(p, lines, sizeof(*p->lines));
	p->line_pointers = zeroed(p, lines, sizeof(*p->line_pointers));
	p->functions = zeroed(p, functions, sizeof(*p->functions));
	p->function_pointers = zeroed(p, functions, sizeof(*p->function_pointers));
	p->mappings = zeroed(p, mappings, sizeof(*p->mappings));
	p->mapping_pointers = zeroed(p, mappings, sizeof(*p->mapping_pointers));
}

static void free_all(struct pprof *p)
{
	intern__free(p->strings);
	free(p->string_table);
	free(p->samples);
	free(p->sample_pointers);
	free(p->location_ids);
	free(p->locations);
	free(p->location_pointers);
	free(p->lines);
	free(p->line_pointers);
	free(p->functions);
	free(p->function_pointers);
	free(p->mappings);
	free(p->mapping_pointers);
}

/* ---- what code lies where ----------------------------------------------- */

static void add_mapping(struct pprof *p, const char *name, const struct profile_module *module)
{
	size_t index = p->message.n_mapping++;
	Pprof__Mapping *mapping = &p->mappings[index];
	struct buf text = BUF_INIT;

	pprof__mapping__init(mapping);
	mapping->id = index + 1;
	mapping->memory_limit = INT64_MAX;
	mapping->filename = string_of(p, name);
	for (size_t i = 0; module && i < module->build_id_length; i++)
		buf__printf(&text, "%02x", module->build_id[i]);
	mapping->build_id = string_of(p, buf__str(&text));
	mapping->has_functions = mapping->has_filenames = mapping->has_line_numbers = true;
	mapping->has_inline_frames = true;
	p->mapping_pointers[index] = mapping;
	buf__free(&text);
}

/* A library: its threads begin in it, but nobody would call the profile after it. */
static bool is_library(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strstr(slash ? slash : path, ".so");
}

/*
 * Readers take the first mapping for the program that the profile is of: that in
 * which most stacks begin.
 */
static void put_program_first(struct pprof *p)
{
	size_t count = profile__module_count(p->profile), first = 0;
	uint64_t *weights = calloc(count + 1, sizeof(*weights));
	struct profile_stack stack;

	for (size_t i = 0; weights && i < profile__sample_count(p->profile); i++) {
		const struct profile_sample *sample = profile__sample_at(p->profile, i);
		const struct frame *frame;

		profile__stack_at(p->profile, sample->stack, &stack);
		if (!stack.count)
			continue;
		frame = profile__frame_at(p->profile, stack.frames[stack.count - 1]);
		if (frame->kind == FRAME_NATIVE)
			weights[frame->where] += sample->ns;
	}
	for (size_t i = 0; weights && i < count; i++)
		if (weights[i] > (first ? weights[first - 1] : 0) &&
		    !is_library(profile__module_at(p->profile, i)->path))
			first = i + 1;
	if (first) {
		Pprof__Mapping *program = p->mapping_pointers[MAPPING_MODULES - 2 + first];

		memmove(p->mapping_pointers + 1, p->mapping_pointers,
			(MAPPING_MODULES - 2 + first) * sizeof(*p->mapping_pointers));
		p->mapping_pointers[0] = program;
	}
	p->no_memory |= !weights;
	free(weights);
}

static void add_mappings(struct pprof *p)
{
	static const char *const names[] = { "[kernel]", "[python]", "[jit]" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		add_mapping(p, names[i], NULL);
	for (size_t i = 0; i < profile__module_count(p->profile); i++) {
		const struct profile_module *module = profile__module_at(p->profile, i);

		add_mapping(p, module->path, module);
	}
	put_program_first(p);
	p->message.mapping = p->mapping_pointers;
}

static void add_functions(struct pprof *p)
{
	size_t count = profile__function_count(p->profile);

	for (size_t i = 0; i < count; i++) {
		const struct profile_function *from = profile__function_at(p->profile, i);
		Pprof__Function *function = &p->functions[i];

		pprof__function__init(function);
		function->id = i + 1;
		function->name = string_of(p, from->name);
		function->system_name = function->name;
		function->filename = string_of(p, from->file);
		function->start_line = from->line;
		p->function_pointers[i] = function;
	}
	p->message.n_function = count;
	p->message.function = p->function_pointers;
}

static uint64_t mapping_of(const struct frame *frame)
{
	switch (frame->kind) {
	case FRAME_KERNEL:
		return MAPPING_KERNEL;
	case FRAME_PYTHON:
		return MAPPING_PYTHON;
	case FRAME_NATIVE:
		return MAPPING_MODULES + frame->where;
	case FRAME_JIT:
		return MAPPING_JIT;
	default:
		return 0;
	}
}

static void add_locations(struct pprof *p)
{
	size_t count = profile__frame_count(p->profile), used = 0;

	for (size_t i = 0; i < count; i++) {
		const struct frame *frame = profile__frame_at(p->profile, i);
		Pprof__Location *location = &p->locations[i];
		const struct profile_line *lines;

		pprof__location__init(location);
		location->id = i + 1;
		location->mapping_id = mapping_of(frame);
		/* Python's is a line, which is told apart below */
		location->address = frame->kind == FRAME_PYTHON ? 0 : frame->address;
		location->line = &p->line_pointers[used];
		lines = profile__lines(p->profile, i, &location->n_line);
		for (size_t n = 0; n < location->n_line; n++, used++) {
			pprof__line__init(&p->lines[used]);
			p->lines[used].function_id = lines[n].function + 1;
			p->lines[used].line = lines[n].line;
			p->line_pointers[used] = &p->lines[used];
		}
		p->location_pointers[i] = location;
	}
	p->message.n_location = count;
	p->message.location = p->location_pointers;
}

/* ---- samples ------------------------------------------------------------ */

static void add_type(struct pprof *p, const char *type, const char *unit)
{
	Pprof__ValueType *value = &p->types[p->message.n_sample_type];

	pprof__value_type__init(value);
	value->type = string_of(p, type);
	value->unit = string_of(p, unit);
	p->type_pointers[p->message.n_sample_type++] = value;
	p->message.default_sample_type = value->type;
}

static void add_types(struct pprof *p)
{
	Pprof__ValueType *period = &p->types[VALUES_MAX];
	enum profile_mode mode = p->run->mode;

	if (mode != MODE_OFF_CPU) {
		add_type(p, "samples", "count");
		add_type(p, "cpu", "nanoseconds");
	}
	if (mode != MODE_ON_CPU) {
		add_type(p, "waits", "count");
		add_type(p, "off_cpu", "nanoseconds");
	}
	if (mode == MODE_WALL)
		add_type(p, "wall", "nanoseconds");
	p->message.sample_type = p->type_pointers;
	if (mode == MODE_OFF_CPU || !p->run->frequency)
		return;
	pprof__value_type__init(period);
	period->type = string_of(p, "cpu");
	period->unit = string_of(p, "nanoseconds");
	p->message.period_type = period;
	p->message.period = NSEC_PER_SEC / p->run->frequency;
}

static void set_values(const struct pprof *p, struct sample *sample,
		       const struct profile_sample *from)
{
	size_t at = p->run->mode == MODE_WALL && from->kind == SAMPLE_OFF_CPU ? 2 : 0;

	sample->values[at] = from->count;
	sample->values[at + 1] = from->ns;
	if (p->run->mode == MODE_WALL)
		sample->values[4] = from->ns;
	sample->message.n_value = p->message.n_sample_type;
	sample->message.value = sample->values;
}

static Pprof__Label *add_label(struct pprof *p, struct sample *sample, const char *key)
{
	Pprof__Label *label = &sample->labels[sample->message.n_label];

	pprof__label__init(label);
	label->key = string_of(p, key);
	sample->label_pointers[sample->message.n_label++] = label;
	return label;
}

static void set_labels(struct pprof *p, struct sample *sample, const struct profile_sample *from)
{
	const struct profile_thread *thread = profile__thread_at(p->profile, from->thread);
	const struct profile_process *process = profile__process_at(p->profile, thread->process);

	add_label(p, sample, "process")->str = string_of(p, process->comm);
	add_label(p, sample, "pid")->num = process->pid;
	add_label(p, sample, "thread")->str =
		string_of(p, thread->comm[0] ? thread->comm : process->comm);
	add_label(p, sample, "tid")->num = thread->tid;
	if (from->kind == SAMPLE_OFF_CPU)
		add_label(p, sample, "reason")->str =
			string_of(p, from->reason < PPBPF_REASON_NR ? reasons[from->reason].name :
								      "run_queue");
	sample->message.label = sample->label_pointers;
}

static void add_samples(struct pprof *p)
{
	size_t count = profile__sample_count(p->profile);
	uint64_t *ids = p->location_ids;

	for (size_t i = 0; i < count; i++) {
		const struct profile_sample *from = profile__sample_at(p->profile, i);
		struct sample *sample = &p->samples[i];
		struct profile_stack stack;

		pprof__sample__init(&sample->message);
		profile__stack_at(p->profile, from->stack, &stack);
		sample->message.location_id = ids;
		sample->message.n_location_id = stack.count;
		for (size_t n = 0; n < stack.count; n++)
			*ids++ = stack.frames[n] + 1;
		set_values(p, sample, from);
		set_labels(p, sample, from);
		p->sample_pointers[i] = &sample->message;
	}
	p->message.n_sample = count;
	p->message.sample = p->sample_pointers;
}

/* ---- the file ----------------------------------------------------------- */

static void add_strings(struct pprof *p)
{
	size_t count = intern__count(p->strings);

	p->string_table = zeroed(p, count, sizeof(*p->string_table));
	for (size_t i = 0; i < count && p->string_table; i++)
		p->string_table[i] = (char *)intern__get(p->strings, i, NULL);
	p->message.n_string_table = count;
	p->message.string_table = p->string_table;
}

static int write_gzipped(FILE *out, const uint8_t *bytes, size_t length)
{
	z_stream stream = { .next_in = (uint8_t *)bytes, .avail_in = length };
	uint8_t chunk[16384];
	int result = Z_OK, err = 0;

	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	while (result == Z_OK && !err) {
		size_t made;

		stream.next_out = chunk;
		stream.avail_out = sizeof(chunk);
		result = deflate(&stream, Z_FINISH);
		made = sizeof(chunk) - stream.avail_out;
		if (fwrite(chunk, 1, made, out) != made)
			err = errno ? -errno : -EIO;
	}
	deflateEnd(&stream);
	return err ? err : result == Z_STREAM_END ? 0 : -EIO;
}

static int pack(FILE *out, const Pprof__Profile *message)
{
	size_t length = pprof__profile__get_packed_size(message);
	uint8_t *bytes = length <= UINT32_MAX ? malloc(length + 1) : NULL;
	int err;

	if (!bytes)
		return -ENOMEM;
	pprof__profile__pack(message, bytes);
	err = write_gzipped(out, bytes, length);
	free(bytes);
	return err;
}

int profile_pprof__write(FILE *out, const struct profile_run *run)
{
	struct pprof p = { .run = run, .profile = run->profile };
	int err = -ENOMEM;

	pprof__profile__init(&p.message);
	allocate(&p);
	if (!p.no_memory) {
		string_of(&p, "");	/* the format wants it first */
		add_mappings(&p);
		add_functions(&p);
		add_locations(&p);
		add_types(&p);
		add_samples(&p);
		p.message.time_nanos = run->start_ns;
		p.message.duration_nanos = run->seconds * NSEC_PER_SEC;
		add_strings(&p);
	}
	if (!p.no_memory)
		err = pack(out, &p.message);
	free_all(&p);
	return err;
}
