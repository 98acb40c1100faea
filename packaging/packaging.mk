# SPDX-License-Identifier: BSD-2-Clause
# What a host has of this project once it is installed, and packages of it. Included by the Makefile, which says what the targets are for.

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
CNI_BIN_DIR ?= $(PREFIX)/lib/cni
PKGCONFIG_DIR ?= $(PREFIX)/share/pkgconfig
# An end in / would be seen in what is installed.
override PREFIX := $(patsubst %/,%,$(PREFIX))
FOLDERS := PREFIX SYSCONFDIR CNI_BIN_DIR PKGCONFIG_DIR
$(foreach name,DESTDIR $(FOLDERS),$(call refuse-odd,$(name)))
$(foreach name,$(FOLDERS),$(if $(filter-out /%,$($(name))),$(error $(name) is $($(name)), which does not begin with /)))
UNITS := $(wildcard deploy/systemd/*.service deploy/systemd/*.timer)
HEADERS := $(wildcard bpf/include/pktmeta/*.h)
EXAMPLE_FILES := $(wildcard bpf/examples/*.c)
VERSION := $(shell .make/version)
# As packages have it, where what comes before a release sorts before it.
PACKAGE_VERSION = $(subst -,~,$(VERSION))

# What is made of the commands' own help.
SHARE := .build/share
MAN := $(DESTDIR)$(PREFIX)/share/man
BASH_COMPLETIONS := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSH_COMPLETIONS := $(DESTDIR)$(PREFIX)/share/zsh/site-functions
FISH_COMPLETIONS := $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
EXAMPLES := $(DESTDIR)$(PREFIX)/share/doc/pktmeta/examples
SYSTEMD_UNITS := $(DESTDIR)$(PREFIX)/lib/systemd/system

.PHONY: share install uninstall

share:
	rm -rf $(SHARE)
	packaging/manual/make-manual .build/release/pktmeta .build/release/pktmeta-bench $(SHARE)/man1
	for shell in bash zsh fish; do \
		.build/release/pktmeta --generate-completion-script $$shell | sed '1 { /^#!/ d }' > $(SHARE)/pktmeta.$$shell || exit; \
	done

# What make release has built: root need not build.
install:
	install -D -s .build/release/pktmeta $(DESTDIR)$(PREFIX)/bin/pktmeta
	install -D -s .build/release/pktmeta-bench $(DESTDIR)$(PREFIX)/bin/pktmeta-bench
	install -d $(DESTDIR)$(CNI_BIN_DIR)
	ln -sfr $(DESTDIR)$(PREFIX)/bin/pktmeta $(DESTDIR)$(CNI_BIN_DIR)/pktmeta-cni
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include/pktmeta $(HEADERS)
	install -D -m 644 -t $(EXAMPLES) $(EXAMPLE_FILES)
	install -D -m 644 -t $(MAN)/man1 $(SHARE)/man1/*.1
	install -D -m 644 -t $(MAN)/man5 packaging/manual/*.5
	install -D -m 644 -t $(MAN)/man7 packaging/manual/*.7
	install -D -m 644 $(SHARE)/pktmeta.bash $(BASH_COMPLETIONS)/pktmeta
	install -D -m 644 $(SHARE)/pktmeta.zsh $(ZSH_COMPLETIONS)/_pktmeta
	install -D -m 644 $(SHARE)/pktmeta.fish $(FISH_COMPLETIONS)/pktmeta.fish
	install -d $(DESTDIR)$(PKGCONFIG_DIR) $(DESTDIR)$(SYSCONFDIR)/pktmeta.d $(SYSTEMD_UNITS)
	install -m 644 packaging/pktmeta.pc.in $(DESTDIR)$(PKGCONFIG_DIR)/pktmeta.pc
	install -m 644 -t $(SYSTEMD_UNITS) $(UNITS)
	sed -i -e 's|@prefix@|$(PREFIX)|' -e "s|@version@|$$(.build/release/pktmeta --version)|" -e "s|@machine@|$$(uname -m)|" \
		$(DESTDIR)$(PKGCONFIG_DIR)/pktmeta.pc
	sed -i -e '/^@sandbox@$$/ { r deploy/systemd/sandbox.conf' -e 'd }' -e 's|@bindir@|$(PREFIX)/bin|' \
		$(addprefix $(SYSTEMD_UNITS)/,$(notdir $(UNITS)))

# With the same PREFIX and the like. Documents stay, as do files of others, and so does what is attached: pktmeta remove-from-host comes
# first. Which commands had manual pages, the pages say.
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/pktmeta $(DESTDIR)$(PREFIX)/bin/pktmeta-bench $(DESTDIR)$(CNI_BIN_DIR)/pktmeta-cni
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/include/pktmeta/,$(notdir $(HEADERS)))
	rm -f $(addprefix $(EXAMPLES)/,$(notdir $(EXAMPLE_FILES)))
	grep --files-with-matches --no-messages --line-regexp --fixed-strings ".\\\" Made from the command's help." \
		$(MAN)/man1/pktmeta.1 $(MAN)/man1/pktmeta-*.1 | xargs --no-run-if-empty rm -f
	rm -f $(MAN)/man5/pktmeta.d.5 $(MAN)/man7/pktmeta-bpf.7
	rm -f $(BASH_COMPLETIONS)/pktmeta $(ZSH_COMPLETIONS)/_pktmeta $(FISH_COMPLETIONS)/pktmeta.fish
	rm -f $(DESTDIR)$(PKGCONFIG_DIR)/pktmeta.pc
	for unit in $(UNITS); do rm -f $(SYSTEMD_UNITS)/$${unit##*/}; done
	for folder in $(DESTDIR)$(SYSCONFDIR)/pktmeta.d $(DESTDIR)$(PREFIX)/include/pktmeta $(EXAMPLES) $(dir $(EXAMPLES)) $(DESTDIR)$(CNI_BIN_DIR); do \
		[ ! -d $$folder ] || rmdir --ignore-fail-on-non-empty $$folder; \
	done

