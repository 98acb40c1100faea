# SPDX-License-Identifier: BSD-2-Clause
"""What pktmeta is for, step by step, with what a kernel cannot do refused as documented."""

from kernels import Kernel
from steps import Check, Step, counts, has, says, state

_PACKETS = 200
_PAYLOAD = 64
# Ethernet, IPv4 and UDP.
_HEADERS = 14 + 20 + 8

# Exit codes (sysexits.h).
_NOT_FOUND = 66
_UNSUPPORTED = 69
_SYSTEM = 70

_NO_TC = says("the kernel has no TCX links (EINVAL); they came with Linux 6.6")

# Two namespaces, joined by a veth pair, in which only what is sent on purpose is sent.
_TOPOLOGY = f"""
set -e
for netns in near far; do
    ip netns add $netns
    ip netns exec $netns sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
done
ip -n near link add near0 address 02:00:00:00:00:01 type veth peer name far0 address 02:00:00:00:00:02 netns far
ip -n near address add 192.0.2.1/24 dev near0
ip -n far address add 192.0.2.2/24 dev far0
ip -n near link set near0 up
ip -n far link set far0 up
ip -n near neigh replace 192.0.2.2 lladdr 02:00:00:00:00:02 dev near0 nud permanent
ip -n far neigh replace 192.0.2.1 lladdr 02:00:00:00:00:01 dev far0 nud permanent
sleep 1
"""

# A socket for each packet: one that is told that the port is closed would refuse to send the next.
_SEND = f"""
ip netns exec near bash -c '
    for number in {{1..{_PACKETS}}}; do printf %0{_PAYLOAD}d $number >/dev/udp/192.0.2.2/4739; done'
sleep 1
"""


def main_job(kernel: Kernel, pktmeta: str, objects: str) -> list[Step]:
    """
    pktmeta: the command's path
    objects: the folder of compiled BPF objects: examples/ and tests/
    """
    return _Job(kernel, pktmeta, objects).steps


