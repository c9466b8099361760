#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Prints a bpftool that runs. It lies in /usr/sbin, which is on no user's PATH,
# and Ubuntu's is a wrapper that fails unless it was built for the running kernel.

for tool in "$(command -v bpftool)" /usr/sbin/bpftool /usr/local/sbin/bpftool \
	    /usr/lib/linux-tools/*/bpftool; do
	if [ -x "$tool" ] && "$tool" version >/dev/null 2>&1; then
		echo "$tool"
		exit 0
	fi
done
exit 1
