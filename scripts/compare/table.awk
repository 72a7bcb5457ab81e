# SPDX-License-Identifier: GPL-2.0-only
#
# usage: awk -f table.awk BASE OURS
#
# Both files have lines "SUITE TEST RESULT". Prints how many tests of each suite
# passed on either side, and then every test which came out differently. A test
# that one side does not have is counted on neither.

FNR == NR { base[$1 " " $2] = $3; next }
!(($1 " " $2) in base) { left_out++; next }
{
	test = $1 " " $2
	ours[test] = $3
	order[++tests] = test
	if (!($1 in total))
		suites[++suite_count] = $1
	total[$1]++
	base_passed[$1] += base[test] == "passed"
	ours_passed[$1] += $3 == "passed"
	if ($3 != "passed" && $3 != "skipped")
		failed++
}
END {
	printf "%-28s %8s %16s %12s\n", "suite", "tests", "own core passes", "this passes"
	for (i = 1; i <= suite_count; i++) {
		s = suites[i]
		printf "%-28s %8d %16d %12d\n", s, total[s], base_passed[s], ours_passed[s]
		base_sum += base_passed[s]
		ours_sum += ours_passed[s]
	}
	printf "%-28s %8d %16d %12d\n", "all", tests, base_sum, ours_sum
	printf "%d tests need what only this core has, and are not counted.\n\n", left_out
	printf "%-72s %-10s %s\n", "what differs", "own core", "this core"
	for (i = 1; i <= tests; i++) {
		test = order[i]
		if (base[test] != ours[test])
			printf "%-72s %-10s %s\n", test, base[test], ours[test]
	}
	exit failed > 0
}
