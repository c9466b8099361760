#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Usage: tools/deps.sh [build|all|vm]  installs what tools/packages.txt lists
#
# All is what builds and tests need; vm is what boots other kernels: the tests do
# without where it cannot be had.
#
# Quick when nothing is missing: it asks dpkg alone. Otherwise it installs as
# root or through sudo, or says what is missing and how to install it.
set -u

here=$(dirname "$0")
table=$here/packages.txt
export DEBIAN_FRONTEND=noninteractive

die() {
	printf 'deps: %s\n' "$@" >&2
	exit 1
}

# The ids of this distribution, the most particular first: "ubuntu debian".
distribution() (
	ID='' ID_LIKE=''
	. "${OS_RELEASE:-/etc/os-release}" 2>/dev/null
	echo "$ID $ID_LIKE"
)

# The packages of a distribution's column, one a line; fails when there is no such column.
packages_of() {
	awk -v id="$1" -v want="$2" '
		/^# need / {
			for (i = 4; i <= NF; i++)
				if ($i == id)
					column = i - 1
		}
		/^#/ || !NF || !column { next }
		(want == "all" ? $1 != "vm" : $1 == want) && $column != "-" {
			count = split($column, names, ",")
			for (i = 1; i <= count; i++)
				print names[i]
		}
		END { exit !column }' "$table"
}

packages_here() {
	local id

	for id in $(distribution); do
		packages_of "$id" "$1" && return
	done
	return 1
}

# Those of the arguments that dpkg does not know as installed.
missing_of() {
	local installed

	installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
		sed -n 's/^installed //p')
	printf '%s\n' "$@" | grep -vxF -e "$installed"
}

all_installed() {
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort
}

# While this answers 101, no package's scripts start a service.
forbid_services() {
	policy=/usr/sbin/policy-rc.d
	[ -e "$policy" ] && return
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
}

# Nor shall nginx and PostgreSQL start at the next boot because ppbpf tests against them.
disable_services_of() {
	local unit

	command -v systemctl >/dev/null || return 0
	dpkg -L "$@" 2>/dev/null | grep -E '/lib/systemd/system/[^/@]+\.service$' |
		while read -r unit; do
			systemctl --quiet disable "${unit##*/}" >/dev/null 2>&1
		done
}

apt() {
	apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
		-o Dpkg::Options::=--force-confold "$@" </dev/null
}

# As root. A mirror that is just being updated fails once: try again with a new list.
install_packages() {
	local before output tries

	before=$(all_installed)
	forbid_services
	for tries in 1 2; do
		output=$(apt update 2>&1 && apt install "$@" 2>&1) && break
	done
	disable_services_of $(all_installed | grep -vxF -e "$before")
	[ -z "$(missing_of "$@")" ] && return
	tail -n 20 <<<"$output" >&2
	return 1
}

main() {
	local want=${1:-all} packages missing

	case $want in
	build | all | vm) ;;
	--install) shift; install_packages "$@"; exit ;;
	*) die "usage: tools/deps.sh [build|all|vm]" ;;
	esac

	packages=$(packages_here "$want") ||
		die "no packages are listed for this distribution ($(distribution))" \
			"install the equivalents of the debian column of tools/packages.txt," \
			"then 'make' builds; tests that miss something say so"
	missing=$(missing_of $packages)
	[ -z "$missing" ] && exit 0

	echo "  DEPS   $(echo $missing)"
	if [ "$(id -u)" = 0 ]; then
		"$0" --install $missing
	elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
		sudo "$0" --install $missing
	else
		die "not installed: $(echo $missing)" \
			"as root: apt-get update && apt-get install --no-install-recommends $(echo $missing)"
	fi || die "could not install: $(echo $(missing_of $missing))"
}

main "$@"
