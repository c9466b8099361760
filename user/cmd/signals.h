/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_CMD_SIGNALS_H
#define PPBPF_CMD_SIGNALS_H

/*
 * SIGINT, SIGTERM and SIGHUP ask the operation to end by `stop`; a second time
 * they mean it. SIGPIPE becomes an error of the write.
 */
void catch_signals(void (*stop)(void));

#endif
