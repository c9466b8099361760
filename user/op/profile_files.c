// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/profile_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/units.h"
#include "model/profile_run.h"
#include "sink/profile_folded.h"
#include "sink/profile_html.h"
#include "sink/profile_json.h"
#include "sink/profile_pprof.h"
#include "sink/profile_speedscope.h"

#define FINE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-"
#define SAME_SECOND 1000	/* files of one name that are looked at */

static const struct format {
	const char *name;
	const char *extension;
	int (*write)(FILE *out, const struct profile_run *run);	/* NULL: needs the envelope */
} formats_known[FORMAT_NR] = {
	[FORMAT_PPROF] = { "pprof", "pb.gz", profile_pprof__write },
	[FORMAT_FOLDED] = { "folded", "folded", profile_folded__write },
	[FORMAT_SPEEDSCOPE] = { "speedscope", "speedscope.json", profile_speedscope__write },
	[FORMAT_HTML] = { "html", "html", profile_html__write },
	[FORMAT_JSON] = { "json", "json", NULL },
};

static int find_format(const char *name, size_t length)
{
	for (int i = 0; i < FORMAT_NR; i++)
		if (strlen(formats_known[i].name) == length &&
		    !strncmp(formats_known[i].name, name, length))
			return i;
	return -1;
}

int profile_formats__parse(const char *list, bool formats[], struct err *e)
{
	size_t length;
	int format;

	for (int i = 0; i < FORMAT_NR; i++)
		formats[i] = !list && i != FORMAT_JSON;
	for (; list; list = list[length] ? list + length + 1 : NULL) {
		length = strcspn(list, ",");
		format = find_format(list, length);
		if (format < 0) {
			err__set(e, ERR_USAGE, -EINVAL, "there is no format \"%.*s\"", (int)length,
				 list);
			err__hint(e, "--format takes pprof, folded, speedscope, html and json, "
				  "separated by commas");
			return -EINVAL;
		}
		formats[format] = true;
	}
	return 0;
}

void profile_files__name(char *out, unsigned long size, const char *target)
{
	const char *slash = strrchr(target, '/');
	unsigned long used = 0;

	if (slash && slash[1])
		target = slash + 1;
	for (; *target && used + 1 < size; target++) {
		out[used++] = strchr(FINE, *target) ? *target : '_';
	}
	/* a dot or a dash at the beginning means something else to others */
	if (used && (out[0] == '.' || out[0] == '-'))
		out[0] = '_';
	out[used] = '\0';
	if (!used)
		snprintf(out, size, "profile");
}

static char *path_of(const char *folder, const char *name, const struct profile_run *run,
		     int number, const char *extension)
{
	struct buf path = BUF_INIT;

	buf__printf(&path, "%s/%s_%llu", folder, name,
		    (unsigned long long)(run->start_ns / NSEC_PER_SEC));
	if (number > 1)
		buf__printf(&path, "_%d", number);
	buf__printf(&path, ".%s", extension);
	return buf__take(&path, NULL);
}

/* A number by which none of the files exists yet, so that all have one name. */
static int free_number(const char *folder, const char *name, const struct profile_run *run)
{
	for (int number = 1; number < SAME_SECOND; number++) {
		bool taken = false;

		for (int i = 0; i < FORMAT_NR && !taken; i++) {
			char *path = path_of(folder, name, run, number, formats_known[i].extension);

			taken = path && !access(path, F_OK);
			free(path);
		}
		if (!taken)
			return number;
	}
	return SAME_SECOND;
}

static int write_one(struct profile_run *run, int format, char *path,
		     const struct envelope *envelope, struct err *e)
{
	struct atomic_file *file = atomic_file__open(path, e);
	int err;

	if (!file)
		return e->code;
	err = format == FORMAT_JSON ?
	      profile_json__write(atomic_file__stream(file), run, envelope) :
	      formats_known[format].write(atomic_file__stream(file), run);
	if (err)
		err__set(e, ERR_IO, err, "%s cannot be written: %s", path, strerror(-err));
	else
		err = atomic_file__commit(file, e);
	atomic_file__free(file);
	return err;
}

int profile_files__write(struct profile_run *run, const bool formats[], const char *folder,
			 const char *name, const struct envelope *envelope, struct err *e)
{
	int first = make_folder(folder, e), err, number;

	if (first)
		return first;
	number = free_number(folder, name, run);
	for (int i = 0; i < FORMAT_NR; i++) {
		char *path;

		if (!formats[i])
			continue;
		path = path_of(folder, name, run, number, formats_known[i].extension);
		err = path ? write_one(run, i, path, envelope, e) : -ENOMEM;
		if (err) {
			free(path);
			first = first ? first : err;
			continue;
		}
		run->files[run->file_count++] =
			(struct profile_file){ formats_known[i].name, path };
	}
	return first;
}
