// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/pidns.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"

/* NSpid: lists our numbers from the namespace of that /proc down to our own. */
int proc_levels_above(void)
{
	struct buf text = BUF_INIT;
	int err = read_file("/proc/self/status", 1 << 16, &text, NULL), numbers = 0;
	char *at;

	if (!err) {
		at = strstr(buf__str(&text), "\nNSpid:");
		at = at ? at + strlen("\nNSpid:") : "";
		while (*(at += strspn(at, "\t ")) >= '0' && *at <= '9') {
			numbers++;
			at += strspn(at, "0123456789");
		}
	}
	buf__free(&text);
	if (err)
		return err;
	return numbers ? numbers - 1 : -ENOENT;
}

bool pidns_is_first(void)
{
	struct stat st;

	/* the kernel's PROC_PID_INIT_INO */
	return !stat("/proc/self/ns/pid", &st) && st.st_ino == 0xEFFFFFFC;
}

int proc_must_be_ours(struct err *e)
{
	int above = proc_levels_above();

	if (!above)
		return 0;
	if (above < 0) {
		err__set(e, ERR_UNSUPPORTED_KERNEL, -ENOTSUP, "there is no /proc to read instead");
		err__hint(e, "mount one: mount -t proc proc /proc");
	} else {
		err__set(e, ERR_UNSUPPORTED_KERNEL, -ENOTSUP, "the /proc to read instead is of another "
			 "pid namespace");
		err__hint(e, "mount one of this one's: unshare --mount-proc does");
	}
	return -ENOTSUP;
}
