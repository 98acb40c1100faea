// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux

/// The kernel's words for why it drops packets, and where.
struct DropReasons: ~Copyable {
    /// None before Linux 5.17. To be read before packets come: it takes a look through the kernel's types, as long as it
    /// takes to fill a buffer.
    private let names = (try? KernelEnumeration(named: "skb_drop_reason").names) ?? [:]
    private var symbols = KernelSymbols()

    private static let prefix = "SKB_DROP_REASON_"

    /// Whether the kernel gives reasons (Linux 5.17).
    var areKnown: Bool { !names.isEmpty }

    /// - Parameters:
    ///   - reason: `enum skb_drop_reason`; a subsystem's own have the subsystem's number in the upper half
    ///     (include/net/dropreason.h).
    ///   - address: in the function that dropped the packet; 0 if it is not told.
    mutating func drop(_ reason: UInt32, at address: UInt64) -> TracedPacket.Drop {
        var text: String?
        if areKnown {
            let name = names[reason] ?? "0x" + String(reason, radix: 16)
            text = name.hasPrefix(Self.prefix) ? String(name.dropFirst(Self.prefix.count)) : name
        }
        return TracedPacket.Drop(reason: text, function: address == 0 ? nil : symbols.name(at: address))
    }
}
