// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "cmd/signals.h"

#include <signal.h>
#include <stddef.h>

static void (*stop_operation)(void);

static void on_signal(int signal)
{
	/* a second time it means it */
	struct sigaction action = { .sa_handler = SIG_DFL };

	sigaction(signal, &action, NULL);
	stop_operation();
}

void catch_signals(void (*stop)(void))
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal }, old;

	stop_operation = stop;
	/* nohup and a shell's & mean what they say */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}
