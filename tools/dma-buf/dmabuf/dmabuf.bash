# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion of dmabuf for bash.

_dmabuf() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local i words='list ps cg show leaks watch why --json --sort --help'
	# After a command there are only options, and what it is about.
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		list | ps | cg | show | leaks | watch | why) words='--json --sort --help' ;;
		esac
	done
	case $before in
	-s | --sort) words='size count age' ;;
	show) words=$(dmabuf 2> /dev/null | awk '$1 ~ /^[0-9]+$/ && $2 != "buffers," { print $1 }') ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _dmabuf dmabuf
