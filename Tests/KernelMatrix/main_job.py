# SPDX-License-Identifier: BSD-2-Clause
"""What pktmeta is for, step by step, with what a kernel cannot do refused as documented."""

import json

from kernels import Kernel
from steps import Check, Step, counts, has, says, state

_PACKETS = 200
_PAYLOAD = 64
# Ethernet, IPv4 and UDP.
_HEADERS = 14 + 20 + 8

# Exit codes (sysexits.h).
_UNSUPPORTED = 69
_NO_PRIVILEGE = 77

# Runs a command in the receiver's namespace, with these capabilities only.
_LIMITED = "nsenter --net=/run/netns/far setpriv --bounding-set=-all,{0} --inh-caps=-all,{0}"

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
        self.steps = [
            Step("make a veth pair", _TOPOLOGY),
            *self.prebuilt_pair(),
            # What programs count is added up over all of them.
            Step("more CPUs are possible than online", "! diff /sys/devices/system/cpu/possible /sys/devices/system/cpu/online"),
            *self.changes_under_attachment(),
            *self.generic_mode(),
            *self.full_registry(),
            *self.programs_of_users(),
            *self.few_capabilities(),
            *self.hardware_fields(),
            *self.capacities(),
            *self.sockets(),
            *self.declared(),
            *self.large_packets(),
            *self.host_removal(),
            self.run("demo", "demo --packets 100", says("areas: made 100, found 100"), says("tenant 7, trace_id 0x")),
            Step("nothing is left", "ls -A /sys/fs/bpf", 0, [lambda result: result.output or None]),
        ]

    def run(self, what: str, arguments: str, *checks: Check, status: int = 0) -> Step:
        return Step(what, f"{self.pktmeta} {arguments}", status, list(checks))

    def register(self, name: str, type_: str, source: str) -> Step:
        return self.run(f"register {name}: {source}", f"register-field {name} --type {type_} --source {source}")

    def attach(self, what: str, arguments: str = "", *checks: Check, status: int = 0) -> Step:
        arguments = f"attach-to-interface far0 --netns far --json {arguments}"
        return self.run(what, arguments, *checks, status=status)

    def attach_tc(self, what: str, program: str) -> Step:
        return self.attach(what, f"--xdp none --tc {program}", has("attachments.0.mode", self.kernel.tc))

    def send(self) -> Step:
        return Step(f"send {_PACKETS} packets", _SEND)

    def count(self, **fields: int) -> Step:
        """Each field was set, and got, on that many packets."""
        return self.run("each is counted", "inspect-map --json", counts(fields))

    def sockets(self) -> list[Step]:
        """As the programs are attached, they answer sockets of a trial, in each way that the kernel has."""
        ways = "next,batch,at,bytes" + (",mark" if self.kernel.marks else "")
        attach = "attach-to-cgroup /run/cgroup/app"
        return [
            Step("make a cgroup", "mkdir -p /run/cgroup && mount -t cgroup2 none /run/cgroup && mkdir /run/cgroup/app"),
            self.run("sockets are answered", f"{attach} --sockets {ways}", says("sockets_ingress attached (link)")),
            self.run(
                "marks", f"{attach} --sockets mark --registry /sys/fs/bpf/marks", status=0 if self.kernel.marks else _UNSUPPORTED
            ),
            self.run("detach from the cgroup", "detach-from-cgroup /run/cgroup/app"),
            self.delete_registry(),
            Step("delete the other registry", f"{self.pktmeta} delete-registry --force --registry /sys/fs/bpf/marks || true"),
        ]

    def declared(self) -> list[Step]:
        """From a document: made, compared, changed under attachment, and taken off again."""
        objects = f"{self.objects}/examples"
        fields = {
            "tenant": {"type": "u32", "source": "constant:7"},
            "number": {"type": "u32", "source": "sequence"},
        }
        hook = {"name": "far*", "netns": "far", "xdp": "prebuilt", "tc": "prebuilt"}
        document = {
            "owner": "matrix", "registry": {"capacity": 32}, "fields": fields, "interfaces": [hook],
            "cgroups": [{"path": "/run/cgroup/app", "ingress": f"{objects}/hooli_accounting.bpf.o"}],
        }
        late = {"late": {"type": "u8", "source": "constant:3"}}
        resized = document | {"registry": {"capacity": self.kernel.capacity}, "fields": fields | late}
        bare = {"owner": "matrix", "fields": {"tenant": fields["tenant"]}}
        return [
            self.write("declare", "host", document),
            self.run("plan", "plan /tmp/host.json", says("/sys/fs/bpf/pktmeta")),
            self.run("it differs", "diff --exit-code /tmp/host.json", status=1),
            self.run("apply", "apply /tmp/host.json"),
            self.send(),
            self.count(tenant=_PACKETS, number=_PACKETS),
            self.run("nothing is left to do", "apply --json /tmp/host.json", has("isFulfilled", True)),
            self.run("nor differs", "diff --exit-code /tmp/host.json"),
            self.run("export", "export --of matrix /tmp/exported.yaml"),
            self.run("what is exported is what is there", "diff --exit-code /tmp/exported.yaml"),
            self.write("declare areas of another size, and a field", "resized", resized),
            self.run("apply under attachment", "apply --replace /tmp/resized.json"),
            self.send(),
            self.count(tenant=2 * _PACKETS, number=2 * _PACKETS, late=_PACKETS),
            self.write("declare less", "bare", bare),
            self.run("prune", "apply --prune /tmp/bare.json"),
            self.run("the programs are gone", "status --json", has("hooks", [])),
            self.delete_registry(),
        ]

    def write(self, what: str, name: str, document: dict) -> Step:
        return Step(what, f"cat >/tmp/{name}.json <<'END'\n{json.dumps(document)}\nEND\n")

    def delete_registry(self) -> Step:
        return self.run("delete the registry", "delete-registry --force")

    def prebuilt_pair(self) -> list[Step]:
        all_fields = ("tenant", "number", "sender", "length", "trusted")
        return [
            self.run("create a registry", "create-registry --json", has("registry.capacity", self.kernel.capacity)),
            self.register("tenant", "u16", "constant:7"),
            self.register("number", "u32", "sequence"),
            self.register("sender", "ipv4", "payload:26"),
            self.register("length", "u32", "packet-length"),
            self.register("trusted", "flag", "constant"),
            self.attach(
                "attach the prebuilt programs", "",
                has("attachments.0.mode", "native"), has("attachments.1.mode", self.kernel.tc),
            ),
            self.send(),
            self.count(**dict.fromkeys(all_fields, _PACKETS)),
            self.run(
                "with the right values", "inspect-map --json",
                state("tenant", "last.number", 7), state("length", "last.number", _HEADERS + _PAYLOAD),
            ),
            self.run(
                "watch", "watch far0 --netns far --duration 0.1",
                status=0 if self.kernel.tc == "tcx" else _UNSUPPORTED,
            ),
            self.run("trace", "trace --duration 0.1"),
        ]

    def changes_under_attachment(self) -> list[Step]:
        """With the programs of prebuilt_pair attached."""
        once, twice, thrice = _PACKETS, 2 * _PACKETS, 3 * _PACKETS
        return [
            self.run("register under attachment", "register-field late --type u8 --source constant:3"),
            self.send(),
            self.count(tenant=twice, number=twice, sender=twice, length=twice, trusted=twice, late=once),
            self.run("unregister under attachment", "unregister-field number --force"),
            self.run("compact under attachment", "compact"),
            self.send(),
            self.count(tenant=thrice, sender=thrice, length=thrice, trusted=thrice, late=twice),
            self.run("reset under attachment", "reset-state"),
            self.count(tenant=0, sender=0, length=0, trusted=0, late=0),
            self.send(),
            self.count(tenant=once, sender=once, length=once, trusted=once, late=once),
            self.run("detach", "detach-from-interface far0 --netns far"),
            self.delete_registry(),
        ]

    def generic_mode(self) -> list[Step]:
        return [
            self.register("tenant", "u32", "constant:7"),
            self.register("seen_at", "u64", "ktime"),
            self.attach("attach in generic mode", "--mode generic", has("attachments.0.mode", "generic")),
            self.send(),
            self.count(tenant=_PACKETS, seen_at=_PACKETS),
            self.delete_registry(),
        ]

    def full_registry(self) -> list[Step]:
        """31 fields in the 16 bytes that each kernel grants: the longest path of the prebuilt programs."""
        numbers = [f"byte{place}" for place in range(16)]
        flags = [f"flag{place}" for place in range(15)]
        commands = [f"register-field {name} --type u8 --source payload:{place}" for place, name in enumerate(numbers, 14)]
        commands += [f"register-field {name} --type flag --source constant" for name in flags]
        return [
            Step("register 31 fields", " && ".join(f"{self.pktmeta} {command}" for command in commands)),
            self.attach("attach with 31 fields"),
            self.send(),
            self.count(**dict.fromkeys(numbers + flags, _PACKETS)),
            self.delete_registry(),
        ]

    def programs_of_users(self) -> list[Step]:
        acme = f"{self.objects}/examples/acme_ingress.bpf.o"
        return [
            self.attach("attach an XDP program with bound access", f"--xdp {acme} --tc prebuilt --register-missing"),
            self.send(),
            self.run("its field is read", "inspect-map --json", state("tenant", "got", _PACKETS)),
            self.attach_tc("attach a TC program with bound access", f"{self.objects}/examples/globex_steering.bpf.o"),
            self.attach_tc("attach a TC program that writes", f"{self.objects}/tests/contract_tc.bpf.o"),
            self.attach_tc("attach the scrub program", "scrub"),
            self.run("export types", "export-btf /tmp/fields.btf"),
            # Below the machine's own /proc lies that of the host, whose descriptors are another process's.
            Step(
                "look without /proc",
                f"unshare --mount sh -c 'umount -l /proc; mount -t tmpfs none /proc; exec {self.pktmeta} inspect-map'",
                _UNSUPPORTED, [says("by way of /proc, which is not mounted")],
            ),
            self.delete_registry(),
        ]

    def few_capabilities(self) -> list[Step]:
        """Where memory is limited, that alone is lifted first."""
        attach = "attach-to-interface far0 --json"
        objects = f"{self.objects}/examples"
        bound = _LIMITED.format("+bpf,+net_admin")
        by_id = _LIMITED.format("+bpf,+net_admin,+perfmon")
        programs = (f"--tc none --xdp {objects}/acme_ingress.bpf.o", f"--xdp none --tc {objects}/globex_steering.bpf.o")
        steps = [
            self.register("number", "flag", "constant"),
            self.run("register tenant", "register-field tenant --type u32"),
            self.run("register trace_id", "register-field trace_id --type bytes:8"),
        ]
        if self.kernel.limits_memory:
            refused = says("Kernels before 5.11 limit the memory of BPF: ulimit -l unlimited, or CAP_SYS_RESOURCE")
            command = f"{by_id} {self.pktmeta} {attach} --tc none"
            steps.append(Step("little memory", command, _NO_PRIVILEGE, [refused]))
        for hook, program, status in zip(("XDP", "TC"), programs, self.kernel.without_perfmon):
            command = f"ulimit -l unlimited; {bound} {self.pktmeta} {attach} {program}"
            checks = [says("CAP_PERFMON")] if status else []
            steps.append(Step(f"bound access in {hook} without CAP_PERFMON", command, status, checks))
        command = f"ulimit -l unlimited; {by_id} {self.pktmeta} {attach} --xdp prebuilt --tc prebuilt"
        return steps + [Step("access by id with CAP_PERFMON", command), self.delete_registry()]

    def hardware_fields(self) -> list[Step]:
        steps = []
        for name, type_ in (("rx_hash", "u32"), ("rx_vlan", "u16")):
            told = [says(f"far0 cannot fill {name}")] if name not in self.kernel.hardware else []
            steps += [
                self.register(name, type_, name.replace("_", "-")),
                self.attach(f"ask the driver for {name}", "--tc none", *told),
                self.delete_registry(),
            ]
        return steps

    def capacities(self) -> list[Step]:
        larger = "create-registry --capacity"
        if self.kernel.capacity < 64:
            before = says("32 are the most that it grants")
            return [self.run("create a registry of 64 bytes", f"{larger} 64", before, status=_UNSUPPORTED)]
        return [
            self.run("create a registry of 216 bytes", f"{larger} 216"),
            self.delete_registry(),
            self.run("create one of 224 bytes", f"{larger} 224", status=_UNSUPPORTED),
        ]

    def host_removal(self) -> list[Step]:
        """Where nobody else is on the host: what it takes CAP_SYS_ADMIN to find, it may remove."""
        held = f"{self.pktmeta} attach-to-interface far0 --netns far --xdp none --no-pin"
        return [
            self.register("tenant", "u32", "constant:7"),
            self.attach("attach to be removed", "--tc none --mode generic"),
            *([Step("and hold a program", f"({held} >/dev/null 2>&1 &) ; sleep 1")] if self.kernel.tc == "tcx" else []),
            self.run("say what would go", "remove-from-host --dry-run", says("far0")),
            self.run("take all of pktmeta off the host", "remove-from-host --force"),
            Step("no program is left", "ip -n far link show far0", 0, [lambda result: "prog/xdp" in result.output or None]),
        ]

    def large_packets(self) -> list[Step]:
        what = "attach at an MTU of 9000"
        refused = says("9000, is too large"), says("This kernel has no fragments in XDP (Linux 5.18)")
        return [
            Step("raise the MTU", "ip -n near link set near0 mtu 9000 && ip -n far link set far0 mtu 9000"),
            self.register("tenant", "u32", "constant:7"),
            self.attach(what) if self.kernel.fragments else self.attach(what, "", *refused, status=_UNSUPPORTED),
            self.attach("in generic mode", "--mode generic") if not self.kernel.fragments else self.send(),
            self.delete_registry(),
        ]
