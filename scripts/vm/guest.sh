# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What scripts share that run inside the virtual machine.

# within SECONDS COMMAND...: it comes true soon.
within() {
	local patience
	for ((patience = $1 * 10; patience > 0; patience--)); do
		! "${@:2}" || return 0
		sleep 0.1
	done
	return 1
}

bufinfo=/sys/kernel/debug/dma_buf/bufinfo

# none_left: there is no buffer. The last close of one may take effect a moment later.
none_left() {
	grep -q '^Total 0 objects' "$bufinfo"
}

# ids DRIVER KIND: the identifiers that modetest lists of -c, connectors, or -p, CRTCs and
# planes.
ids() {
	modetest -M "$1" "$2" | sed -n 's/^\([0-9]\+\)\t.*/\1/p'
}
