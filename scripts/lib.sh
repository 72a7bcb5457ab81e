# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts share: where things are, stages, progress, logs, errors, clean-up.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# Two bases live side by side.
BUILD=$TOP/build
: "${BASE:=6.12}"
[ "$BASE" = 6.12 ] || BUILD=$BUILD/$BASE
export BASE
# shellcheck disable=SC2034 # for the scripts that read this file
LOGS=$BUILD/logs RESULTS=$BUILD/test

# use_kind KIND: which kernel: that of `make kernel`, or one of another configuration:
# -production, -smp, -debug, -smp-kasan, -smp-kcsan, -smp-rt, -smp-bare, -smp-gcov,
# -peers, -smp-peers, -bench-plain, -bench-debug, -bench-smp. Of these, *-smp* are for a
# machine with two processors, and *-base are without our core.
# shellcheck disable=SC2034
use_kind() {
	KIND=$1
	UML=$BUILD/um$KIND
	TREE=$BUILD/tree IMAGE=$UML/linux KERNEL_ARCH=um
	[[ $KIND != *-base ]] || TREE=$BUILD/tree-base
	[[ $KIND != *-smp* ]] || IMAGE=$UML/arch/x86/boot/bzImage KERNEL_ARCH=x86_64
}
use_kind "${KIND:-}"
export LC_ALL=C.UTF-8
# What `make` was told about itself is not for the makes below it.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES GNUMAKEFLAGS
: "${STAGE_START:=$(date +%s)}"
export STAGE_START

# A signal ends a script the ordinary way, so that its EXIT trap cleans up. Neither that nor
# the clean-up at an ordinary end is cut short by another.
ignore_signals() {
	trap '' HUP INT TERM
}
trap 'ignore_signals; exit 129' HUP
trap 'ignore_signals; exit 130' INT
trap 'ignore_signals; exit 143' TERM
trap end_jobs EXIT

# die MESSAGE: one line, and the end.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

elapsed() {
	local s=$(($(date +%s) - STAGE_START))
	printf '%2d:%02d' $((s / 60)) $((s % 60))
}

# stage TEXT: say what happens next, and when.
stage() {
	printf '[%s] %s\n' "$(elapsed)" "$*"
}

# tree_of PID: it and all it started, whatever group or session they moved to.
tree_of() {
	local child
	echo "$1"
	for child in $(ps -o pid= --ppid "$1"); do
		tree_of "$child"
	done
}

# end_tree PID: ask all of them to end, which lets make remove half-written
# files; then insist.
end_tree() {
	local pids patience
	pids=$(tree_of "$1")
	# shellcheck disable=SC2086 # a list of numbers
	kill -TERM $pids 2> /dev/null || return 0
	for ((patience = 50; patience > 0; patience--)); do
		# shellcheck disable=SC2086
		kill -0 $pids 2> /dev/null || return 0
		sleep 0.1
	done
	# shellcheck disable=SC2086
	kill -KILL $pids 2> /dev/null || true
}

# end_jobs: what every EXIT trap begins with.
end_jobs() {
	local pid
	ignore_signals
	for pid in $(jobs -p); do
		end_tree "$pid"
		wait "$pid" 2> /dev/null || true
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

# logged LOG COMMAND...: run it with all its output in LOG. In the background,
# since a shell takes signals only between commands, or while it waits.
logged() {
	local log=$1 status=0
	shift
	mkdir -p "${log%/*}"
	"$@" > "$log" 2>&1 < /dev/null &
	wait $! || status=$?
	return "$status"
}

# must LOG WHAT COMMAND...: the same; its failure is the end.
must() {
	local log=$1 what=$2
	shift 2
	if ! logged "$log" "$@"; then
		report_log "$log" "$what failed"
		exit 1
	fi
}

# draw_bar LOG TOTAL: how many files a running build has compiled, drawn over the
# last line on a terminal. TOTAL may be 0: not known; it is an estimate otherwise.
draw_bar() {
	local width=32 count total line
	count=$(grep -c '^  CC ' "$1" || true)
	total=$((count > $2 ? count : $2))
	line="$count compiled"
	if [ "$2" -gt 0 ]; then
		printf -v line '%*s' $((width * count / total)) ''
		printf -v line '[%-*s] %d/%d compiled' "$width" "${line// /#}" "$count" "$total"
	fi
	if [ -t 1 ]; then
		printf '\r[%s] %s ' "$(elapsed)" "$line"
	else
		stage "$line"
	fi
}

# watched_make LOG TOTAL MAKE-ARGUMENT...: run make with its output in LOG. Fails
# as make does. A terminal sees the bar twice a second, a file each half minute.
watched_make() {
	local log=$1 total=$2 pid pause=30 status=0 drawn=0
	shift 2
	[ ! -t 1 ] || pause=0.5
	mkdir -p "${log%/*}"
	make "$@" > "$log" 2>&1 < /dev/null &
	pid=$!
	while sleep "$pause" & wait -n "$pid" $! || true; kill -0 "$pid" 2> /dev/null; do
		draw_bar "$log" "$total"
		drawn=1
	done
	wait "$pid" || status=$?
	if [ "$drawn" -eq 1 ] && [ "$status" -eq 0 ]; then
		draw_bar "$log" "$total"
		[ ! -t 1 ] || echo
	fi
	return "$status"
}

# one_at_a_time: hold the build folder against a second make in this clone.
one_at_a_time() {
	if ! mkdir -p "$BUILD" 2> /dev/null || [ ! -w "$BUILD" ]; then
		die "$BUILD: cannot be written; work in a clone of your own"
	fi
	exec {BUILD_LOCK}> "$BUILD/.lock"
	if ! flock --nonblock "$BUILD_LOCK"; then
		stage "waiting for another make in this clone"
		flock "$BUILD_LOCK"
	fi
}

case $BASE in
6.12 | 7.3) ;;
*) die "BASE=$BASE: it is 6.12 or 7.3" ;;
esac
case $TOP in
*[[:space:]:]*) die "$TOP: kbuild cannot work below a path with white space or a colon; move the clone" ;;
esac
