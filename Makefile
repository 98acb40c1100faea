# SPDX-License-Identifier: BSD-2-Clause
#
#   make           build everything
#   make demo      build, and show it on real packets between two namespaces (root)
#   make examples  build the applications in bpf/examples, to .build/bpf/examples
#   make test      build, and run all tests but those of the release build (root: the kernel tests load real programs)
#   make test-release
#                  drive the release build as users do, also with memory that is overwritten as it is freed (root)
#   make test-optimised
#                  all tests, optimised, and those of the release build (root)
#   make test-address
#                  tests of the Swift and C parts under AddressSanitizer (root)
#   make release   build pktmeta and pktmeta-bench as users have them, a static file each, in .build/release
#   make install   put the release build, headers, manual pages, completions, units of systemd and a folder for declarations in their
#                  places (root): below PREFIX, /usr/local unless it is said, and SYSCONFDIR, /etc; all of it in DESTDIR, for packages.
#                  CNI_BIN_DIR is where container runtimes look for plugins, PREFIX/lib/cni unless it is said; make uninstall
#                  removes them
#   make deb       Debian's packages of the release build, in .build/deb; make rpm, in .build/rpm
#   make dist      what a release has, of a commit: sources, static programs, their SPDX document and SHA256SUMS, in .build/dist
#   make arm64     the release build for arm64, by the compiler of Debian sid, unpacked to .build/arm64 (root; 1.3 GB are fetched)
#   make test-arm64
#                  that, and the tests; the main job of test-kernels, and the tests of the contract and of survival, under Debian's
#                  kernels of arm64, in virtual machines (root)
#   make test-packages
#                  a system that debootstrap makes, in a virtual machine: packages installed, used, upgraded under traffic, removed
#                  and purged (root)
#   make test-reproducible
#                  the sources of dist, built in another folder, give the same programs (root)
#   make test-dependency
#                  a package that depends on this one by URL, in debug and release (root); make test-optimised: in debug
#   make test-libbpf
#                  with the libbpf of another Debian suite; LIBBPF_SUITE=trixie, sid unless it is said (root)
#   make order-functions
#                  find anew which functions the release build is to have side by side (root)
#   make bench     measure encodings, programs and the command itself, side by side (root); PARTS="tcp watch" some of it
#   make bench-before BEFORE=COMMIT
#                  what the prebuilt programs cost, beside those of another commit, in one run (root)
#   make bench-many ATTACHMENTS=300 REGISTRIES=100
#                  what commands take by how much there is on the host (root)
#   make torture   ten minutes of packets while the registry changes, a million through all layers, ten million datagrams that
#                  applications ask about, and two million reads of counts (root)
#   make forge-test  ten million packets of an attacker on each path on which the sender's bytes get where an area is (root)
#   make fuzz      a thousand changes of each of eight objects, opened and loaded (root); PKTMETA_FUZZ_FIRST=N: others
#   make fuzz-declarations
#                  a hundred thousand changed documents, read and written; PKTMETA_FUZZ_FIRST=N: others
#   make kill-test  commands killed at each of their system calls, for as long as it takes (root)
#   make fault-test commands of which one system call fails, each of them in turn, for about half an hour (root)
#   make test-kernels
#                  run pktmeta under other kernels, from 5.10 to the newest, in virtual machines (root)
#   make test-survival
#                  of that, only what packets keep on their way, by the survival tests
#   make test-drivers
#                  of that, only what network drivers grant, with the devices of QEMU
#   make test-old-kernel
#                  the same under the oldest of them only
#   make docs      build the library's documentation, to .build/docs
#   make check     formatting, warnings as errors, tests, those of the release build too, documentation
#
# Debian packages that are missing are installed, with a word about it; NO_INSTALL=1 keeps from that.

SHELL := /bin/bash
.DEFAULT_GOAL := build

