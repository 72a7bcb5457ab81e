# SPDX-License-Identifier: GPL-2.0-only
#
# The front door. What each target does is in scripts/; see `make help`.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export STAGE_START := $(shell date +%s)
export KERNEL FRAMES DEMO_ARGS SUITE ROUNDS PAIRS

help:
	@scripts/help

packages:
	@scripts/packages build

base: packages
	@scripts/base-tree

tree: base
	@scripts/lay-over

kernel: tree
	@scripts/kernel-build

demo: kernel
	@scripts/demo-run

test: kernel
	@scripts/test-run

stress: tree
	@scripts/packages stress
	@scripts/stress-run

compare: kernel
	@scripts/compare-run

bench: tree
	@scripts/packages bench
	@scripts/bench-run

check: tree
	@scripts/packages check
	@scripts/check-run

users: tree
	@scripts/packages check
	@scripts/users-run

docs: tree
	@scripts/packages docs
	@scripts/docs

patch: base
	@scripts/packages patch
	@scripts/patch-make

install:
	@scripts/tree-install

uninstall:
	@scripts/tree-uninstall

# Keeps what takes long and never changes: the base, and its package.
clean:
	rm -rf $(filter-out build/base build/download, $(wildcard build/* build/.lock))

distclean:
	rm -rf build

.PHONY: help packages base tree kernel demo test stress compare bench check users docs patch install uninstall clean distclean
