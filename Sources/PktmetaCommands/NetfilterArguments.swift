// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata

/// Of whose packets hooks of netfilter are, in nft's words.
enum FamilyArgument: String, ExpressibleByArgument, CaseIterable {
    case inet, ipv4, ipv6

    var families: [NetfilterHook.Family] {
        switch self {
        case .inet: NetfilterHook.Family.allCases
        case .ipv4: [.ipv4]
        case .ipv6: [.ipv6]
        }
    }
}

/// A hook of netfilter.
enum StageArgument: String, ExpressibleByArgument, CaseIterable {
    case prerouting, input, forward, output, postrouting

    var stage: NetfilterHook.Stage {
        switch self {
        case .prerouting: .prerouting
        case .input: .input
        case .forward: .forward
        case .output: .output
        case .postrouting: .postrouting
        }
    }
}

/// A priority as nft(8) takes it: a number, or a name with or without a distance, as `filter`, `mangle-5`.
struct PriorityArgument: ExpressibleByArgument, CustomStringConvertible {
    let number: Int32
    let description: String
    var defaultValueDescription: String { description }

    init(_ number: Int32, _ description: String) { (self.number, self.description) = (number, description) }

    init?(argument: String) {
        let text = argument.filter { $0 != " " }
        guard let sign = text.dropFirst().firstIndex(where: { $0 == "+" || $0 == "-" }) else {
            guard let number = Self.names[text] ?? Int32(text) else { return nil }
            self.init(number, argument)
            return
        }
        guard let base = Self.names[String(text[..<sign])], let distance = Int32(text[sign...]) else { return nil }
        let (sum, isTooFar) = base.addingReportingOverflow(distance)
        if isTooFar { return nil }
        self.init(sum, argument)
    }

    /// NF_IP_PRI_* of linux/netfilter_ipv4.h, by their names in nft.
    private static let names: [String: Int32] = [
        "raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100,
    ]
}
