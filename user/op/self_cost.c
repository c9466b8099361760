// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/self_cost.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "model/report.h"

static void cpu_seconds(double *user, double *system)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	*user = usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6;
	*system = usage.ru_stime.tv_sec + usage.ru_stime.tv_usec / 1e6;
}

double self_cost__cpu_seconds(void)
{
	double user, system;

	cpu_seconds(&user, &system);
	return user + system;
}

void self_cost__read(struct report_self *self)
{
	struct rusage usage;
	long pages = 0;
	FILE *file;

	getrusage(RUSAGE_SELF, &usage);
	cpu_seconds(&self->user_seconds, &self->system_seconds);
	self->peak_resident_bytes = usage.ru_maxrss * 1024;
	file = fopen("/proc/self/statm", "re");
	if (file && fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	self->resident_bytes = pages * sysconf(_SC_PAGESIZE);
}
