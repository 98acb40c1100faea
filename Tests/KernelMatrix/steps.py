# SPDX-License-Identifier: BSD-2-Clause
"""Commands to run in a virtual machine, each with what is to come of it."""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce


def value_at(value, path: str):
    keys = (int(key) if key.isdigit() else key for key in path.split("."))
    return reduce(lambda inner, key: inner[key], keys, value)


@dataclass(frozen=True)
class Result:
    status: int
    output: str
    errors: str

    def at(self, path: str):
        """A value of the JSON output, as in "registry.capacity" or "attachments.0.mode"."""
        return value_at(json.loads(self.output), path)


# Says what is wrong; nothing if all is right.
Check = Callable[[Result], str | None]


@dataclass(frozen=True)
class Step:
    what: str
    command: str
    status: int = 0
    checks: list[Check] = field(default_factory=list)

    def complaints(self, result: Result) -> list[str]:
        if result.status != self.status:
            return [f"exit code {result.status}, not {self.status}: {(result.errors or result.output).strip()}"]
        found = []
        for check in self.checks:
            try:
                found.append(check(result))
            except (LookupError, StopIteration, TypeError, ValueError) as error:
                found.append(f"{error!r} in: {result.output.strip()[:500]}")
        return [complaint for complaint in found if complaint]


def says(text: str) -> Check:
    """Somewhere in the output or in the errors."""
    return lambda result: (
        None if text in result.output + result.errors else f"{text!r} is not in: {result.errors or result.output}"
    )


def has(path: str, value) -> Check:
    def check(result: Result) -> str | None:
        actual = result.at(path)
        return None if actual == value else f"{path} is {actual!r}, not {value!r}"

    return check


def state(name: str, path: str, value) -> Check:
    """A value of one field's state, as in "last.number"."""

    def check(result: Result) -> str | None:
        entry = next(entry for entry in result.at("fields") if entry["field"]["name"] == name)
        actual = value_at(entry["state"], path)
        return None if actual == value else f"{path} of {name} is {actual!r}, not {value!r}"

    return check


def counts(expected: dict[str, int]) -> Check:
    """On how many packets each field was set, and got."""
    both = {name: (count, count) for name, count in expected.items()}

    def check(result: Result) -> str | None:
        actual = {
            entry["field"]["name"]: (entry["state"]["set"], entry["state"]["got"]) for entry in result.at("fields")
        }
        return None if actual == both else f"set and got {actual}, not {both}"

    return check


# The output of all steps comes in one piece: each part is announced by a line with its length in bytes.
_ANNOUNCEMENT = "@@ "


def script(steps: list[Step]) -> str:
    lines = [
        "show() { printf '@@ %s\\n' \"$(wc -c <\"$1\")\"; cat \"$1\"; }",
        "step() { sh -c \"$1\" >/tmp/step.out 2>/tmp/step.err </dev/null; echo \"@@ $?\"; show /tmp/step.out; show /tmp/step.err; }",
    ]
    return "\n".join(lines + [f"step {shlex.quote(step.command)}" for step in steps]) + "\n"


def results(output: bytes) -> list[Result]:
    """Of a script's output; fewer than its steps if it was cut off."""
    found = []
    rest = output

    def number() -> int:
        nonlocal rest
        line, _, rest = rest.partition(b"\n")
        if not line.startswith(_ANNOUNCEMENT.encode()):
            raise ValueError(line.decode(errors="replace"))
        return int(line[len(_ANNOUNCEMENT) :])

    def part() -> str:
        nonlocal rest
        length = number()
        text, rest = rest[:length], rest[length:]
        return text.decode(errors="replace")

    while rest:
        try:
            found.append(Result(number(), part(), part()))
        except ValueError:
            break
    return found
