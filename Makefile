# SPDX-License-Identifier: GPL-2.0-only
#
# The front door. What each target does is in the script of its name. `make help`
# shows what stands behind two hashes.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export STAGE_START := $(shell date +%s)
export BASE KERNEL FRAMES DEMO_ARGS SUITE ROUNDS KINDS PAIRS MUTANTS

## dma-buf, anew: the kernel's buffer-sharing core, as an overlay for Linux 6.12 and 7.3
##
demo: kernel		## a camera's frames reach a display by shared buffers: build/demo/frame.png
	@scripts/demo

dmabuf:			## the program that tells who holds which buffer: build/dmabuf/dmabuf
	@scripts/packages dmabuf
	@$(MAKE) -s -C tools/dma-buf/dmabuf OUTPUT=$(CURDIR)/build/dmabuf
	@echo "build/dmabuf/dmabuf: try it with --help"

dmabuf-install: dmabuf	## installs it with its manual, below DESTDIR if that is given
	@$(MAKE) -s -C tools/dma-buf/dmabuf OUTPUT=$(CURDIR)/build/dmabuf \
		DESTDIR=$(if $(DESTDIR),$(abspath $(DESTDIR))) install

test: tree		## every test there is, with all checks and as it ships; the last line counts them
	@scripts/packages test
	@scripts/test

test-smp: tree		## the same as it ships on two emulated processors, with 32-bit programs as well
	@scripts/packages smp
	@scripts/test smp

stress: tree		## the same under sanitizers, with ROUNDS rounds of each race; takes hours
	@scripts/packages smp
	@scripts/test stress

coverage: tree		## which lines and branches of the core no test comes to: build/coverage/index.html
	@scripts/packages coverage
	@scripts/coverage

fuzz: tree		## programs that do anything at random, for SECONDS seconds in each of three ways, from SEED
	@scripts/packages smp
	@scripts/fuzz $(or $(SECONDS),600) $(SEED)

mutants: tree		## change the core in MUTANTS small ways: would a test notice? takes hours, can be cut
	@scripts/packages test
	@SUITE=name_test scripts/test
	@scripts/mutants

compare: kernel		## the tests on the kernel's own core and on this one, side by side
	@scripts/packages test
	@scripts/compare/run

peers: tree		## programs and tests of others, on the kernel's own core and on this one
	@scripts/packages peers
	@scripts/peers/run

bench: tree		## this core's speed beside that of the kernel's own: build/bench/
	@scripts/packages bench
	@scripts/bench/run

check: tree		## static checks; only stages are printed when all is clean
	@scripts/packages check
	@scripts/check

check-all: kernel	## and slower ones: other machines, random configurations, headers, spelling
	@scripts/packages check-all
	@scripts/check all

users: tree		## compile every file of the base kernel that uses dma-buf, unchanged
	@scripts/packages check
	@scripts/users

##
kernel: tree		## the User Mode Linux kernel of demo and test: build/um/linux
	@scripts/kernel

docs: tree		## the guide and the reference as HTML: build/docs/index.html
	@scripts/packages docs
	@scripts/docs

patch: base		## patches against the base kernel: build/patches/, and as one build/dma-buf-anew.patch
	@scripts/packages patch
	@scripts/patch

install:		## lay the overlay over the kernel tree KERNEL=DIR
	@scripts/install

uninstall:		## restore that tree
	@scripts/install undo

clean:			## remove what was built; keeps the base kernel
	rm -rf $(filter-out %/base %/download build/7.3, $(wildcard build/* build/.lock build/7.3/*))

distclean:		## remove all of build/
	rm -rf build

##
##   BASE=6.12        the kernel to build with: Debian's Linux 6.12, or 7.3; the latter's
##                    files are below build/7.3/
##   KERNEL=DIR       a tree of Linux 6.12.y or 7.3.y to use in place of Debian's; it is
##                    only read, except by install and uninstall
##   FRAMES=300       how many frames the demonstration shows
##   DEMO_ARGS=...    more options for its program (DEMO_ARGS=--help names them)
##   SUITE=GLOB       only the test suites and programs of that name
##   ROUNDS=2000      how often make stress runs each race; KINDS='-smp-rt ...' has it
##                    boot only these of its kernels
##   SECONDS=600      how long make fuzz goes on; SEED=N has it do the same again
##   MUTANTS=150      how many changes make mutants draws; SEED=N has it draw others
##   PAIRS=7          how often make bench boots both kernels
##
## Missing packages are installed by apt (as root, or with sudo). Everything is made
## below build/; logs are in build/logs/.

packages:
	@scripts/packages build

base: packages
	@scripts/tree base

tree: base
	@scripts/tree overlay

help:
	@sed -n 's/^## \?//p; s/^\([a-z-]*\):.*\t## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 19

.PHONY: help packages base tree kernel demo dmabuf dmabuf-install test test-smp stress coverage fuzz mutants compare peers bench check check-all users docs patch install uninstall clean distclean
