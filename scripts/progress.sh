# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A kernel build with a bar that shows how far it is.

# compile_count LOG: how many files a running build has compiled.
compile_count() {
	grep -c '^  CC  ' "$1" || true
}

# draw_bar DONE TOTAL: one line, drawn over the last on a terminal. TOTAL may be
# 0: not known; it is an estimate otherwise.
draw_bar() {
	local width=32 total=$(($1 > $2 ? $1 : $2)) line
	if [ "$2" -gt 0 ]; then
		printf -v line '%*s' $((width * $1 / total)) ''
		printf -v line '[%-*s] %d/%d compiled' "$width" "${line// /#}" "$1" "$total"
	else
		printf -v line '%d compiled' "$1"
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
		draw_bar "$(compile_count "$log")" "$total"
		drawn=1
	done
	wait "$pid" || status=$?
	if [ "$drawn" -eq 1 ] && [ "$status" -eq 0 ]; then
		draw_bar "$(compile_count "$log")" "$total"
		[ ! -t 1 ] || echo
	fi
	return "$status"
}
