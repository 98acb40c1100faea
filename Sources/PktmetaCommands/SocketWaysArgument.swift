// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata

/// What an option says about the ways in which sockets may ask: `all`, or names with commas between them.
struct SocketWaysArgument: ExpressibleByArgument {
    let ways: SocketWays

    init?(argument: String) {
        guard let ways = SocketWays(argument) else { return nil }
        self.ways = ways
    }
}
