/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The commands: each parses its options and calls one operation. */
#ifndef PPBPF_CMD_COMMANDS_H
#define PPBPF_CMD_COMMANDS_H

/* argv[0] is the command's name. Returns the exit status. */
int cmd_monitor(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_profile(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_metrics(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
