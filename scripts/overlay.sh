# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the overlay is, and what it is laid over.

# base_path: the tree that the overlay is laid over.
base_path() {
	if [ -z "${KERNEL:-}" ]; then
		echo "$BUILD/base"
	else
		# Relative to where make was called, not to where a script works.
		readlink -m "${KERNEL/#\~/$HOME}"
	fi
}

# require_kernel DIR: end with a line that says why DIR will not do.
require_kernel() {
	local version
	if [ ! -f "$1/Makefile" ] || [ ! -d "$1/drivers/dma-buf" ]; then
		die "$1: not a kernel source tree; name one of Linux 6.12.y"
	fi
	version=$(sed -n 's/^\(VERSION\|PATCHLEVEL\) = //p' "$1/Makefile" | paste -sd .)
	[ "$version" = 6.12 ] ||
		die "$1: this is Linux $version; the overlay is for 6.12.y"
	# The namespace of symbols is a string in 6.12.y since its stable series took that over.
	! grep -q '__stringify(DEFAULT_SYMBOL_NAMESPACE)' "$1/include/linux/export.h" ||
		die "$1: this Linux 6.12.y is too old for the overlay; take a newer one"
	case $1 in
	*[[:space:]:]*) die "$1: kbuild cannot work below a path with white space or a colon" ;;
	esac
}

# list_files FOLDER...: the files of the project there, sorted. Whatever git does
# not ignore counts, tracked or not; without git (a tarball), all but what is built.
list_files() {
	(
		cd "$TOP" || exit
		if [ "$(git rev-parse --show-toplevel 2> /dev/null)" = "$TOP" ]; then
			git ls-files --cached --others --exclude-standard --deduplicate -- "$@"
		else
			find "$@" -path ./build -prune -o -type f \
				! -name '*.[ado]' ! -name '*~' ! -name '.*.sw?' -print 2> /dev/null | sed 's,^\./,,'
		fi
	) | while IFS= read -r file; do
		# git lists what is tracked even after it was deleted.
		[ ! -f "$TOP/$file" ] || echo "$file"
	done | sort -u
}

# overlay_files: the paths of what belongs in a kernel tree.
overlay_files() {
	list_files drivers include Documentation tools samples
}

# retired_files: files of the base that have no place beside the overlay's.
retired_files() {
	printf 'drivers/dma-buf/dma-buf-sysfs-stats.%s\n' c h | comm -23 - <(overlay_files)
}
