# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts share: errors, clean-up, failure reports.

# shellcheck disable=SC2034 # for the scripts that read this file
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

# die MESSAGE: one line, and the end.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# A signal ends a script the ordinary way, so that its EXIT trap cleans up.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

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
