// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/libbpf_log.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "collect/privilege.h"

static char refused[64];
static bool verifier_objected;

static int on_message(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[1024], name[64];

	vsnprintf(line, sizeof(line), format, args);
	if (strstr(line, "failed to load") &&
	    sscanf(line, "libbpf: prog '%63[^']': failed to load", name) == 1)
		text_copy(refused, sizeof(refused), name);
	if (strstr(line, "BEGIN PROG LOAD LOG"))
		verifier_objected = true;
	line[strcspn(line, "\n")] = '\0';
	if (level != LIBBPF_DEBUG)
		log_debug("%s", line);
	return 0;
}

void libbpf_log__listen(void)
{
	refused[0] = '\0';
	verifier_objected = false;
	libbpf_set_print(on_message);
}

const char *libbpf_log__refused(void)
{
	return refused;
}

/*
 * The verifier answers EACCES, too, when it objects to what a program does; with all the
 * capabilities that are asked for that is not for want of privilege.
 */
static bool is_forbidden(int code)
{
	char missing[PRIVILEGE_TEXT];

	if (code != -EPERM && code != -EACCES)
		return false;
	return !verifier_objected || *privilege__missing_for_bpf(missing);
}

int libbpf_log__explain(struct err *e, int code, const char *what)
{
	char missing[PRIVILEGE_TEXT], lockdown[PRIVILEGE_TEXT];
	const char *mode = privilege__lockdown(lockdown);

	if (is_forbidden(code) && !strcmp(mode, "confidentiality")) {
		err__set(e, ERR_PERMISSION, code, "lockdown=confidentiality forbids programs to read "
			 "the kernel's memory: %s cannot be loaded", what);
		err__hint(e, "boot with lockdown=integrity, which allows them");
	} else if (is_forbidden(code) && *privilege__missing_for_bpf(missing)) {
		err__set(e, ERR_PERMISSION, code, "%s cannot be loaded: %s is missing", what, missing);
		err__hint(e, "%s", privilege__how_to_get_bpf());
	} else if (is_forbidden(code)) {
		err__set(e, ERR_PERMISSION, code, "%s cannot be loaded: something forbids it to who "
			 "has the capabilities", what);
		err__hint(e, "a container's seccomp profile must allow bpf(2); a security module "
			  "writes to the kernel's log what it forbids");
	} else if (code == -EMFILE || code == -ENFILE) {
		err__set(e, ERR_IO, code, "too many files are open for %s to be loaded", what);
		err__hint(e, "raise the limit: ulimit -n 1024");
	} else if (code == -ENOMEM) {
		err__set(e, ERR_IO, code, "there is no memory for %s", what);
		err__hint(e, "a cgroup's memory.max counts what maps take: 64 MB are enough");
	} else {
		err__set(e, ERR_UNSUPPORTED_KERNEL, code, "the kernel refused %s%s%s: %s", what,
			 *refused ? ", at " : "", refused, strerror(-code));
		err__hint(e, "ppbpf doctor says what this kernel lacks; --debug what it objects to");
	}
	return code;
}
