# SPDX-License-Identifier: BSD-2-Clause
"""The survival tests in a virtual machine: how they are run, and what is wrong with what they print."""

# In CI nothing is skipped for want of privileges. The device node of tun comes with its module.
SURVIVAL = (
    "modprobe tun && CI=1 exec .build/debug/pktmetaPackageTests.xctest"
    " --testing-library swift-testing --filter SurvivalTests/"
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
