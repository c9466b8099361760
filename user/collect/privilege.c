// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/privilege.h"

#include <limits.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/text.h"

const struct capability capabilities[] = {
	{ CAP_BPF, "CAP_BPF", "loading the BPF programs: exact figures of processes", true },
	{ CAP_PERFMON, "CAP_PERFMON", "letting them read the kernel's memory; sampling, hardware "
	  "counters", true },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "programs and PSS of other users' processes; without "
	  "BPF, with the next one, their disk bytes", false },
	{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", "names in programs that others may not read",
	  false },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "monitor --self", false },
	{ CAP_SYSLOG, "CAP_SYSLOG", "names of the kernel's functions where kernel.kptr_restrict is set",
	  false },
	{ CAP_KILL, "CAP_KILL", "ending a COMMAND that --user runs as somebody else", false },
};

const size_t capabilities_count = sizeof(capabilities) / sizeof(capabilities[0]);

static uint64_t effective(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data))
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

bool privilege__has(const struct capability *capability)
{
	return effective() >> capability->bit & 1;
}

bool privilege__in_user_namespace(void)
{
	struct buf text = BUF_INIT;
	unsigned int inside = 0, outside = 0, count = UINT_MAX;

	/* the first one maps every id to itself */
	if (!read_file("/proc/self/uid_map", 1 << 16, &text, NULL))
		sscanf(buf__str(&text), "%u %u %u", &inside, &outside, &count);
	buf__free(&text);
	return inside || outside || count != UINT_MAX;
}

const char *privilege__missing_for_bpf(char out[PRIVILEGE_TEXT])
{
	bool heeded = !privilege__in_user_namespace();
	uint64_t have = heeded ? effective() : 0;
	size_t length = 0;

	out[0] = '\0';
	if (have >> CAP_SYS_ADMIN & 1)
		return out;
	for (size_t i = 0; i < capabilities_count; i++)
		if (capabilities[i].for_bpf && !(have >> capabilities[i].bit & 1))
			length += snprintf(out + length, PRIVILEGE_TEXT - length, "%s%s",
					   length ? " and " : "", capabilities[i].name);
	if (!heeded)
		snprintf(out + length, PRIVILEGE_TEXT - length, " (of the host: a user namespace's "
			 "do not count)");
	return out;
}

const char *privilege__how_to_get_bpf(void)
{
	static char text[PATH_MAX + 128];
	char path[PATH_MAX];
	ssize_t length;

	if (privilege__in_user_namespace())
		return "run it outside of the user namespace, or in a container that is not rootless";
	length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (length <= 0)
		return "run it as root: sudo ppbpf ...";
	path[length] = '\0';
	snprintf(text, sizeof(text), "run it as root: sudo ppbpf ...; or once: sudo setcap "
		 "cap_bpf,cap_perfmon=ep %s", path);
	return text;
}

/* The word in brackets: "none [integrity] confidentiality". */
const char *privilege__lockdown(char out[PRIVILEGE_TEXT])
{
	struct buf text = BUF_INIT;
	char *open, *close;

	text_copy(out, PRIVILEGE_TEXT, "none");
	if (!read_file("/sys/kernel/security/lockdown", 256, &text, NULL)) {
		open = strchr(buf__str(&text), '[');
		close = open ? strchr(open, ']') : NULL;
		if (close) {
			*close = '\0';
			text_copy(out, PRIVILEGE_TEXT, open + 1);
		}
	}
	buf__free(&text);
	return out;
}