# Debian's packages, of what make release has built: .build/deb/*.deb.
DEB := .build/deb
DEB_SOURCE = $(DEB)/pktmeta-$(PACKAGE_VERSION)
DEB_PACKAGES := debhelper fakeroot

.PHONY: deb

deb:
	@.make/install-packages $(DEB_PACKAGES)
	test -x .build/release/pktmeta || $(MAKE) release
	rm -rf $(DEB)
	mkdir -p $(DEB_SOURCE)/.build/release
	tar --create --exclude=./.build --exclude=./.git . | tar --extract --directory $(DEB_SOURCE)
	cp -r packaging/debian $(DEB_SOURCE)/debian
	packaging/debian-changelog $(PACKAGE_VERSION) > $(DEB_SOURCE)/debian/changelog
	cp -r .build/share $(DEB_SOURCE)/.build
	cp .build/release/pktmeta .build/release/pktmeta-bench $(DEB_SOURCE)/.build/release
	cd $(DEB_SOURCE) && dpkg-buildpackage --build=binary --no-sign --no-check-builddeps

# A host of its own, in a virtual machine: the packages installed, used, upgraded under traffic, removed and purged.
TEST_KERNEL := .build/kernels/6.12
TEST_ROOT := .build/packages/root

.PHONY: test-packages

test-packages: deps-kernels
	@.make/install-packages debootstrap
	$(MAKE) deb
	$(MAKE) deb VERSION=9.9.9 DEB=$(DEB)/next
	$(MAKE) rpm
	Tests/KernelMatrix/fetch-kernel $(TEST_KERNEL) trixie
	Tests/KernelMatrix/make-initrd $(TEST_KERNEL)
	mkdir -p $(dir $(TEST_ROOT))
	packaging/tests/make-root $(TEST_ROOT) bookworm
	Tests/KernelMatrix/run-in-vm $(TEST_KERNEL) 1200 packaging/tests/in-root $(CURDIR)/$(TEST_ROOT) $(CURDIR)/$(DEB) $(RPM)/RPMS \
		$(CURDIR)/README.md

