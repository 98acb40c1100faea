// SPDX-License-Identifier: BSD-2-Clause

internal import BenchCommands
internal import PktmetaCommands

@main
struct Main {
    static func main() { PktmetaBench.runAndExit() }
}