class _Job:
    def __init__(self, kernel: Kernel, pktmeta: str, objects: str):
        self.kernel = kernel
        self.pktmeta = pktmeta
        self.objects = objects
        # A kernel without TC has the producer only, and counts nothing as got.
        self.tc = "" if kernel.tc else " --tc none"
        self.steps = [
            Step("make a veth pair", _TOPOLOGY),
            *self.prebuilt_pair(),
            *self.changes_under_attachment(),
            *self.full_registry(),
            *self.programs_of_users(),
            *self.hardware_fields(),
            *self.capacities(),
            *self.large_packets(),
            self.demo(),
            Step("nothing is left", "ls -A /sys/fs/bpf", 0, [lambda result: result.output or None]),
        ]

    def run(self, what: str, arguments: str, *checks: Check, status: int = 0) -> Step:
        return Step(what, f"{self.pktmeta} {arguments}", status, list(checks))

    def register(self, name: str, type_: str, source: str) -> Step:
        return self.run(f"register {name}: {source}", f"register-field {name} --type {type_} --source {source}")

    def attach(self, what: str, arguments: str = "", *checks: Check, status: int = 0) -> Step:
        arguments = f"attach-to-interface far0 --netns far --json {arguments}"
        return self.run(what, arguments, *checks, status=status)

    def attach_tc(self, what: str, arguments: str) -> Step:
        """To TC only; a kernel without says so, once it has loaded the program."""
        arguments += " --xdp none"
        if self.kernel.tc:
            return self.attach(what, arguments, has("attachments.0.mode", self.kernel.tc))
        return self.attach(what, arguments, _NO_TC, status=_UNSUPPORTED)

    def send(self) -> Step:
        return Step(f"send {_PACKETS} packets", _SEND)

    def count(self, what: str = "each is counted", **fields: int) -> Step:
        """Each field was set on that many packets; and got, where a consumer reads them."""
        expected = {name: (count, count if self.kernel.tc else 0) for name, count in fields.items()}
        return self.run(what, "inspect-map --json", counts(expected))

    def delete_registry(self) -> Step:
        return self.run("delete the registry", "delete-registry --force")

    def prebuilt_pair(self) -> list[Step]:
        refused = [
            self.attach("TC is refused", "", _NO_TC, status=_UNSUPPORTED),
            self.run("and XDP is as it was", "detach-from-interface far0 --netns far", status=_NOT_FOUND),
        ]
        modes = [has("attachments.0.mode", "native")] + [has("attachments.1.mode", self.kernel.tc)] * bool(self.kernel.tc)
        last_length = [state("length", "last.number", _HEADERS + _PAYLOAD)] if self.kernel.tc else []
        return [
            self.run("create a registry", "create-registry --json", has("registry.capacity", self.kernel.capacity)),
            self.register("tenant", "u32", "constant:7"),
            self.register("number", "u32", "sequence"),
            self.register("seen_at", "u64", "ktime"),
            self.register("length", "u32", "packet-length"),
            self.register("trusted", "flag", "constant"),
            *([] if self.kernel.tc else refused),
            self.attach("attach the prebuilt programs", self.tc, *modes),
            self.send(),
            self.count(tenant=_PACKETS, number=_PACKETS, seen_at=_PACKETS, length=_PACKETS, trusted=_PACKETS),
            self.run("by its values too", "inspect-map --json", has("area.made", _PACKETS), *last_length),
        ]

    def changes_under_attachment(self) -> list[Step]:
        """With the programs of prebuilt_pair attached."""
        register = "register-field late --type u8 --source constant:3"
        if not self.kernel.exchanges:
            return [
                self.run("register under attachment", register, says("exchange"), status=_SYSTEM),
                Step("detach as the error says", "rm -r /sys/fs/bpf/pktmeta/attachments/*-xdp"),
                self.delete_registry(),
            ]
        both = 2 * _PACKETS
        return [
            self.run("register under attachment", register),
            self.send(),
            self.count(tenant=both, number=both, seen_at=both, length=both, trusted=both, late=_PACKETS),
            self.run("unregister under attachment", "unregister-field number --force"),
            self.run("compact under attachment", "compact"),
            self.send(),
            self.count(tenant=3 * _PACKETS, seen_at=3 * _PACKETS, length=3 * _PACKETS, trusted=3 * _PACKETS, late=both),
            self.run("detach", "detach-from-interface far0 --netns far"),
            self.attach("attach in generic mode", f"--mode generic {self.tc}", has("attachments.0.mode", "generic")),
            self.send(),
            self.run("made anew", "inspect-map --json", has("area.made", 4 * _PACKETS)),
            self.delete_registry(),
        ]

    def full_registry(self) -> list[Step]:
        """31 fields in the 24 bytes that each kernel grants: the longest path of the prebuilt programs."""
        bytes_ = [f"byte{number}" for number in range(24)]
        flags = [f"flag{number}" for number in range(7)]
        commands = [f"register-field {name} --type u8 --source payload:{14 + place}" for place, name in enumerate(bytes_)]
        commands += [f"register-field {name} --type flag --source constant" for name in flags]
        registered = " && ".join(f"{self.pktmeta} {command}" for command in commands)
        return [
            Step("register 31 fields", registered),
            self.attach("attach with 31 fields", self.tc),
            self.send(),
            self.count(**dict.fromkeys(bytes_ + flags, _PACKETS)),
            self.delete_registry(),
        ]

    def programs_of_users(self) -> list[Step]:
        acme = f"--xdp {self.objects}/examples/acme_ingress.bpf.o --register-missing"
        return [
            self.attach("attach an XDP program with bound access", f"{acme} {self.tc}"),
            self.send(),
            *([self.run("its field is read", "inspect-map --json", state("tenant", "got", _PACKETS))] * bool(self.kernel.tc)),
            self.attach_tc("attach a TC program with bound access", f"--tc {self.objects}/examples/globex_steering.bpf.o"),
            self.attach_tc("attach a TC program that writes", f"--tc {self.objects}/tests/contract_tc.bpf.o"),
            self.attach_tc("attach the scrub program", "--tc scrub"),
            self.run("export types", "export-btf /tmp/fields.btf"),
            self.delete_registry(),
        ]

    def hardware_fields(self) -> list[Step]:
        steps = []
        for name, type_ in (("rx_hash", "u32"), ("rx_vlan", "u16")):
            steps.append(self.register(name, type_, name.replace("_", "-")))
            if name in self.kernel.hardware:
                steps.append(self.attach(f"ask the driver for {name}", "--tc none"))
            else:
                steps.append(self.attach(f"ask the driver for {name}", "--tc none", says("cannot"), status=_UNSUPPORTED))
            steps.append(self.delete_registry())
        return steps

    def capacities(self) -> list[Step]:
        if self.kernel.capacity < 64:
            before = "Kernels before 6.8 grant 32 bytes."
            return [self.run("create a registry of 64 bytes", "create-registry --capacity 64", says(before), status=_UNSUPPORTED)]
        return [
            self.run("create a registry of 216 bytes", "create-registry --capacity 216"),
            self.delete_registry(),
            self.run("create one of 224 bytes", "create-registry --capacity 224", status=_UNSUPPORTED),
        ]

    def large_packets(self) -> list[Step]:
        attach = self.attach("attach at an MTU of 9000", "--tc none")
        if not self.kernel.fragments:
            attach = self.attach("attach at an MTU of 9000", "--tc none", says("MTU is too large"), status=_UNSUPPORTED)
        return [
            Step("raise the MTU", "ip -n near link set near0 mtu 9000 && ip -n far link set far0 mtu 9000"),
            self.register("tenant", "u32", "constant:7"),
            attach,
            self.delete_registry(),
        ]

    def demo(self) -> Step:
        if not self.kernel.tc:
            return self.run("demo", "demo", _NO_TC, status=_UNSUPPORTED)
        return self.run("demo", "demo --packets 100", says("areas: made 100, found 100"))
