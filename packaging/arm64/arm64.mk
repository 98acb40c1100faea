# SPDX-License-Identifier: BSD-2-Clause
# The release build for arm64, by Debian's cross tools. Included by packaging.mk.

ARM64 := $(CURDIR)/.build/arm64
ARM64_PARTS := $(ARM64)/parts
ARM64_TRIPLE := aarch64-unknown-linux-gnu
ARM64_SDK := $(ARM64)/sdks/arm64.artifactbundle/arm64
ARM64_STDLIB := $(ARM64_SDK)/sysroot/usr/libexec/swift/lib/swift_static
# Debian's Swift has no compiler for BPF: the objects are compiled by the one that compiles them for amd64.
IN_ARM64_TOOLS := BPF_CLANG=$(realpath $(BPF_CLANG)) BPF_MACHINE=aarch64 \
	packaging/arm64/in-tools $(ARM64)/tools $(realpath $(dir $(BPF_CLANG))../..)
# The libelf of sid takes zstd.
ARM64_FLAGS := $(subst $(RELEASE_FOLDER),$(ARM64_PARTS),$(RELEASE_FLAGS)) -Xlinker -lzstd

ARM64_BUILD_FLAGS := --scratch-path $(ARM64)/build --disable-automatic-resolution --swift-sdks-path $(ARM64)/sdks --swift-sdk arm64

.PHONY: arm64 deps-arm64 test-arm64

deps-arm64:
	@.make/install-packages $(PACKAGES) xz-utils
	packaging/arm64/make-sdk $(ARM64)

$(ARM64_PARTS)/FoundationEssentials.o: packaging/release/FoundationEssentials.swift packaging/arm64/arm64.mk | deps-arm64
	@mkdir -p $(@D)
	$(IN_ARM64_TOOLS) swiftc -target $(ARM64_TRIPLE) -sdk $(ARM64_SDK)/sysroot -resource-dir $(ARM64_STDLIB) $(ESSENTIALS_FLAGS) \
		-emit-module -emit-module-path $(@:.o=.swiftmodule) -emit-object -o $@ $<

# Dependencies are got by this machine's own Swift, with what git knows here.
arm64: deps-arm64 $(ARM64_PARTS)/FoundationEssentials.o
	swift package resolve --scratch-path $(ARM64)/build
	for program in pktmeta pktmeta-bench; do \
		$(IN_ARM64_TOOLS) swift build -c release --product $$program $(ARM64_BUILD_FLAGS) $(ARM64_FLAGS) || exit; \
		$(OBJCOPY) --strip-all $(ARM64)/build/$(ARM64_TRIPLE)/release/$$program $(ARM64)/$$program || exit; \
	done
	.make/stamp $(OBJCOPY) $(ARM64)/pktmeta $(ARM64)/pktmeta-bench

# The tests' objects are this machine's: no program in them goes by the registers of one. KERNELS as for test-kernels.
test-arm64: arm64 test-bpf deps-kernels
	@.make/install-packages qemu-system-arm
	$(IN_ARM64_TOOLS) swift build --build-tests $(ARM64_BUILD_FLAGS)
	Tests/KernelMatrix/test-kernels --arm64 $(KERNELS)
