# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What tree-install keeps of a tree, in its folder .dma-buf-anew:
#   list       "KIND SHA256 PATH" of each file: replaced, added or removed
#   original/  the tree's own files that were replaced or removed
#   folders    those that were made for the overlay

# open_tree: set tree, state and list from KERNEL.
open_tree() {
	[ -n "${KERNEL:-}" ] || die "which kernel tree? KERNEL=DIR names it"
	tree=$(base_path)
	[ -d "$tree" ] || die "$tree: no such folder"
	[ -w "$tree" ] || die "$tree: cannot be written"
	case $tree/ in
	"$TOP"/*) die "$tree: belongs to this project; its build/tree has the overlay already" ;;
	esac
	state=$tree/.dma-buf-anew
	list=$state/list
}

sum_of() {
	[ ! -f "$1" ] || sha256sum < "$1" | cut -d ' ' -f 1
}

# kind_of FILE: what was done to it, or nothing.
kind_of() {
	awk -v file="$1" '$3 == file { print $1 }' "$list"
}

forget() {
	awk -v file="$1" '$3 != file' "$list" > "$list.part"
	mv "$list.part" "$list"
}

# require_unchanged: nobody's work on an installed file is to be lost. A file
# may still be the original where an install was cut short.
require_unchanged() {
	local sum file now
	[ -f "$list" ] || return 0
	while read -r _ sum file; do
		now=$(sum_of "$tree/$file")
		[ "${now:--}" = "$sum" ] || [ "$now" = "$(sum_of "$state/original/$file")" ] ||
			[ "$now" = "$(sum_of "$TOP/$file")" ] ||
			die "$tree/$file: changed since it was installed; move your change away first"
	done < "$list"
}

# give_back FILE: the tree's own, or none. Its time is now: what was compiled
# from the overlay's file is newer than the original's time.
give_back() {
	if [ -e "$state/original/$1" ]; then
		mkdir -p "$(dirname "$tree/$1")"
		cp -a "$state/original/$1" "$tree/$1.part"
		touch "$tree/$1.part"
		mv "$tree/$1.part" "$tree/$1"
	else
		rm -f "$tree/$1"
	fi
	forget "$1"
	# What a cut-short put() may have left.
	rm -f "$state/original/$1" "$tree/$1.laid-over"
}
