# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the overlay is, and what it is laid over.

OVERLAY=$BUILD/overlay	# made by make_overlay: what is laid over the base
core=drivers/dma-buf

# base_path: the tree that the overlay is laid over.
base_path() {
	if [ -z "${KERNEL:-}" ]; then
		echo "$BUILD/base"
	else
		# Relative to where make was called, not to where a script works.
		readlink -m "${KERNEL/#\~/$HOME}"
	fi
}

# require_kernel DIR: end with a line that says why DIR will not do, or one that says
# that nobody has tried it.
require_kernel() {
	local version
	if [ ! -f "$1/Makefile" ] || [ ! -d "$1/$core" ]; then
		die "$1: not a kernel source tree; name one of Linux 6.12.y or 7.3.y"
	fi
	version=$(sed -n 's/^\(VERSION\|PATCHLEVEL\) = //p' "$1/Makefile" | paste -sd .)
	case $version in
	6.12 | 7.3) ;;
	[0-5].* | 6.[0-9] | 6.1[01]) die "$1: this is Linux $version; the overlay needs 6.12 or later" ;;
	*) echo "${0##*/}: $1: this is Linux $version; the overlay is tested on 6.12.y and 7.3.y" >&2 ;;
	esac
	# The namespace of symbols is a string in 6.12.y since its stable series took that over.
	! grep -q '__stringify(DEFAULT_SYMBOL_NAMESPACE)' "$1/include/linux/export.h" ||
		die "$1: this Linux $version.$(sed -n 's/^SUBLEVEL = //p' "$1/Makefile") is too old:" \
			"DEFAULT_SYMBOL_NAMESPACE is no string there; take a later release of $version"
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
				! -name '*.[ado]' ! -name '*.ko' ! -name '*.mod*' ! -name '.*.cmd' \
				! -name modules.order ! -name Module.symvers ! -name model-share \
				! -name read-speed ! -path '*/dmabuf/dmabuf' ! -name dma-buf-demo \
				! -name '*~' ! -name '.*.sw?' -print 2> /dev/null | sed 's,^\./,,'
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

# has_option OPTION KCONFIG
has_option() {
	grep -qxE "(menu)?config $1" "$2"
}

# edit_makefile BASE: its Makefile without its core, and with ours.
edit_makefile() {
	sed -E '/^obj-/,/[^\\]$/s/(=|[[:space:]])dma-buf\.o([[:space:]]|$)/\1/; /dma-buf-sysfs-stats\.o/d'
	printf '\n%s\n' "include \$(src)/Makefile.dma-buf"
	grep -qw mem_cgroup_from_virt "$1/include/linux/memcontrol.h" || cat <<-'MAKEFILE'

	# Linux 6.12 has these by other names.
	CFLAGS_dma-buf-facts.o += -Dmem_cgroup_from_virt=mem_cgroup_from_slab_obj
	CFLAGS_dma-buf-facts.o += '-Ddma_fence_driver_name(fence)=(fence)->ops->get_driver_name(fence)'
	CFLAGS_dma-buf-facts.o += '-Ddma_fence_timeline_name(fence)=(fence)->ops->get_timeline_name(fence)'
	MAKEFILE
}

# edit_kconfig KCONFIG: the base's Kconfig with our options. Where there is no choice
# whether buffers may move, they always may; where there is one, see KEEP_TABLES.
edit_kconfig() {
	local option=DMABUF_MOVE_NOTIFY
	sed '/^endmenu/,$d' "$1"
	! has_option "$option" "$1" || option=DMABUF_KEEP_TABLES
	printf 'config %s\n\tdef_bool y\n\n' "$option"
	printf 'source "%s/Kconfig.dma-buf"\n\n' "$core"
	sed -n '/^endmenu/,$p' "$1"
}

# make_overlay BASE [ORIGINALS]: make $OVERLAY for it. A file that was replaced in the
# base already is among the ORIGINALS.
make_overlay() {
	local makefile=$1/$core/Makefile kconfig=$1/$core/Kconfig
	[ ! -e "${2:-$1}/$core/Makefile" ] || makefile=${2:-$1}/$core/Makefile
	[ ! -e "${2:-$1}/$core/Kconfig" ] || kconfig=${2:-$1}/$core/Kconfig
	[ "$#" -gt 1 ] || [ ! -e "$1/.dma-buf-anew" ] ||
		die "$1: the overlay is installed there; uninstall it first"
	grep -qE '(=|[[:space:]])dma-buf\.o([[:space:]]|$)' "$makefile" ||
		die "$makefile: dma-buf.o is not in it; not a kernel that the overlay knows"
	rm -rf "$OVERLAY"
	mkdir -p "$OVERLAY"
	overlay_files | rsync -rp --files-from=- "$TOP/" "$OVERLAY/"
	has_option DMABUF_SYSFS_STATS "$kconfig" || rm "$OVERLAY/$core"/{,tests/}dma-buf-sysfs-stats*
	edit_makefile "$1" < "$makefile" > "$OVERLAY/$core/Makefile"
	edit_kconfig "$kconfig" > "$OVERLAY/$core/Kconfig"
}

# laid_over: the files in $OVERLAY.
laid_over() {
	(cd "$OVERLAY" && find . -type f -printf '%P\n' | sort)
}

# retired_files: files of the base that have no place beside the overlay's.
retired_files() {
	printf "$core/dma-buf-sysfs-stats.%s\n" c h | comm -23 - <(laid_over)
}
