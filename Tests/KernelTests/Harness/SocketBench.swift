// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// A veth pair whose far end gives each packet fields that repeat bytes of its own, and a cgroup for applications that ask
/// for them there.
final class SocketBench: @unchecked Sendable {
    let attachments: AttachmentTests.Bench
    let cgroup: ScratchCgroup
    let family: Family

    enum Family: String, CaseIterable, CustomTestStringConvertible {
        case ipv4 = "4"
        case ipv6 = "6"

        /// Of the transport layer's header in a frame.
        var transport: Int { self == .ipv4 ? 34 : 54 }
        var testDescription: String { "IPv\(rawValue)" }
    }

    /// Fields with their types and sources: before Linux 6.8, an area has room for the first three.
    static func fields(_ family: Family) -> [(name: String, type: String, more: [String])] {
        let transport = family.transport
        let first = [
            ("number", "u64", ["--source", "payload:\(transport + 8)"]),
            ("short_number", "u32", ["--source", "payload:\(transport + 8)"]),
            ("sequence", "be32", ["--source", "payload:\(transport + 4)"]),
        ]
        if capacity < 64 { return first }
        return first + [
            ("tenant", "u32", ["--source", "constant:7"]),
            ("hidden", "u32", ["--source", "constant:9", "--no-sockets"]),
            ("unset", "u64", []),
        ]
    }

    private static let capacity = (try? Registry.grantedCapacity(of: [64, 32])) ?? 64

    /// - Parameter capacity: bytes of an area; nil for what the kernel grants.
    init(_ family: Family = .ipv4, capacity: Int? = nil, fields: [(name: String, type: String, more: [String])]? = nil)
        throws
    {
        attachments = try AttachmentTests.Bench()
        cgroup = try ScratchCgroup()
        self.family = family
        if family == .ipv6 {
            try attachments.pair.addIPv6()
            // By ::1, Go finds out whether there is IPv6.
            try attachments.pair.inReceiver {
                try VethPair.ip("link set lo up")
                _ = try ChildProcess.run(["sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/lo/disable_ipv6"])
            }
        }
        try run(["create-registry", "--capacity", "\(capacity ?? Self.capacity)"])
        for field in fields ?? Self.fields(family) {
            try run(["register-field", field.name, "--type", field.type] + field.more)
        }
        try run(["attach-to-interface", VethPair.far, "--tc", "none"])
    }

    var scratch: ScratchRegistry { attachments.scratch }

    /// A command in the receiver's network namespace.
    func command(_ arguments: [String]) throws -> CommandRun {
        try attachments.pair.inReceiver { CommandRun(arguments + ["--registry", scratch.path.string]) }
    }

    /// The same, which is to succeed.
    @discardableResult
    func run(_ arguments: [String]) throws -> String {
        let run = try command(arguments)
        #expect(run.exitCode == 0, "\(arguments): \(run.errors)")
        return run.output
    }

    func attach(_ ways: String) throws {
        try run(["attach-to-cgroup", cgroup.path.string, "--sockets", ways])
    }

    /// Has the receiver know where the other end of connections is that the application makes by hand
    /// (Tests/Applications/socket_reader/frames.c).
    func addPeer() throws {
        let address = family == .ipv4 ? "192.0.2.9" : "fd00::9"
        try attachments.pair.inReceiver {
            try VethPair.ip("neigh replace \(address) lladdr 02:00:00:00:00:01 dev \(VethPair.far) nud permanent")
        }
    }

    /// A command for scenarios in which the programs go and come back.
    func steps(attaching ways: String) -> String {
        """
        case $STEP in
        detach) \(Fixture.command) detach-from-cgroup \(cgroup.path) --sockets --registry \(scratch.path);;
        attach) \(Fixture.command) attach-to-cgroup \(cgroup.path) --sockets \(ways) --registry \(scratch.path);;
        esac >/dev/null
        """
    }

    /// Fields that are for sockets.
    var shownFields: [String] { Self.fields(family).map(\.name).filter { $0 != "hidden" } }

    /// Sends datagrams that begin with 0, 1 and so on, as words.
    func sendNumbers(_ count: Int) throws {
        try attachments.pair.inSender {
            let address = family == .ipv4 ? "192.0.2.2" : "fd00::2"
            let script = """
                import socket, sys, time
                s = socket.socket(socket.AF_INET6 if ':' in '\(address)' else socket.AF_INET, socket.SOCK_DGRAM)
                for number in range(\(count)):
                    s.sendto(number.to_bytes(8, 'little') + bytes(56), ('\(address)', \(VethPair.port)))
                    time.sleep(0.001)
                """
            let outcome = try ChildProcess.run(["python3", "-c", script])
            #expect(outcome.status == 0, "\(outcome.output)")
        }
        try waitForRunningPrograms()
    }

    /// What the application says (Tests/Applications/socket_reader), which runs without a privilege.
    ///
    /// - Parameter command: of the shell, which a scenario for that runs as root.
    func ask(
        _ scenario: String, count: Int? = nil, in cgroup: ScratchCgroup? = nil, meanwhile command: String? = nil
    ) throws -> String {
        let application = Fixture.root.appending(".build/bpf/tests/applications/socket_reader").string
        let sender = "/proc/\(ProcessID.current)/fd/\(attachments.pair.sender.fd.raw)"
        let outcome = try attachments.pair.inReceiver {
            try ChildProcess.run(
                [application, (cgroup ?? self.cgroup).path.string, sender, family.rawValue, scenario]
                    + [count.map { "\($0)" } ?? command.map { _ in "0" }, command].compactMap { $0 })
        }
        #expect(outcome.status == 0, "\(scenario): \(outcome.output)")
        return String(outcome.output.trimmingSuffix { $0.isNewline })
    }
}

extension String {
    func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
        var end = endIndex
        while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
        return self[..<end]
    }
}
