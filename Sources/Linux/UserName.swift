// SPDX-License-Identifier: BSD-2-Clause

internal import SystemPackage

/// A user, as people call it: by the name in /etc/passwd if it is there, else by number.
///
/// Not by getpwuid(3): a static binary would load what /etc/nsswitch.conf names from the host, and crash with it.
public struct UserName: Sendable, Hashable, CustomStringConvertible {
    public let number: UInt32
    /// nil if the file has none.
    public let name: String?

    public init(_ number: UInt32) {
        self.number = number
        name = AccountFile.users.name(of: number)
    }

    public var description: String { name.map { "user \($0)" } ?? "user \(number)" }
}

/// A file of accounts (passwd(5), group(5)): `name:password:number:...`, a line each.
struct AccountFile {
    static let users = AccountFile(path: "/etc/passwd")
    static let groups = AccountFile(path: "/etc/group")

    let path: FilePath

    func name(of number: UInt32) -> String? { entries.first { $0.number == number }?.name }
    func number(of name: String) -> UInt32? { entries.first { $0.name == name }?.number }

    private var entries: [(name: String, number: UInt32)] {
        let lines = (try? WholeFile.text(path))?.split(separator: "\n") ?? []
        return lines.compactMap { line in
            let parts = line.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count > 2, let number = UInt32(parts[2]) else { return nil }
            return (String(parts[0]), number)
        }
    }
}
