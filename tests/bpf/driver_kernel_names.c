// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * What the kernel's addresses are called: reads them from standard input, one a
 * line in hexadecimal, and writes "NAME START MODULE" for each, or "-". With an
 * argument: where that function lies, "START END".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/kernel_names.h"
#include "symbol/kernel.h"

#define ADDRESSES_MAX 65536

static int print_function(const char *name)
{
	uint64_t start, end;
	int err = kernel_names__function(name, &start, &end);

	if (!err)
		printf("%" PRIx64 " %" PRIx64 "\n", start, end);
	else
		fprintf(stderr, "%s: %s\n", name, strerror(-err));
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	uint64_t *addresses = calloc(ADDRESSES_MAX, sizeof(*addresses));
	struct kernel_symbols *kernel;
	struct kernel_symbol symbol;
	size_t count = 0;
	int err;

	if (argc > 1)
		return print_function(argv[1]);
	while (addresses && count < ADDRESSES_MAX && scanf("%" SCNx64, &addresses[count]) == 1)
		count++;
	err = kernel_symbols__ask(&kernel, kernel_names__read, addresses, count);
	if (err) {
		fprintf(stderr, "the kernel does not answer: %s\n", strerror(-err));
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		if (kernel_symbols__find(kernel, addresses[i], &symbol))
			puts("-");
		else
			printf("%s %" PRIx64 " %s\n", symbol.name, symbol.start, symbol.module);
	}
	kernel_symbols__free(kernel);
	free(addresses);
	return 0;
}
