// SPDX-License-Identifier: BSD-2-Clause

internal import SystemPackage

/// A process that holds something which others wait for.
public struct HoldingProcess: Sendable, Hashable {
    public let processID: Int
    /// The program's name, of at most 15 bytes; nil if it may not be seen, or has ended.
    public let command: String?

    public init(processID: Int, command: String?) {
        self.processID = processID
        self.command = command
    }

    init(_ processID: Int) {
        let text = try? WholeFile.text(FilePath("/proc/\(processID)/comm"))
        self.init(processID: processID, command: text.map { String($0.prefix { $0 != "\n" }) })
    }

    /// Other processes of which a descriptor of a BPF object says one of these lines in /proc (proc_pid_fdinfo(5)).
    ///
    /// Processes of another pid namespace, or of a user whom this process may not look at, are not found.
    ///
    /// - Parameter key: of the line, such as `link_id`.
    /// - Parameter numbers: what the line may say.
    public static func ofBPFObjects(_ key: String, _ numbers: Set<UInt32>) -> [UInt32: [HoldingProcess]] {
        var holders: [UInt32: Set<Int>] = [:]
        for processID in all where processID != Int(ProcessID.current) {
            let process = FilePath("/proc/\(processID)")
            for name in (try? Folder.names(in: process.appending("fd"))) ?? [] {
                guard let target = Folder.target(ofLink: process.appending("fd").appending(name)),
                    target.hasPrefix("anon_inode:"), target.contains(text: "bpf"),
                    let number = number(key, in: process.appending("fdinfo").appending(name)), numbers.contains(number)
                else { continue }
                holders[number, default: []].insert(processID)
            }
        }
        return holders.mapValues { $0.sorted().map(HoldingProcess.init) }
    }

    private static var all: [Int] { ((try? Folder.names(in: "/proc")) ?? []).compactMap { Int($0) } }

    private static func number(_ key: String, in file: FilePath) -> UInt32? {
        let lines = ((try? WholeFile.text(file)) ?? "").split(separator: "\n")
        return lines.first { $0.hasPrefix("\(key):") }.flatMap { UInt32($0.dropFirst(key.count + 2)) }
    }
}

extension HoldingProcess: CustomStringConvertible {
    /// `process 123 (sleep)`
    public var description: String { "process \(processID)\(command.map { " (\($0))" } ?? "")" }
}
