// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata

/// What an option says about the ways in which sockets may ask: `all`, or names with commas between them.
struct SocketWaysArgument: ExpressibleByArgument {
    let ways: SocketWays

    init?(argument: String) {
        if argument == "all" {
            ways = .all
            return
        }
        var ways: SocketWays = []
        for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let named = SocketWays.named.first(where: { $0.name == word }) else { return nil }
            ways.insert(named.way)
        }
        self.ways = ways
    }
}
