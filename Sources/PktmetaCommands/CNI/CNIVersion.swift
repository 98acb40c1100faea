// SPDX-License-Identifier: BSD-2-Clause

/// A version of the specification that a container runtime and its plugins go by.
enum CNIVersion: String, CaseIterable, Comparable {
    case v031 = "0.3.1"
    case v040 = "0.4.0"
    case v100 = "1.0.0"
    case v110 = "1.1.0"

    static let latest = CNIVersion.v110

    static func < (one: CNIVersion, other: CNIVersion) -> Bool { one.rank < other.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// What a runtime asks a plugin for.
enum CNIVerb: String, CaseIterable {
    case add = "ADD"
    case delete = "DEL"
    case check = "CHECK"
    case collect = "GC"
    case status = "STATUS"
    case version = "VERSION"

    /// The first version that has it.
    var since: CNIVersion {
        switch self {
        case .add, .delete, .version: .v031
        case .check: .v040
        case .collect, .status: .v110
        }
    }

    /// What a runtime sets for it beside the verb.
    var variables: [CNIVariable] {
        switch self {
        case .add, .check: [.container, .netns, .interface]
        case .delete: [.container, .interface]
        case .collect, .status, .version: []
        }
    }
}

/// A variable of the environment.
enum CNIVariable: String, CaseIterable {
    case command = "CNI_COMMAND"
    case container = "CNI_CONTAINERID"
    case netns = "CNI_NETNS"
    case interface = "CNI_IFNAME"

    /// Whether the specification allows a value.
    func takes(_ value: String) -> Bool {
        switch self {
        case .command: CNIVerb(rawValue: value) != nil
        case .container: Self.isIdentifier(value)
        case .netns: value.hasPrefix("/")
        case .interface:
            value.utf8.count < 16 && value != "." && value != ".."
                && !value.unicodeScalars.contains {
                    $0 == "/" || $0 == ":" || $0.properties.isWhitespace || $0.value < 0x20
                }
        }
    }

    /// Of a container or a network: letters and digits, and behind the first one `_`, `.` and `-` too.
    static func isIdentifier(_ text: String) -> Bool {
        func isLetterOrDigit(_ byte: UInt8) -> Bool {
            let scalar = Unicode.Scalar(byte)
            return scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
        }
        guard let first = text.utf8.first, isLetterOrDigit(first) else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || "_.-".utf8.contains($0) }
    }
}
