// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// The programs that answer sockets are tried as they are attached, on packets of their own.
@Suite(Kernel.required) struct SocketTrialTests {
    private static let ways: SocketWays = SystemNames.this.isBefore(5, 19) ? [.next, .batch, .at, .bytes] : .all

    @Test func allAnswersAreRightAndNothingIsLeft() throws {
        try Kernel.run {
            let (scratch, cgroup) = (ScratchRegistry(), try ScratchCgroup())
            let trial = SocketTrial(Self.ways, registry: scratch.path, cgroup: cgroup.path)
            #expect(try trial.run() == .right)
            #expect(try Self.left(trial, scratch, cgroup) == [])
        }
    }

    /// Fields that repeat other bytes than those that the trial expects are wrong answers.
    @Test(arguments: [
        (SocketWays.next, 0, "UDP over IPv4"), (.batch, 0, "UDP over IPv4"), (.at, 0, "UDP over IPv4"),
        (.mark, 0, "UDP over IPv4"), (.next, 1, "UDP over IPv6"), (.next, 2, "TCP"), (.bytes, 2, "TCP"),
    ])
    func wrongAnswersAreFound(way: SocketWays, field: Int, socket: String) throws {
        try Kernel.run {
            guard Self.ways.contains(way) else { return }
            let (scratch, cgroup) = (ScratchRegistry(), try ScratchCgroup())
            var trial = SocketTrial(way, registry: scratch.path, cgroup: cgroup.path)
            trial.fields[field].source = "constant:4242"
            do throws(PacketMetadataError) {
                _ = try trial.run()
                Issue.record("the trial found nothing wrong")
            } catch {
                guard case .wrongAnswer(_, let where_, let told, _) = error.refusal as? SocketTrialRefusal else {
                    throw error
                }
                #expect(where_ == socket)
                #expect([4242, UInt32(4242).byteSwapped].contains(told))
                #expect(error.kind == .unsupported)
            }
            #expect(try Self.left(trial, scratch, cgroup) == [])
        }
    }

    /// What a trial that was killed has left goes with the next.
    @Test func whatAKilledOneLeftGoes() throws {
        try Kernel.run {
            let (scratch, cgroup) = (ScratchRegistry(), try ScratchCgroup())
            let dead = try ChildProcess.run(["sh", "-c", "echo $$"]).output.filter(\.isNumber)
            let name = "pktmeta-trial-\(dead)"
            let (registry, folder) = (
                scratch.path.removingLastComponent().appending(name), cgroup.root.appending(name)
            )
            _ = try Registry.openOrCreate(at: registry)
            #expect(try ChildProcess.run(["mkdir", folder.string]).status == 0)
            _ = try SocketTrial(.next, registry: scratch.path, cgroup: cgroup.path).run()
            #expect(!Folder.exists(registry) && !Folder.exists(folder))
        }
    }

    /// Without what it takes, the command says that nothing was tried, and attaches; and says what telling addresses takes.
    @Test func withoutPrivilegesItSaysSo() throws {
        try Kernel.run {
            let (user, cgroup) = (try OtherUser(), try ScratchCgroup())
            let attach = [
                "attach-to-cgroup", cgroup.path.string, "--sockets", "next", "--registry",
                user.home.appending("registry").string,
            ]
            let capabilities = ["bpf", "net_admin", "perfmon"]
            let run = try user.run(attach, capabilities: capabilities + ["syslog"])
            #expect(run.status == 0, "\(run.output)")
            #expect(
                run.output.contains("note: the programs were not tried before they were attached: "), "\(run.output)")
            let closed = try user.run(attach, capabilities: capabilities)
            // By kernel.perf_event_paranoid, addresses may be told all the same.
            #expect(
                closed.status == 0 || (closed.status == 77 && closed.output.contains("CAP_SYSLOG")), "\(closed.output)")
            let delete = try user.run(
                ["delete-registry", "--force", "--registry", user.home.appending("registry").string],
                capabilities: capabilities)
            #expect(delete.status == 0, "\(delete.output)")
        }
    }

    private static func left(
        _ trial: SocketTrial, _ scratch: ScratchRegistry, _ cgroup: ScratchCgroup
    ) throws -> [String] {
        let name = "pktmeta-\(trial.name)-\(ProcessTag.current)"
        return try [scratch.path.removingLastComponent(), cgroup.root].flatMap { folder in
            try Folder.names(in: folder).filter { $0 == name }
        }
    }
}
