# SPDX-License-Identifier: BSD-2-Clause
"""The kernels that are tried, and what each is expected to do."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Kernel:
    name: str
    # Debian's, of which the newest kernel is taken.
    suites: tuple[str, ...]
    # Bytes of a registry that is created without asking for a size.
    capacity: int
    # How TC programs are attached.
    tc: str
    # Whether XDP programs take packets in fragments, and so go with an MTU above a page.
    fragments: bool
    # Whether the memory of maps and programs is limited by RLIMIT_MEMLOCK.
    limits_memory: bool
    # What the producer can ask veth's driver for.
    hardware: tuple[str, ...]
    # The exit codes of attaching programs with bound access, in XDP and at TC, without CAP_PERFMON.
    without_perfmon: tuple[int, int]
    # Whether applications are told the marks of packets (SO_RCVMARK).
    marks: bool
    # As Debian calls it. Of another than this machine's, only some jobs are done.
    architecture: str = "amd64"


KERNELS = (
    Kernel("5.10", ("bullseye",), 32, "clsact", False, True, (), (77, 77), False),
    Kernel("6.1", ("bookworm",), 32, "clsact", True, False, (), (0, 65), True),
    Kernel("6.12", ("trixie",), 64, "tcx", True, False, ("rx_hash", "rx_vlan"), (0, 65), True),
    Kernel("newest", ("sid", "experimental"), 64, "tcx", True, False, ("rx_hash", "rx_vlan"), (0, 0), True),
)
ARM64_KERNELS = (
    replace(KERNELS[2], name="6.12-arm64", architecture="arm64"),
    replace(KERNELS[3], name="newest-arm64", architecture="arm64"),
)
