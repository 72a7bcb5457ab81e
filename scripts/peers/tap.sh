# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the peers share: each is a program for scripts/test-guest that runs programs which
# others wrote, and tells in KTAP what became of them.

peer=${0##*/}
results=() failures=0
# The plan of the tests comes first in KTAP, what they said behind it.
exec 3>&1 > "$TMPDIR/talk" 2>&1

# buffers: how many there are.
buffers() {
	sed -n 's/^Total \([0-9]*\) objects.*/\1/p' /sys/kernel/debug/dma_buf/bufinfo
}

# within SECONDS COMMAND...: it comes true soon.
within() {
	local patience
	for ((patience = $1 * 10; patience > 0; patience--)); do
		! "${@:2}" || return 0
		sleep 0.1
	done
	return 1
}

none_left() {
	[ "$(buffers)" = 0 ]
}

# result TEST ok|bad|skip
result() {
	local number=$((${#results[@]} + 1))
	case $2 in
	ok) results+=("ok $number $1") ;;
	skip) results+=("ok $number $1 # SKIP") ;;
	*)
		results+=("not ok $number $1")
		failures=$((failures + 1))
		;;
	esac
}

# try TEST COMMAND...: it ends well, and no buffer is left; the last close of one
# may take effect a moment later.
try() {
	local verdict=ok
	echo "$peer: $1" > /dev/kmsg
	"${@:2}" < /dev/null > "$TMPDIR/output" 2>&1 || verdict=bad
	within 10 none_left || { verdict=bad; cp /sys/kernel/debug/dma_buf/bufinfo "$TMPDIR/output"; }
	[ "$verdict" = ok ] || { echo "$1:"; tail -n 40 "$TMPDIR/output"; }
	result "$1" "$verdict"
}

# objects: "CACHE COUNT" for each slab cache, when all is free that can be.
objects() {
	local cache
	echo 2 > /proc/sys/vm/drop_caches
	for cache in /sys/kernel/slab/*; do
		[ ! -L "$cache" ] || continue
		echo 1 > "$cache/shrink"
		read -r count _ < "$cache/objects"
		echo "${cache##*/} $count"
	done
}

# over_and_over COMMAND...: twenty times, after which no cache has grown by an object each.
over_and_over() {
	local i
	"$@" || return 1
	# To count takes memory, too, the first time.
	objects > "$TMPDIR/before"
	objects > "$TMPDIR/before"
	for ((i = 0; i < 20; i++)); do
		"$@" || return 1
	done
	within 10 none_left
	objects > "$TMPDIR/after"
	awk 'NR == FNR { before[$1] = $2; next }
		$2 - before[$1] >= 20 { print $1 ": " $2 - before[$1] " objects more"; grown = 1 }
		END { exit grown }' "$TMPDIR/before" "$TMPDIR/after"
}

# node NAME: the device file of the video node that the driver calls so.
node() {
	local name
	name=$(grep -lx -- "$1" /sys/class/video4linux/*/name 2> /dev/null | head -n 1)
	[ -n "$name" ] && name=${name%/name} && echo "/dev/${name##*/}"
}

done_testing() {
	{
		echo "1..${#results[@]}"
		sed 's/^/# /' "$TMPDIR/talk"
		printf '%s\n' "${results[@]}"
	} >&3
	[ "$failures" -eq 0 ]
}
