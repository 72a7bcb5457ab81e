# SPDX-License-Identifier: GPL-2.0-only
#
# usage: awk [-v same=1] -f table.awk BASE OURS
#
# Both files have lines "SUITE TEST RESULT". Prints how many tests of each suite
# passed on either side, and then every test which came out differently. A test
# that one side does not have is counted on neither; where both should be the same,
# that is a failure, as is any other difference.

FNR == NR { base[$1 " " $2] = $3; next }
{ test = $1 " " $2 }
!(test in base) && !same { left_out++; next }
!(test in base) { base[test] = "missing" }
{ count($3) }
END {
	for (test in base) {
		if (same && !(test in ours)) {
			split(test, names)
			$1 = names[1]
			count("missing")
		}
	}
	printf "%-28s %8s %16s %12s\n", "suite", "tests", "own core passes", "this passes"
	for (i = 1; i <= suite_count; i++) {
		s = suites[i]
		printf "%-28s %8d %16d %12d\n", s, total[s], base_passed[s], ours_passed[s]
		base_sum += base_passed[s]
		ours_sum += ours_passed[s]
	}
	printf "%-28s %8d %16d %12d\n", "all", tests, base_sum, ours_sum
	if (!same)
		printf "%d tests need what only this core has, and are not counted.\n", left_out
	printf "\n%-72s %-10s %s\n", "what differs", "own core", "this core"
	for (i = 1; i <= tests; i++) {
		test = order[i]
		if (base[test] != ours[test] || (same && ours[test] == "fails"))
			printf "%-72s %-10s %s\n", test, base[test], ours[test]
		if (base[test] != ours[test])
			failed += same
	}
	exit failed > 0
}

function count(result)
{
	ours[test] = result
	order[++tests] = test
	if (!($1 in total))
		suites[++suite_count] = $1
	total[$1]++
	base_passed[$1] += base[test] == "passed"
	ours_passed[$1] += result == "passed"
	if (result != "passed" && result != "skipped")
		failed++
}
