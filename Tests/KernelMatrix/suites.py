# SPDX-License-Identifier: BSD-2-Clause
"""Suites of the tests in a virtual machine: how they are run, and what is wrong with what they print."""

# What packets keep on their ways.
SURVIVAL = ("SurvivalTests",)
# What calls in programs give, byte for byte, and where areas of others might pass for a packet's own: for another machine.
CONTRACT = ("ABITests", "ContractTests", "SurvivalLimitTests")
# Who else can read a packet's fields, and what is done by them there, in machines that take some minutes each. Before Linux
# 6.4 netfilter is refused.
LAYERS = {
    "fields wherever a packet is": ("SkbTests",),
    "fields in cgroups": ("CgroupTests",),
    "fields in netfilter": ("NetfilterTests", "NetfilterNamespaceTests"),
    "packets followed: stations, and losses": ("TraceTests/[a-bw]",),
    "packets followed: those that are asked for": ("TraceTests/[c-v]",),
    "packets followed, and no other": ("TraceIdentityTests/(connections|addresses|aCopy|copies)",),
}
# Of these, what changes programs of XDP under traffic, so often that machines with two CPUs panic (see suites_command).
ON_ONE_CPU = ("fields in cgroups", "fields in netfilter")
# What is done with packets that leave; attached by TCX. On one CPU likewise.
EGRESS = ("PrivateFieldTests", "EgressTests", "RestoredTests")


def suites_command(suites: tuple[str, ...], tests: str) -> str:
    """Runs suites of the tests' program.

    In CI nothing is skipped for want of privileges. The device node of tun comes with its module.

    One test at a time: an emulated CPU may run bpf_dispatcher_xdp_func while another, attaching a program in native mode, is
    writing it, and then the kernel panics. That makes it rarer, and not impossible, but on one CPU.
    """
    return (
        f"modprobe tun && CI=1 exec {tests}"
        f" --testing-library swift-testing --no-parallel --filter '({'|'.join(map(_pattern, suites))})'"
    )


def _pattern(suite: str) -> str:
    """Of a suite, or of those of its tests whose names begin so."""
    return f"\\.{suite}" if "/" in suite else f"\\.{suite}/"


def is_told(line: str) -> bool:
    """How many cases a section has, and which paths the kernel has not got."""
    return line.startswith("survival: ")


def suites_complaints(lines: list[str], status: int) -> list[str]:
    """Each issue by its comment, and what else is not as it is when all tests of the suite have passed."""
    complaints = [
        (following.removeprefix("↳ ") if following.startswith("↳") else line)[:300]
        for line, following in zip(lines, lines[1:] + [""])
        if "recorded an issue" in line
    ]
    if status == 0 and not any("Test run with" in line and " 0 tests" not in line for line in lines):
        complaints.append("no test was run")
    if status != 0 and not complaints:
        complaints.append(f"exit code {status}: " + " / ".join(lines[-5:])[:500])
    return complaints
