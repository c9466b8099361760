// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/named.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"

#define COMMAND_MAX 4096

int named__pss(pid_t pid, uint64_t *bytes)
{
	struct buf text = BUF_INIT;
	char path[64], *at;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	err = read_file(path, 1 << 16, &text, NULL);
	if (!err) {
		at = strstr(buf__str(&text), "\nPss:");
		err = at && sscanf(at, "\nPss: %" SCNu64, bytes) == 1 ? 0 : -EINVAL;
		*bytes *= 1024;
	}
	buf__free(&text);
	return err;
}

int named__open_files(pid_t pid, uint64_t *count)
{
	struct dirent *entry;
	struct stat st;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	if (stat(path, &st))
		return -errno;
	*count = st.st_size;	/* since Linux 6.2; 0 before */
	if (*count)
		return 0;
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		*count += entry->d_name[0] != '.';
	closedir(dir);
	return 0;
}

int named__command(pid_t pid, struct buf *out)
{
	char path[64];
	int err;

	buf__truncate(out, 0);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	err = read_file(path, COMMAND_MAX, out, NULL);
	if (err == -EFBIG)
		err = 0;
	while (out->length && !out->data[out->length - 1])
		out->length--;
	for (size_t i = 0; i < out->length; i++)
		if (!out->data[i])
			out->data[i] = ' ';
	return err;
}
