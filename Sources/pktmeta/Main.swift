// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaCommands

@main
struct Main {
    static func main() { Pktmeta.runAndExit() }
}