# A variable that names a folder may have no letter that make or the shell takes for something else: with a blank in it, what is to be
# removed would be two other folders.
refuse-odd = $(if $(shell printf %s '$(subst ','\'',$($(1)))' | LC_ALL=C tr --delete 'A-Za-z0-9_/.,+@~\200-\377-' | head -c 1 | tr ' ' !), \
	$(error $(1) is '$($(1))', of which make or the shell takes some letters for something else))
$(call refuse-odd,CURDIR)

BPF_OUT := .build/bpf
# What each object depends on besides its source.
BPF_HEADERS := $(wildcard bpf/include/pktmeta/*.h bpf/programs/*.h) bpf/compile
TEST_SOURCES := $(wildcard Tests/Programs/*.bpf.c)
TEST_OBJECTS := $(TEST_SOURCES:Tests/Programs/%.bpf.c=$(BPF_OUT)/tests/%.bpf.o)
# The headers must do with Debian's clang too, with the oldest and with the newest that there is.
SECOND_CLANG := clang-14
OLDEST_CLANG := clang-13
NEWEST_CLANG := clang-22
TEST_CLANGS := $(SECOND_CLANG) $(OLDEST_CLANG) $(NEWEST_CLANG)
OTHER_OBJECTS := $(foreach clang,$(TEST_CLANGS),$(TEST_SOURCES:Tests/Programs/%.bpf.c=$(BPF_OUT)/tests-$(clang)/%.bpf.o))
# Programs as they were compiled with ABI 1.
ABI_1 := .build/abi-1
ABI_1_OBJECTS := $(addprefix $(BPF_OUT)/tests-abi-1/,contract_xdp.bpf.o contract_tc.bpf.o bound_xdp.bpf.o bound_tc.bpf.o)
# Each is a folder of sources.
TEST_APPLICATIONS := $(patsubst Tests/Applications/%/main.c,$(BPF_OUT)/tests/applications/%,$(wildcard Tests/Applications/*/main.c))
EXAMPLE_SOURCES := $(wildcard bpf/examples/*.bpf.c)
EXAMPLE_OBJECTS := $(EXAMPLE_SOURCES:bpf/examples/%.bpf.c=$(BPF_OUT)/examples/%.bpf.o)
EXAMPLE_PROGRAMS := $(patsubst bpf/examples/%.c,$(BPF_OUT)/examples/%,$(filter-out %.bpf.c,$(wildcard bpf/examples/*.c)))
BENCH_SOURCES := $(wildcard bpf/bench/*.bpf.c)
BENCH_HEADERS := $(wildcard bpf/bench/*.h bpf/encodings/*.h)
SECOND_BENCH := $(BENCH_SOURCES:bpf/bench/%.bpf.c=$(BPF_OUT)/bench-$(SECOND_CLANG)/%.bpf.o)
SECOND_EXAMPLES := $(EXAMPLE_SOURCES:bpf/examples/%.bpf.c=$(BPF_OUT)/examples-$(SECOND_CLANG)/%.bpf.o)

# The Swift toolchain's clang has the bpf target, so no second compiler is needed. What pktmeta carries, `swift build` compiles
# with it (Plugins/CarryObjects); how programs are compiled, there and here, is in bpf/compile.
SWIFT_CLANG := $(dir $(realpath $(shell command -v swift)))clang
BPF_CLANG ?= $(if $(wildcard $(SWIFT_CLANG)),$(SWIFT_CLANG),clang)
OBJCOPY := $(if $(wildcard $(dir $(SWIFT_CLANG))llvm-objcopy),$(dir $(SWIFT_CLANG)))llvm-objcopy

# Each part that hands memory to libbpf or to the kernel, and the commands. RegistryModelTests has none.
LIBBPF_TESTS := CommandTests ABITests AttachmentTests BoundTests ChainTests DamageTests ExportTests \
	DeclarationTests InspectionTests RegistryTests ScrubTests StatusTests TCFilterTests WatchTests

# Manual pages are made by a Python script.
PYTHON := $(if $(shell command -v python3),,python3)
PACKAGES := libbpf-dev libelf-dev zlib1g-dev libyaml-dev pkg-config iproute2 $(PYTHON)
TEST_PACKAGES := gcc g++ tcpdump bpftool $(TEST_CLANGS) ethtool mandoc python3-jsonschema wireguard-tools libteam-utils \
	golang-go systemd udev bash-completion zsh fish
LINT_PACKAGES := clang-format
KERNEL_PACKAGES := qemu-system-x86 busybox-static cpio kmod xz-utils zstd iproute2 $(PYTHON)

.PHONY: build release order-functions bpf examples test-bpf demo bench bench-before bench-many test test-release \
	build-optimised test-optimised test-dependency test-address torture forge-test fuzz fuzz-declarations kill-test fault-test test-kernels \
	test-survival test-drivers \
	test-old-kernel check clients docs lint format deps deps-test deps-lint deps-kernels clean

build: deps examples
	swift build

# A command runs for about a millisecond, most of which is its start: so nothing is linked or relocated at run time. A static
# executable has a fixed address. What commands enter lies side by side: of what they do not, no page is mapped.
#
# Nothing is there that nobody uses: of Foundation, what ArgumentParser takes, and no tables to unwind by, as no error is thrown by
# unwinding. Texts are searched without the module of regular expressions (TextSearch.swift). Of functions that are the same code, one
# is kept. No build ID, which is a sum of debug sections too, and these name the folder: the same sources are the same bytes once they
# are stripped, wherever they are built.
RELEASE_FOLDER := $(CURDIR)/.build/release-parts
ESSENTIALS := $(RELEASE_FOLDER)/FoundationEssentials
RELEASE_FLAGS := --static-swift-stdlib -Xswiftc -static-executable -Xswiftc -use-ld=lld -Xlinker -lelf -Xlinker -lz -Xlinker -lyaml \
	-Xswiftc -Xfrontend -Xswiftc -function-sections -Xswiftc -Xfrontend -Xswiftc -disable-implicit-string-processing-module-import \
	-Xlinker --symbol-ordering-file=$(CURDIR)/.make/functions.order -Xlinker --no-warn-symbol-ordering \
	-Xswiftc -I$(RELEASE_FOLDER) -Xlinker $(ESSENTIALS).o \
	-Xlinker --no-eh-frame-hdr -Xlinker -T$(CURDIR)/packaging/release/sections.ld -Xlinker --icf=all -Xlinker -O2 -Xlinker --build-id=none

ESSENTIALS_FLAGS := -O -wmo -parse-as-library -swift-version 6 -module-name FoundationEssentials -Xfrontend -function-sections

$(ESSENTIALS).o: packaging/release/FoundationEssentials.swift Makefile
	@mkdir -p $(@D)
	swiftc $(ESSENTIALS_FLAGS) \
		-emit-module -emit-module-path $(ESSENTIALS).swiftmodule -emit-object -o $@ $<

release: deps $(ESSENTIALS).o
	for program in pktmeta pktmeta-bench; do \
		swift build -c release --product $$program $(RELEASE_FLAGS) -Xlinker -Map=$(CURDIR)/.build/$$program.map || exit; \
	done
	.make/stamp $(OBJCOPY) .build/release/pktmeta .build/release/pktmeta-bench
	$(MAKE) share

include packaging/packaging.mk

bpf: deps examples
	swift build --target BenchObjects

examples: deps $(EXAMPLE_OBJECTS) $(EXAMPLE_PROGRAMS)

$(BPF_OUT)/examples/%.bpf.o: bpf/examples/%.bpf.c $(BPF_HEADERS) Makefile
	@mkdir -p $(@D)
	bpf/compile $(BPF_CLANG) $< $@

# Applications, for the host: any compiler does, and this one is there.
$(BPF_OUT)/examples/%: bpf/examples/%.c $(BPF_HEADERS) Makefile
	@mkdir -p $(@D)
	$(BPF_CLANG) -O2 -std=gnu11 -Wall -Wextra -Werror -Ibpf/include $< -o $@

$(BPF_OUT)/examples-$(SECOND_CLANG)/%.bpf.o: bpf/examples/%.bpf.c $(BPF_HEADERS) Makefile
	@mkdir -p $(@D)
	bpf/compile $(SECOND_CLANG) $< $@

$(BPF_OUT)/bench-$(SECOND_CLANG)/%.bpf.o: bpf/bench/%.bpf.c $(BPF_HEADERS) $(BENCH_HEADERS) Makefile
	@mkdir -p $(@D)
	bpf/compile $(SECOND_CLANG) $< $@

$(BPF_OUT)/bench-$(SECOND_CLANG)/bound_counted.bpf.o: bpf/bench/bound.bpf.c
$(BPF_OUT)/bench-$(SECOND_CLANG)/keyvalue_fixed.bpf.o: bpf/bench/keyvalue.bpf.c
$(BPF_OUT)/bench-$(SECOND_CLANG)/dynamic_counted.bpf.o: bpf/bench/dynamic.bpf.c
$(BPF_OUT)/bench-$(SECOND_CLANG)/skb_map_lru.bpf.o: bpf/bench/skb_map.bpf.c

.SECONDEXPANSION:
$(TEST_APPLICATIONS): $(BPF_OUT)/tests/applications/%: $$(wildcard Tests/Applications/%/*.c Tests/Applications/%/*.h) $(BPF_HEADERS) Makefile
	@mkdir -p $(@D)
	$(BPF_CLANG) -O2 -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-missing-field-initializers -pthread -Ibpf/include $(filter %.c,$^) -o $@

$(BPF_OUT)/bench-$(SECOND_CLANG)/layers_types.bpf.o: bpf/bench/layers.bpf.c
$(BPF_OUT)/bench-$(SECOND_CLANG)/layers_probe.bpf.o: bpf/bench/layers.bpf.c
$(BPF_OUT)/bench-$(SECOND_CLANG)/tracer_probe.bpf.o: bpf/programs/tracer.bpf.c

$(BPF_OUT)/tests/%.bpf.o: Tests/Programs/%.bpf.c $(BPF_HEADERS) $(BENCH_HEADERS) $(wildcard Tests/Programs/*.h) Makefile
	@mkdir -p $(@D)
	bpf/compile $(BPF_CLANG) $< $@

# Loaders do not know jump tables, which the newest makes of the tests' own switches if it may use the newest
# instructions; the headers have no switch that becomes one.
$(BPF_OUT)/tests-$(NEWEST_CLANG)/%.bpf.o: OWN_FLAGS += -mcpu=v4
$(BPF_OUT)/tests-$(NEWEST_CLANG)/contract_%.bpf.o: OWN_FLAGS += -fno-jump-tables

define TESTS_BY
$(BPF_OUT)/tests-$(1)/%.bpf.o: Tests/Programs/%.bpf.c $(BPF_HEADERS) $(BENCH_HEADERS) $(wildcard Tests/Programs/*.h) Makefile
	@mkdir -p $$(@D)
	bpf/compile $(1) $$< $$@ $$(OWN_FLAGS)
endef
$(foreach clang,$(TEST_CLANGS),$(eval $(call TESTS_BY,$(clang))))

# The same source, reading the kernel's memory in other ways.
$(foreach folder,tests $(TEST_CLANGS:%=tests-%),$(addprefix $(BPF_OUT)/$(folder)/,skb_places_types.bpf.o skb_places_probe.bpf.o)): \
	Tests/Programs/skb_places.bpf.c

$(ABI_1)/bpf/include/pktmeta/abi.h: .make/abi-1
	.make/abi-1 $(ABI_1)

$(BPF_OUT)/tests-abi-1/%.bpf.o: $(ABI_1)/bpf/include/pktmeta/abi.h
	@mkdir -p $(@D)
	bpf/compile $(BPF_CLANG) $(ABI_1)/Tests/Programs/$*.bpf.c $@ -I$(ABI_1)/bpf/include

test-bpf: deps-test examples $(SECOND_BENCH) $(TEST_OBJECTS) $(OTHER_OBJECTS) $(SECOND_EXAMPLES) \
	$(ABI_1_OBJECTS) $(TEST_APPLICATIONS)

# Which functions commands enter, for the next release build: by hand, where code has moved so far that `make bench` shows it.
order-functions: release
	.make/order-functions .build/release/pktmeta > .make/functions.order.new
	mv .make/functions.order.new .make/functions.order
	rm .build/release/pktmeta # SwiftPM does not know that it depends on the order

demo: release
	.build/release/pktmeta demo

# bpftool and tc are what the command is compared with.
bench: release
	@.make/install-packages bpftool
	.build/release/pktmeta-bench $(PARTS)

# The other commit is built in .build/before, which takes as long as a first build here.
bench-before: release
	@.make/install-packages bpftool
	before=$$(.make/build-before "$(BEFORE)") && .make/compare-programs "$$before" .build/release/pktmeta

bench-many: release
	.make/measure-many .build/release/pktmeta $(or $(ATTACHMENTS),300) $(or $(REGISTRIES),100)

# An application of its own, with packages that pktmeta has not: a minute, once.
clients:
	swift build --package-path clients/swift --scratch-path $(CURDIR)/.build/clients

test: test-bpf clients
	swift test --skip ReleaseTests

# By hand: PKTMETA_COMMAND names another build of the command.
test-release: release deps-test $(BPF_OUT)/tests/application.bpf.o
	swift test --filter ReleaseTests

# In a folder of their own: with testability, the command would be another than the one that ships.
OPTIMISED := -c release -Xswiftc -enable-testing --scratch-path .build/optimised

# By swift test: swift build would have other flags, and all be built again. Nor can the tests be run with --skip-build, which has
# SwiftPM plan without what plugins make, and write that down.
build-optimised: test-bpf clients
	swift test list $(OPTIMISED) > /dev/null

test-optimised: release build-optimised
	swift test $(OPTIMISED)

test-dependency: deps-test
	PKTMETA_CONFIGURATIONS="debug release" swift test --filter PackageTests

# What memory the runtime never gives back is no leak.
test-address: test-bpf clients
	ASAN_OPTIONS=detect_leaks=0 swift test --sanitize=address --scratch-path .build/address \
		$(addprefix --filter ,$(LIBBPF_TESTS))

check: lint test test-release docs

# Warnings are errors: a name that is no more, a parameter that nobody describes.
docs: deps
	swift build --product PacketMetadata
	.make/build-documentation .build/docs

# Ten minutes of packets while the registry changes, a million through all layers, ten million datagrams that applications
# ask about, and two million reads of counts; a few seconds of it, 20,000 packets, 100,000 datagrams and 20,000 reads are
# part of `make test`.
torture: test-bpf
	PKTMETA_TORTURE_SECONDS=$${PKTMETA_TORTURE_SECONDS:-600} swift test --filter KernelTests.TortureTests
	PKTMETA_LAYER_PACKETS=$${PKTMETA_LAYER_PACKETS:-1000000} swift test --skip-build --filter LayerTortureTests
	PKTMETA_SOCKET_DATAGRAMS=$${PKTMETA_SOCKET_DATAGRAMS:-10000000} swift test --skip-build --filter SocketTortureTests
	PKTMETA_COUNT_READS=$${PKTMETA_COUNT_READS:-2000000} swift test --skip-build --filter ExactCountTests

# Ten million packets on each path; `make test` sends a hundred thousand.
forge-test: test-bpf
	PKTMETA_FORGE_PACKETS=$${PKTMETA_FORGE_PACKETS:-10000000} swift test --filter ForgeryTests

# Objects that were changed somewhere must not crash what opens and loads them; `make test` does a few of each.
fuzz: test-bpf
	PKTMETA_FUZZ_MUTATIONS=$${PKTMETA_FUZZ_MUTATIONS:-1000} swift test --filter FuzzTests

# Documents that were changed somewhere must not crash what reads them, and what is wrong with them has a place; `make test`
# does three thousand.
fuzz-declarations: deps
	PKTMETA_FUZZ_DOCUMENTS=$${PKTMETA_FUZZ_DOCUMENTS:-100000} swift test --filter DocumentFuzzTests

# Each command killed at each of its system calls: about an hour. `make test` does a few of each.
kill-test: test-bpf
	PKTMETA_KILL_SECONDS=$${PKTMETA_KILL_SECONDS:-36000} swift test --filter KillTests

# Each command with each of its system calls failing once. `make test` does some of each.
fault-test: test-bpf
	PKTMETA_FAULTS=all swift test --filter FaultTests

# Kernels and what virtual machines need are fetched to .build/kernels. KERNELS="6.1 newest" tries those only.
test-kernels: release test-bpf deps-kernels
	swift build --build-tests
	Tests/KernelMatrix/test-kernels $(KERNELS)

test-survival: test-bpf deps-kernels
	swift build --build-tests
	Tests/KernelMatrix/test-kernels --only survival $(KERNELS)

test-drivers: release test-bpf deps-kernels
	Tests/KernelMatrix/test-kernels --only drivers $(KERNELS)

test-old-kernel: KERNELS := 5.10
test-old-kernel: test-kernels

lint: deps-lint
	swift format lint --strict --recursive --parallel Package.swift Plugins Sources Tests
	clang-format --dry-run --Werror $$(git ls-files '*.c' '*.h')
	Tests/KernelMatrix/document-drivers

format: deps-lint
	swift format --in-place --recursive --parallel Package.swift Plugins Sources Tests
	clang-format -i $$(git ls-files '*.c' '*.h')

deps:
	@.make/install-packages $(PACKAGES)

deps-test: deps
	@.make/install-packages $(TEST_PACKAGES)

deps-lint:
	@.make/install-packages $(LINT_PACKAGES)

deps-kernels:
	@.make/install-packages $(KERNEL_PACKAGES)

clean:
	swift package clean
	rm -rf $(BPF_OUT)
