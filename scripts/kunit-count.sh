# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What kunit.py found, in three numbers.

# kunit_number WORD SUMMARY: how many tests the summary says did that.
kunit_number() {
	sed -n "s/.*[ ,]$1: \([0-9]*\).*/\1/p" <<< "$2" | grep . || echo 0
}

# count_kunit REPORT BOOT COUNT: write "passed failed skipped" to COUNT. BOOT is
# 0 if the kernel was well; otherwise that is a failure of its own, whatever its
# tests say. Fails if anything has failed.
count_kunit() {
	local summary failed
	summary=$(grep -o 'Testing complete\. .*' "$1") || {
		report_log "$1" "kunit.py found no results"
		return 1
	}
	failed=$(($(kunit_number failed "$summary") + $(kunit_number crashed "$summary") +
		$(kunit_number errors "$summary")))
	if [ "$failed" -gt 0 ]; then
		grep -E '\[(FAILED|CRASHED|ERROR)\]|EXPECTATION|ASSERTION|\[ERROR\]' "$1" | tail -n 40 >&2
		printf '  report: %s\n' "$1" >&2
	fi
	[ "$2" -eq 0 ] || failed=$((failed + 1))
	echo "$(kunit_number passed "$summary") $failed $(kunit_number skipped "$summary")" > "$3"
	[ "$failed" -eq 0 ]
}
