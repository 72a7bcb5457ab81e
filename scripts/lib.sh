# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts share: errors, clean-up, failure reports.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

# die MESSAGE: one line, and the end.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# on_exit FUNCTION: run it once however this shell ends, also by a signal.
on_exit() {
	# shellcheck disable=SC2064 # the function's name is meant to be expanded now
	trap "$1" EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
}

# kill_tree PID...: end each process and everything it started, whatever
# process group or session the children moved to.
kill_tree() {
	local pid children
	for pid in "$@"; do
		[ -n "$pid" ] || continue
		# Stopped first, so that it starts nothing while its children are listed.
		kill -STOP "$pid" 2> /dev/null || continue
		children=$(ps -o pid= --ppid "$pid" || true)
		# shellcheck disable=SC2086 # a list of numbers
		kill_tree $children
		kill -KILL "$pid" 2> /dev/null || true
	done
}

# report_log FILE MESSAGE: what failed, the end of its log, and where it is.
report_log() {
	{
		printf '%s: %s\n' "${0##*/}" "$2"
		tail -n "${LOG_LINES:-20}" "$1" | sed 's/^/    /'
		printf '  log: %s\n' "$1"
	} >&2
}

# uml_cage: set cage to the command that starts a process in namespaces of its
# own, as far as this host and user permit. With them the host's mounts can be
# made read-only for the virtual machine, and its processes all die with the
# first. Empty where the host forbids them.
uml_cage() {
	local flags=(--mount --pid --fork --kill-child --mount-proc)
	[ "$(id -u)" -eq 0 ] || flags=(--map-root-user "${flags[@]}")
	if unshare "${flags[@]}" mount -t tmpfs tmpfs /tmp 2> /dev/null; then
		cage=(unshare "${flags[@]}")
	else
		cage=(env UML_NO_CAGE=1)
	fi
}
