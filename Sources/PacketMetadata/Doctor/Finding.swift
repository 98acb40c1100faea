// SPDX-License-Identifier: BSD-2-Clause

/// One thing that was looked at, and what it means for fields on packets.
public struct Finding: Sendable, Hashable {
    public enum Level: String, Sendable, Hashable, CaseIterable {
        case ok
        /// It could not be found out; it may be either.
        case unknown
        /// Fields are carried, but less well.
        case weaker
        /// Fields are not carried.
        case broken
    }

    /// What was looked at. The raw value is what programs know it by.
    public enum Check: String, Sendable, Hashable, CaseIterable {
        // Of the machine, and of this process on it.
        case capabilities
        case bpffs
        case kernelTypes = "kernel-types"
        case programs
        case compiler = "jit"
        case fragments
        case area
        case attaching
        case gracePeriod = "grace-period"
        case tcWrites = "tc-writes"
        case registry
        // Of an interface.
        case interface
        case linkLayer = "link-layer"
        case nativeXDP = "native-xdp"
        case mtu
        case hardware
        case xdpHook = "xdp-hook"
        case tcHook = "tc-hook"
        case mark
        case taps
        case gro
    }

    public let check: Check
    public let level: Level
    /// What was found, and what it means.
    public let text: String
    /// What helps, usually a command.
    public let remedy: String?
    /// Whether it is so for want of a privilege.
    public let isPrivilege: Bool

    init(_ check: Check, _ level: Level, _ text: String, remedy: String? = nil, isPrivilege: Bool = false) {
        self.check = check
        self.level = level
        self.text = text
        self.remedy = remedy
        self.isPrivilege = isPrivilege
    }
}
