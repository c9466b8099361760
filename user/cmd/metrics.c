// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "cmd/commands.h"
int cmd_metrics(int argc, char **argv){(void)argc;(void)argv;return 0;}
