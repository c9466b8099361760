// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/pidns.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
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
