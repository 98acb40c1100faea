# SPDX-License-Identifier: BSD-2-Clause
"""The main job on ports of a virtual machine, and what their driver grants: step by step."""

import re

from drivers import Outcome
from ports import (
    LARGE_MTU, LARGE_PAYLOAD, MTU, PACKETS, PAYLOAD, SEGMENT, SOURCE, STREAM, STREAM_COMMAND, pinned, redirect_to, send,
    set_mtu, topology, veth,
)
from steps import Check, Result, Step, counts, has, says, state


def driver_job(pair: str, number: int, outcome: Outcome, pktmeta: str, objects: str) -> list[Step]:
    """
    number: of the pair in its machine, from 1 on
    pktmeta: the command's path
    objects: the folder of compiled BPF objects: tests/
    """
    return _Job(pair, number, outcome, pktmeta, objects).steps


class _Job:
    def __init__(self, pair: str, number: int, outcome: Outcome, pktmeta: str, objects: str):
        self.outcome = outcome
        self.pktmeta = pktmeta
        self.object = f"{objects}/tests/driver.bpf.o"
        self.passing = f"{objects}/tests/foreign.bpf.o"
        self.steps = [
            Step(f"{pair}: join two ports", topology(number, outcome.module)),
            *self.main_job(),
            *(self.merging() if outcome.merges is not None else []),
            *(self.redirected_from() if outcome.redirects_from is not None else []),
            *(self.redirected_to() if outcome.redirects_to else []),
            *(self.large_packets() if outcome.large_mode else []),
            *self.largest_area(),
        ]

    def run(self, what: str, arguments: str, *checks: Check, status: int = 0) -> Step:
        return Step(what, f"{self.pktmeta} {arguments}", status, list(checks))

    def attach(self, what: str, arguments: str = "", *checks: Check, at: str = "far0 --netns far") -> Step:
        return self.run(what, f"attach-to-interface {at} --json {arguments}", *checks)

    def send(self, payload: int = PAYLOAD, netns: str = "near") -> Step:
        return Step(f"send {PACKETS} packets", send(payload, netns))

    def register(self, **sources: str) -> Step:
        types = {"tenant": "u32", "number": "u32", "rx_hash": "u32", "rx_vlan": "u16", "rx_timestamp": "u64"}
        commands = [
            f"{self.pktmeta} register-field {name} --type {types[name]} --source {source}"
            for name, source in sources.items()
        ]
        return Step(f"register {', '.join(sources)}", " && ".join(commands))

    def delete_registry(self) -> Step:
        return self.run("delete the registry", "delete-registry --force")

    def main_job(self) -> list[Step]:
        outcome = self.outcome
        hardware = ("rx_hash", "rx_timestamp")
        return [
            self.register(tenant="constant:7", rx_hash="rx-hash", rx_timestamp="rx-timestamp"),
            self.attach(
                "attach the prebuilt programs", "",
                has("attachments.0.mode", outcome.mode), _tells(outcome.because),
                *[says(name) for name in hardware if name not in outcome.hardware],
            ),
            *(self.doctor() if outcome.foreseen or not outcome.is_brief else []),
            self.send(),
            self.run(
                "each packet has the value", "inspect-map --json",
                state("tenant", "set", PACKETS), state("tenant", "got", PACKETS), state("tenant", "last.number", 7),
                *[state(name, "got", PACKETS if name in outcome.hardware else 0) for name in hardware],
            ),
            *([] if outcome.is_brief else self.changes_under_attachment()),
            self.delete_registry(),
        ]

    def doctor(self) -> list[Step]:
        checks = [has("device.driver", self.outcome.module), has("device.xdpMode", self.outcome.mode)]
        if self.outcome.foreseen:
            checks.append(says(self.outcome.foreseen))
        return [self.run("doctor knows the driver", "doctor far0 --netns far --json", *checks)]

    def changes_under_attachment(self) -> list[Step]:
        """With the programs of main_job attached."""
        return [
            self.run("register under attachment", "register-field late --type flag --source constant"),
            self.send(),
            self.run(
                "each later one both", "inspect-map --json",
                state("tenant", "got", 2 * PACKETS), state("late", "got", PACKETS),
            ),
            self.run("detach", "detach-from-interface far0 --netns far"),
        ]

    def largest_area(self) -> list[Step]:
        """In native mode wherever the driver has it, even if packets get no area there."""
        mode = "native" if self.outcome.largest_native is not None else "generic"
        largest = self.outcome.largest_native if mode == "native" else self.outcome.largest_generic
        return [
            self.register(tenant="constant:7"),
            self.attach(f"try areas in {mode} mode", f"--mode {mode} --tc none --xdp {self.object}:try_sizes"),
            self.send(),
            Step(
                f"the largest has {largest} bytes", f"bpftool map dump pinned {pinned('*bss')}", 0,
                [_variable("tried", PACKETS), _variable("largest", largest)],
            ),
            self.delete_registry(),
        ]

    def merging(self) -> list[Step]:
        segments = STREAM // SEGMENT
        merged, apart = _between(1, segments * 3 // 4), _between(segments, 2 * segments)
        stream = Step("send a TCP stream", STREAM_COMMAND)
        steps = [
            self.register(tenant="constant:7"),
            self.attach("attach for a stream"),
            stream,
            self.run(
                "GRO merges packets of the same values" if self.outcome.merges else "GRO merges none",
                "inspect-map tenant --json", merged if self.outcome.merges else apart,
            ),
        ]
        if self.outcome.merges:
            steps += [
                self.register(number="sequence"),
                stream,
                self.run("GRO merges none whose values differ", "inspect-map number --json", apart),
            ]
        return [*steps, self.delete_registry()]

    def redirected_from(self) -> list[Step]:
        keeps = self.outcome.redirects_from
        check = state("tenant", "got", PACKETS) if keeps else has("area.refused.EFAULT", PACKETS)
        return [
            Step(
                "make a veth pair beside the receiver",
                # veth takes frames only where somebody polls: with GRO alone not on Linux 5.10.
                veth("in", "inner", "far") + f"ip -n inner link set in1 xdpdrv object {self.passing} section xdp",
            ),
            self.register(tenant="constant:7"),
            self.attach("attach a program that redirects", f"--tc none --mode native --xdp {self.object}:stamp_to_device"),
            self.attach("attach a reader", "--xdp none --tc prebuilt", at="in1 --netns inner"),
            Step("redirect to the veth pair", redirect_to("far", "in0")),
            self.send(),
            self.run("each keeps the value" if keeps else "each loses its area", "inspect-map --json", check),
            self.delete_registry(),
        ]

    def redirected_to(self) -> list[Step]:
        """Native XDP on the port that packets are to leave by, since some drivers send none without."""
        return [
            Step("make a veth pair beside the sender", veth("out", "source", "near") + SOURCE),
            self.register(tenant="constant:7"),
            self.attach(
                "attach XDP where packets leave", f"--tc none --mode native --xdp {self.object}:try_sizes",
                at="near0 --netns near",
            ),
            self.attach(
                "attach a program that redirects", f"--tc none --mode native --xdp {self.object}:stamp_to_device",
                at="out0 --netns near",
            ),
            self.attach("attach a reader", "--xdp none --tc prebuilt"),
            Step("redirect to the port", redirect_to("near", "near0")),
            self.send(netns="source"),
            self.run("each arrives, without an area", "inspect-map --json", has("area.refused.EFAULT", PACKETS)),
            self.delete_registry(),
        ]

    def large_packets(self) -> list[Step]:
        """
        The vmxnet3 of QEMU drops what is larger than a page if LRO is off as the MTU is raised, and a program in generic
        mode turns that off.
        """
        outcome = self.outcome
        with_lro = "ip netns exec far ethtool -K far0 lro on 2>/dev/null; "
        return [
            Step(f"raise the MTU to {LARGE_MTU}", with_lro + set_mtu(LARGE_MTU)),
            self.register(tenant="constant:7"),
            self.attach("attach to it", "", has("attachments.0.mode", outcome.large_mode), _tells(outcome.large_because)),
            self.send(LARGE_PAYLOAD),
            self.run("each is counted", "inspect-map --json", counts({"tenant": PACKETS})),
            self.delete_registry(),
            Step(f"lower the MTU to {MTU}", set_mtu(MTU)),
        ]


def _tells(text: str | None) -> Check:
    """Why attaching fell back from native mode; nothing if it did not."""
    if text is not None:
        return says(text)
    return lambda result: "native XDP" in result.output and f"it fell back: {result.output}" or None


def _variable(name: str, value: int) -> Check:
    """A variable of a map of variables as bpftool prints it."""

    def check(result: Result) -> str | None:
        found = re.search(rf'"{name}": (-?\d+)', result.output)
        return None if found and int(found[1]) == value else f"{name} is {found and found[1]}, not {value}"

    return check


def _between(least: int, most: int) -> Check:
    """On how many packets the field was got at TC."""

    def check(result: Result) -> str | None:
        got = result.at("fields.0.state.got")
        return None if least <= got <= most else f"{got} packets at TC, not {least} to {most}"

    return check
