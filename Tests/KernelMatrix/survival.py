# SPDX-License-Identifier: BSD-2-Clause
"""The tests of packets' ways in a virtual machine: how they are run, and what is wrong with what they print."""

from kernels import Kernel

# What a packet keeps, and where the kernel has TCX, by which these attach: private fields, TC egress, what sinks give back.
EVERYWHERE = ("SurvivalTests",)
WITH_TCX = ("PrivateFieldTests", "EgressTests", "RestoredTests")


def survival_command(kernel: Kernel) -> str:
    """In CI nothing is skipped for want of privileges. The device node of tun comes with its module."""
    suites = EVERYWHERE + (WITH_TCX if kernel.tc == "tcx" else ())
    return (
        "modprobe tun && CI=1 exec .build/debug/pktmetaPackageTests.xctest"
        f" --testing-library swift-testing --filter '({'|'.join(suites)})/'"
    )


def is_told(line: str) -> bool:
    """How many cases a section has, and which paths the kernel has not got."""
    return line.startswith("survival: ")


def survival_complaints(lines: list[str], status: int) -> list[str]:
    """Each issue by its comment, and what else is not as it is when all tests of the suite have passed."""
    complaints = [
        (following.removeprefix("↳ ") if following.startswith("↳") else line)[:300]
        for line, following in zip(lines, lines[1:] + [""])
        if "recorded an issue" in line
    ]
    if status == 0 and not any(map(is_told, lines)):
        complaints.append("no path was tried")
    if status != 0 and not complaints:
        complaints.append(f"exit code {status}: " + " / ".join(lines[-5:])[:500])
    return complaints