# The like for distributions that take rpm: .build/rpm/RPMS/*/*.rpm.
RPM := $(CURDIR)/.build/rpm

.PHONY: rpm

rpm:
	@.make/install-packages rpm
	test -x .build/release/pktmeta || $(MAKE) release
	rm -rf $(RPM)
	rpmbuild -bb --quiet --define '_topdir $(RPM)' --define 'version $(PACKAGE_VERSION)' --define 'source $(CURDIR)' \
		packaging/pktmeta.spec

# What a release has: its sources, programs that need nothing else, what they are made of, and the sums of all: .build/dist.
DIST := .build/dist
SOURCES := pktmeta-$(VERSION)
MACHINE := $(shell uname -m)

.PHONY: dist dist-sources

dist-sources:
	@test -z "$$(git status --porcelain --untracked-files=no)" || { echo "Files differ from the commit." >&2; exit 65; }
	rm -rf $(DIST)
	mkdir -p $(DIST)
	git archive --prefix=$(SOURCES)/ --add-virtual-file=$(SOURCES)/.version:"$(VERSION) $$(.make/version --commit)" HEAD \
		| xz --threads=1 > $(DIST)/$(SOURCES).tar.xz

dist: release dist-sources
	for program in pktmeta pktmeta-bench; do \
		install -s .build/release/$$program $(DIST)/$$program-$(VERSION)-$(MACHINE) || exit; \
	done
	packaging/make-sbom $(VERSION) $(DIST) .build/pktmeta.map .build/pktmeta-bench.map \
		> $(DIST)/$(SOURCES).spdx.json
	cd $(DIST) && sha256sum * > SHA256SUMS

# The sources that a release has, built in another folder, give the programs that it has, byte for byte.
REPRODUCED := .build/reproduced/in-some-other-folder

.PHONY: reproduced compare-reproduced test-reproducible

reproduced: dist-sources
	rm -rf .build/reproduced
	mkdir -p $(REPRODUCED)
	tar -xJf $(DIST)/$(SOURCES).tar.xz -C $(REPRODUCED)
	$(MAKE) -C $(REPRODUCED)/$(SOURCES) release NO_INSTALL=1
	for program in pktmeta pktmeta-bench; do \
		install -s $(REPRODUCED)/$(SOURCES)/.build/release/$$program .build/reproduced/$$program-$(VERSION)-$(MACHINE) || exit; \
	done
	rm -rf $(REPRODUCED)

compare-reproduced:
	cd .build/reproduced && grep ' pktmeta.*-$(MACHINE)$$' $(CURDIR)/$(DIST)/SHA256SUMS | sha256sum --check --strict
	rm -rf .build/reproduced

test-reproducible: dist reproduced
	$(MAKE) compare-reproduced

# With the libbpf of another Debian suite, whose headers programs are compiled with, too: the parts that hand memory to it.
LIBBPF_SUITE ?= sid
LIBBPF := $(CURDIR)/.build/libbpf/$(LIBBPF_SUITE)
WITH_LIBBPF := PKG_CONFIG_PATH=$(LIBBPF)/pkgconfig CPATH=$(LIBBPF)/include LD_LIBRARY_PATH=$(LIBBPF)/lib

.PHONY: test-libbpf

test-libbpf: test-bpf
	@.make/install-packages dpkg-dev
	packaging/tests/build-libbpf $(LIBBPF) $(LIBBPF_SUITE)
	$(WITH_LIBBPF) swift build --build-tests --scratch-path .build/libbpf/build
	test "$$($(WITH_LIBBPF) .build/libbpf/build/debug/pktmeta --version --json | sed -n 's/.*"libbpf" : "\(.*\)".*/\1/p')" = \
		"$$(sed -n 's/^Version: \([0-9]*\.[0-9]*\).*/\1/p' $(LIBBPF)/pkgconfig/libbpf.pc)"
	$(WITH_LIBBPF) swift test --skip-build --scratch-path .build/libbpf/build $(addprefix --filter ,$(LIBBPF_TESTS))

include packaging/arm64/arm64.mk
