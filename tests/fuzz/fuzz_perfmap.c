// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A hostile perf map. The first byte says how much of it is there at the first
 * reading; what it names is looked up at both.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbol/perfmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct perfmap *map)
{
	static const uint64_t places[] = { 0, 0x10, 0x1000, 0x7f0000001000, UINT64_MAX };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct perfmap_symbol *symbol = perfmap__find(map, places[i]);

		if (symbol && (symbol->start > places[i] || !symbol->name[0] ||
			       strpbrk(symbol->name, "\n\033")))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct perfmap *map = perfmap__new();
	struct perfmap_state state;
	int fd = memfd_create("map", MFD_CLOEXEC);
	size_t first;

	if (size && map && fd >= 0) {
		first = (size - 1) * data[0] / 255;
		if (write(fd, data + 1, first) != (ssize_t)first || perfmap__read(map, fd))
			abort();
		look(map);
		if (write(fd, data + 1 + first, size - 1 - first) != (ssize_t)(size - 1 - first) ||
		    perfmap__read(map, fd))
			abort();
		look(map);
		perfmap__state(map, &state);
		if (state.bytes != size - 1 && !state.full)
			abort();
	}
	if (fd >= 0)
		close(fd);
	perfmap__free(map);
	return 0;
}
