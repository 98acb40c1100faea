# SPDX-License-Identifier: BSD-2-Clause
"""The network drivers that are tried, with the devices of QEMU, and what each is expected to do on each kernel."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Outcome:
    """What pktmeta finds on a pair of ports."""

    # The driver's module, by which it calls itself.
    module: str
    # What attach-to-interface chooses, and what it says if that is not native mode.
    mode: str
    because: str | None
    # Bytes of the largest area in native mode: 0 for none, None if the driver has no such mode.
    largest_native: int | None
    # The same in generic mode, if that is the only one.
    largest_generic: int | None
    # At an MTU of 9000; None: not tried.
    large_mode: str | None
    large_because: str | None
    # Whether GRO merges packets of the same values; None: not tried.
    merges: bool | None = None
    # Whether packets that native XDP redirects from the port to a veth pair keep the value; None: not tried.
    redirects_from: bool | None = None
    # That packets which are redirected to the port leave by it, if it has native XDP; False: not tried.
    redirects_to: bool = False
    # What doctor says of native mode, where it knows why the driver will not do.
    foreseen: str | None = None
    # Hardware fields that the driver fills.
    hardware: tuple[str, ...] = ()

    @property
    def is_brief(self) -> bool:
        """Whether only what may be another outcome than with more queues, or another host, is tried."""
        return self.large_mode is None


@dataclass(frozen=True)
class Pair:
    # As qemu-with-nics calls it.
    name: str
    # As Drivers.md calls it.
    title: str
    # By the kernel's name.
    outcomes: dict[str, Outcome]


_NO_NATIVE = "the driver has no native XDP (EOPNOTSUPP)"


def _native(module: str, largest: int, **more) -> Outcome:
    return Outcome(module, "native", None, largest, None, "native", None, True, True, True, **more)


# A program in generic mode turns GRO off (net/core/gro.c, netif_elide_gro).
def _generic(module: str, largest: int, because: str = _NO_NATIVE) -> Outcome:
    return Outcome(module, "generic", because, None, largest, "generic", because, False)


# Only what depends on how many queues there are, and what the host may do.
def _brief(outcome: Outcome) -> Outcome:
    return replace(outcome, large_mode=None, large_because=None, merges=None, redirects_from=None)


_VIRTIO = _native("virtio_net", 228)
_NO_AREA = "the driver, vmxnet3, grants no area in native XDP"
_VMXNET3 = replace(_generic("vmxnet3", 216, _NO_AREA), largest_native=0, foreseen=_NO_AREA)
_IGB = replace(
    _native("igb", 152),
    large_mode="generic", large_because="the driver refuses native XDP at an MTU of 9000",
)
_HOST_OFFLOADS = "the driver refuses native XDP, and says: virtio_net: Can't set XDP while host is implementing GRO_HW/CSUM"
_HOSTED = replace(
    _generic("virtio_net", 216, _HOST_OFFLOADS),
    foreseen="(GUEST_CSUM, GUEST_TSO4, GUEST_TSO6, GUEST_ECN, GUEST_UFO",
)


def _old(outcome: Outcome) -> Outcome:
    """Before about Linux 6.8, which grants 32 bytes, and before fragments in the driver."""
    if outcome.largest_native is None:
        return replace(outcome, largest_generic=32)
    large = "the driver refuses native XDP at an MTU of 9000"
    return replace(outcome, largest_native=32, large_mode="generic", large_because=large)


def _oldest(outcome: Outcome) -> Outcome:
    """veth of Linux 5.10 makes packets without an area of frames that are redirected to it."""
    return replace(_old(outcome), redirects_from=False)


def _by_kernel(oldest: Outcome, old: Outcome, new: Outcome) -> dict[str, Outcome]:
    return {"5.10": oldest, "6.1": old, "6.12": new, "newest": new}


PAIRS = (
    Pair("virtio", "virtio_net, 4 queues", _by_kernel(_oldest(_VIRTIO), _old(_VIRTIO), _VIRTIO)),
    Pair(
        "virtio-1-queue", "virtio_net, 1 queue",
        _by_kernel(_brief(_old(_VIRTIO)), _brief(_old(_VIRTIO)), _brief(_VIRTIO)),
    ),
    Pair(
        "virtio-host-offloads", "virtio_net, whose host's offloads the guest cannot turn off",
        _by_kernel(_brief(_old(_HOSTED)), _brief(_old(_HOSTED)), _brief(_HOSTED)),
    ),
    Pair(
        "vmxnet3", "vmxnet3",
        _by_kernel(_old(replace(_VMXNET3, largest_native=None)), _old(replace(_VMXNET3, largest_native=None)), _VMXNET3),
    ),
    Pair(
        "e1000e", "e1000e",
        _by_kernel(_old(_generic("e1000e", 216)), _old(_generic("e1000e", 216)), _generic("e1000e", 216)),
    ),
    Pair("igb", "igb", _by_kernel(_oldest(_IGB), _old(_IGB), _IGB)),
)
