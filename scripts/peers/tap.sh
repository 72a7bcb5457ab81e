# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the peers share: each is a program for scripts/test-guest that runs programs which
# others wrote, and tells in KTAP what became of them.

. "$(dirname "${BASH_SOURCE[0]}")/../vm/guest.sh"

peer=${0##*/}
results=() failures=0 complete=''
# The plan of the tests comes first in KTAP, what they said behind it.
exec 3>&1 > "$TMPDIR/talk" 2>&1
trap told EXIT
trap 'exit 143' TERM

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

# try TEST COMMAND...: it ends well, each part of it, and no buffer is left.
try() {
	local verdict=ok
	echo "$peer: $1" > /dev/kmsg
	(set -e; trap stopped EXIT; "${@:2}") < /dev/null > "$TMPDIR/output" 2>&1 3>&- &
	wait $! || verdict=bad
	within 10 none_left || { verdict=bad; cat "$bufinfo" >> "$TMPDIR/output"; }
	[ "$verdict" = ok ] || { echo "$1:"; tail -n 40 "$TMPDIR/output"; }
	result "$1" "$verdict"
}

# stopped: what a test started in the background is no more.
stopped() {
	# shellcheck disable=SC2046 # numbers
	kill $(jobs -p) || true
	wait || true
}

# objects: "CACHE COUNT" for each slab cache, when all is free that can be.
objects() {
	local cache count
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
	"$@"
	# To count takes memory, too, the first time.
	objects > "$TMPDIR/before"
	objects > "$TMPDIR/before"
	for ((i = 0; i < 20; i++)); do
		"$@"
	done
	within 10 none_left
	objects > "$TMPDIR/after"
	awk 'NR == FNR { before[$1] = $2; next }
		$2 - before[$1] >= 20 { print $1 ": " $2 - before[$1] " objects more"; grown = 1 }
		END { exit grown || !NR }' "$TMPDIR/before" "$TMPDIR/after"
}

# node NAME: the device file of the video node that the driver calls so.
node() {
	local name
	name=$(grep -lx -- "$1" /sys/class/video4linux/*/name 2> /dev/null | head -n 1)
	[ -n "$name" ] && name=${name%/name} && echo "/dev/${name##*/}"
}

# displayed: two buffers at least are attached to the display.
displayed() {
	[ "$(grep -c "^$(printf '\t')vkms" "$bufinfo")" -ge 2 ]
}

# elements PLUGIN...: those that GStreamer is to know alone, for it looks at each one there is.
elements() {
	local plugin
	export GST_PLUGIN_SYSTEM_PATH=$TMPDIR/elements GST_REGISTRY=$TMPDIR/registry GST_REGISTRY_FORK=no
	mkdir -p "$GST_PLUGIN_SYSTEM_PATH"
	for plugin in "$@"; do
		ln -sf "$(echo /usr/lib/*/gstreamer-1.0/libgst"$plugin".so)" "$GST_PLUGIN_SYSTEM_PATH"
	done
}

# done_testing: each test has a result. told: all that there are, also of who ends early.
done_testing() {
	complete=yes
	[ "$failures" -eq 0 ]
}

told() {
	[ -n "$complete" ] || result to_the_end bad
	{
		echo "1..${#results[@]}"
		sed 's/^/# /' "$TMPDIR/talk"
		printf '%s\n' "${results[@]}"
	} >&3
}
