// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/environment.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/text.h"

#define FILE_MAX (1 << 20)
#define TICK_KINDS 8	/* user nice system idle iowait irq softirq steal; guests are in user */

/* A file's first line, trimmed; NULL: not to be had. */
static char *first_line(const char *path)
{
	struct buf text = BUF_INIT;
	char *line = NULL;

	if (!read_file(path, FILE_MAX, &text, NULL) && text.length) {
		text.data[strcspn(text.data, "\n")] = '\0';
		line = *text.data ? strdup(text.data) : NULL;
	}
	buf__free(&text);
	return line;
}

static int number(const char *path)
{
	char *line = first_line(path), *end;
	long value = line ? strtol(line, &end, 10) : -1;

	if (line && end == line)
		value = -1;
	free(line);
	return (int)value;
}

/* "model name : Intel..." on x86; elsewhere what comes nearest. */
static char *cpu_model(const char *cpuinfo)
{
	static const char *const keys[] = { "model name", "Processor", "cpu model", "Hardware",
					    "CPU part" };
	const char *at, *colon;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		at = strstr(cpuinfo, keys[i]);
		colon = at ? strchr(at, ':') : NULL;
		if (!colon || memchr(at, '\n', colon - at))
			continue;
		colon += 1 + strspn(colon + 1, " \t");
		return strndup(colon, strcspn(colon, "\n"));
	}
	return NULL;
}

/* The hypervisor's own word for itself; NULL: none is known of. */
static char *virtualization(const char *cpuinfo)
{
	char *vendor = first_line("/sys/hypervisor/type");
	const char *flags = strstr(cpuinfo, "flags");
	const char *bit = flags ? strstr(flags, " hypervisor") : NULL;

	if (vendor)
		return vendor;
	if (!flags || !bit || memchr(flags, '\n', bit - flags))
		return flags ? strdup("none") : NULL;
	vendor = first_line("/sys/class/dmi/id/sys_vendor");
	return vendor ? vendor : strdup("a virtual machine");
}

static void read_cpuinfo(struct bench_environment *e)
{
	struct buf text = BUF_INIT;

	if (!read_file("/proc/cpuinfo", 16 * FILE_MAX, &text, NULL)) {
		e->cpu_model = cpu_model(buf__str(&text));
		e->virtualization = virtualization(buf__str(&text));
	}
	buf__free(&text);
}

/* "some avg10=0.12 ..." */
static double pressure(const char *path)
{
	char *line = first_line(path);
	double percent = NAN;

	if (!line || sscanf(line, "some avg10=%lf", &percent) != 1)
		percent = NAN;
	free(line);
	return percent;
}

static void read_load(struct bench_environment *e)
{
	char *line = first_line("/proc/loadavg");

	if (!line || sscanf(line, "%lf %lf %lf", &e->load[0], &e->load[1], &e->load[2]) != 3)
		e->load[0] = e->load[1] = e->load[2] = NAN;
	free(line);
}

static int turbo(void)
{
	int off = number("/sys/devices/system/cpu/intel_pstate/no_turbo");

	return off >= 0 ? !off : number("/sys/devices/system/cpu/cpufreq/boost");
}

int environment__read(struct bench_environment *e)
{
	struct utsname name;

	if (!uname(&name)) {
		e->host = strdup(name.nodename);
		e->kernel = strdup(name.release);
		e->architecture = strdup(name.machine);
		if (!e->host || !e->kernel || !e->architecture)
			return -ENOMEM;
	}
	read_cpuinfo(e);
	e->governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
	e->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	e->memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	e->turbo = turbo();
	e->smt = number("/sys/devices/system/cpu/smt/active");
	e->aslr = number("/proc/sys/kernel/randomize_va_space");
	e->pressure_cpu = pressure("/proc/pressure/cpu");
	e->pressure_memory = pressure("/proc/pressure/memory");
	e->pressure_io = pressure("/proc/pressure/io");
	read_load(e);
	return 0;
}

int environment__ticks(struct cpu_ticks *ticks)
{
	char *line = first_line("/proc/stat");
	uint64_t t[TICK_KINDS];
	int got = line ? sscanf(line, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
				" %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
				&t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) : 0;

	free(line);
	if (got != TICK_KINDS)
		return -ENOENT;
	ticks->all = 0;
	for (int i = 0; i < TICK_KINDS; i++)
		ticks->all += t[i];
	ticks->stolen = t[TICK_KINDS - 1];
	return 0;
}
