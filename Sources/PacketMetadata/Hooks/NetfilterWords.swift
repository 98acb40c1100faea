// SPDX-License-Identifier: BSD-2-Clause

/// Of whose packets hooks of netfilter are, in nft's words: `inet` is of both.
public enum NetfilterFamilies: String, Sendable, Hashable, CaseIterable {
    case inet, ipv4, ipv6

    public var families: [NetfilterHook.Family] {
        switch self {
        case .inet: NetfilterHook.Family.allCases
        case .ipv4: [.ipv4]
        case .ipv6: [.ipv6]
        }
    }
}

/// When a program of netfilter runs among all others of its hook, lower ones first.
public struct NetfilterPriority: Sendable, Hashable {
    public let number: Int32

    /// One that hardly anything else has, behind the chains that filter.
    public static let usual = NetfilterPriority(number: 7)
    /// How that is written.
    public static let usualText = "filter+7"

    private init(number: Int32) { self.number = number }

    /// Reads one as nft(8) takes it: a number, or a name with or without a distance, as `filter`, `mangle-5`.
    ///
    /// - Returns: nil if it is none.
    public init?(_ text: String) {
        let text = text.filter { $0 != " " }
        guard let sign = text.dropFirst().firstIndex(where: { $0 == "+" || $0 == "-" }) else {
            guard let number = Self.names[text] ?? Int32(text) else { return nil }
            self.number = number
            return
        }
        guard let base = Self.names[String(text[..<sign])], let distance = Int32(text[sign...]) else { return nil }
        let (sum, isTooFar) = base.addingReportingOverflow(distance)
        if isTooFar { return nil }
        number = sum
    }

    /// NF_IP_PRI_* of linux/netfilter_ipv4.h, by their names in nft.
    private static let names: [String: Int32] = [
        "raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100,
    ]
}
