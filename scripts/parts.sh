# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A test run that consists of parts, and the one line that sums them up.

# start_parts: forget what an earlier run found.
start_parts() {
	one_at_a_time
	rm -rf "$RESULTS"
	mkdir -p "$RESULTS"
	passed=0 failed=0 skipped=0
	titles=() counts=() pids=()
}

# begin_part TITLE SCRIPT [ARGUMENT]: a part leaves its three numbers in a file that
# it is given the name of.
begin_part() {
	local count=$RESULTS/$2${3:-}.count
	stage "$1"
	"$TOP/scripts/$2" "$count" "${@:3}" &
	titles+=("$1") counts+=("$count") pids+=($!)
}

# await_parts: wait for all that have begun, and count.
await_parts() {
	local i count p f s
	for i in "${!pids[@]}"; do
		count=${counts[i]}
		wait "${pids[i]}" || {
			echo "${titles[i]}: not all is well" >&2
			[ -s "$count" ] || echo 0 1 0 > "$count"
		}
		read -r p f s < "$count"
		[ -n "${SUITE:-}" ] || [ $((p + f + s)) -gt 0 ] || {
			echo "${titles[i]}: no test ran" >&2
			f=1
		}
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	done
	titles=() counts=() pids=()
}

# run_part TITLE SCRIPT [ARGUMENT]: from its begin to its end.
run_part() {
	begin_part "$@"
	await_parts
}

# end_parts: the last line of a run, and its verdict.
end_parts() {
	stage 'done'
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $((passed + failed + skipped)) -gt 0 ] || die "no test is named ${SUITE:-}"
	[ "$failed" -eq 0 ]
}
