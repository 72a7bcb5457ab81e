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
}

# run_part TITLE SCRIPT [ARGUMENT]: a part leaves its three numbers in a file that
# it is given the name of.
run_part() {
	local count=$RESULTS/$2${3:-}.count p f s
	stage "$1"
	"$TOP/scripts/$2" "$count" "${@:3}" &
	wait $! || {
		echo "$1: not all is well" >&2
		[ -s "$count" ] || echo 0 1 0 > "$count"
	}
	read -r p f s < "$count"
	[ -n "${SUITE:-}" ] || [ $((p + f + s)) -gt 0 ] || {
		echo "$1: no test ran" >&2
		f=1
	}
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# end_parts: the last line of a run, and its verdict.
end_parts() {
	stage 'done'
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $((passed + failed + skipped)) -gt 0 ] || die "no test is named ${SUITE:-}"
	[ "$failed" -eq 0 ]
}
