# SPDX-License-Identifier: BSD-2-Clause
"""The kernels that are tried, and what each is expected to do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kernel:
    name: str
    # Debian's, of which the newest kernel is taken.
    suites: tuple[str, ...]
    # Bytes of a registry that is created without asking for a size.
    capacity: int
    # How the consumer is attached: "tcx"; None: it is refused.
    tc: str | None
    # Whether XDP programs take packets in fragments, and so go with an MTU above a page.
    fragments: bool
    # Whether the folders of an attachment can be exchanged, which attached programs are renewed by.
    exchanges: bool
    # What the producer can ask veth's driver for.
    hardware: tuple[str, ...]


KERNELS = (
    Kernel("5.10", ("bullseye",), 32, None, False, False, ()),
    Kernel("6.1", ("bookworm",), 32, None, True, True, ()),
    Kernel("6.12", ("trixie",), 64, "tcx", True, True, ("rx_hash", "rx_vlan")),
    Kernel("newest", ("sid", "experimental"), 64, "tcx", True, True, ("rx_hash", "rx_vlan")),
)
