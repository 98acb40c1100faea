// SPDX-License-Identifier: BSD-2-Clause

internal import Linux

/// A process that has a descriptor of a program or of its link, and so keeps it in the kernel.
public struct ProgramHolder: Sendable, Hashable {
    public let processID: Int
    /// The name of what it runs, of at most 15 bytes; nil if it may not be seen.
    public let command: String?

    package init(processID: Int, command: String?) {
        self.processID = processID
        self.command = command
    }

    /// By the programs' numbers.
    static func ofPrograms(_ ids: Set<UInt32>) -> [UInt32: [ProgramHolder]] { of("prog_id", ids) }

    /// By the links' numbers.
    static func ofLinks(_ ids: Set<UInt32>) -> [UInt32: [ProgramHolder]] { of("link_id", ids) }

    private static func of(_ key: String, _ ids: Set<UInt32>) -> [UInt32: [ProgramHolder]] {
        HoldingProcess.ofBPFObjects(key, ids).mapValues { processes in
            processes.map { ProgramHolder(processID: $0.processID, command: $0.command) }
        }
    }
}

extension ProgramHolder: CustomStringConvertible {
    /// `process 123 (sleep)`
    public var description: String { "process \(processID)\(command.map { " (\($0))" } ?? "")" }
}
