# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Sourced by the shell tests: a folder of their own, and a line for each fact.

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

# expect NAME EXPECTED FOUND
expect() {
	if [ "$2" = "$3" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1: expected '${2//$'\n'/ | }', found '${3//$'\n'/ | }'"
	fi
}

# expect_match NAME PATTERN FOUND
expect_match() {
	if [[ $3 =~ $2 ]]; then
		echo "ok - $1"
	else
		echo "not ok - $1: '$2' is not in '${3//$'\n'/ | }'"
	fi
}

# fake NAME: a program of that name in $scratch/bin, with standard input as its script
fake() {
	mkdir -p "$scratch/bin"
	{ echo '#!/bin/bash'; cat; } >"$scratch/bin/$1"
	chmod +x "$scratch/bin/$1"
}
