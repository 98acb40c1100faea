// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata

/// A priority as it was written.
struct PriorityArgument: ExpressibleByArgument {
    let priority: NetfilterPriority
    let defaultValueDescription: String

    static let usual = PriorityArgument(priority: .usual, defaultValueDescription: NetfilterPriority.usualText)

    private init(priority: NetfilterPriority, defaultValueDescription: String) {
        self.priority = priority
        self.defaultValueDescription = defaultValueDescription
    }

    init?(argument: String) {
        guard let priority = NetfilterPriority(argument) else { return nil }
        self.init(priority: priority, defaultValueDescription: argument)
    }
}
