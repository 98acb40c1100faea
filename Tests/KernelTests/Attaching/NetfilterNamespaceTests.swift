// SPDX-License-Identifier: BSD-2-Clause

import Glibc
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// Netfilter programs of network namespaces that hardly anything keeps alive, or nothing but the program's link.
@Suite(Kernel.required, .serialized) struct NetfilterNamespaceTests {
    /// What else keeps a network namespace alive that has no process and no name.
    enum Holder: CaseIterable {
        /// Opened by a name that it has had.
        case descriptor
        case mountOfAnotherMountNamespace
        case socket
    }

    @Test(arguments: Holder.allCases) func aNamespaceIsFoundByWhateverHoldsIt(_ holder: Holder) throws {
        try Self.run { bench in
            let held = try Held(holder) { try Self.attach(bench) }
            #expect(try Self.states(bench) == [.attached])
            // Bound to a field that moves: its link is made anew in that namespace.
            for _ in 0..<2 {
                try bench.run("register-field", "other", "--type", "u64")
                try bench.run("unregister-field", "other")
            }
            #expect(try bench.run("repair") == "nothing to repair")
            #expect(try Self.states(bench) == [.attached])
            withExtendedLifetime(held) {}
        }
    }

    @Test func whatIsAttachedWhereNobodyIsLeftIsDetachedByRepairAlone() throws {
        try Self.run { bench in
            do { _ = try Held(.descriptor) { try Self.attach(bench) } }
            #expect(try eventually { try Self.states(bench) == [.deserted] })
            #expect(try bench.status.allSatisfy(\.isComplete))
            let status = try bench.run("status")
            #expect(status.contains("link (deserted)"), "\(status)")
            #expect(status.contains("seems to keep; pktmeta repair detaches it"), "\(status)")
            // What it names stays where it is.
            try bench.run("register-field", "other", "--type", "u8")
            #expect(try Self.states(bench) == [.deserted])
            // What it names goes, which it would have to be told of there.
            let refused = try bench.command("unregister-field", "number", "--force")
            #expect(refused.exitCode == 66)
            #expect(
                refused.errors.contains("no process, name, mount or socket is found that is of the network namespace"),
                "\(refused.errors)")
            #expect(refused.errors.contains("pktmeta repair"))
            #expect(try bench.run("inspect-map").contains("number"))
            let repaired = try bench.run("repair")
            #expect(
                repaired
                    == "ipv4 forward, priority 0: netfilter: in_netfilter: detached, since no process, name, mount or socket "
                    + "is found that is of its network namespace")
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
            try bench.run("unregister-field", "number")
        }
    }

    private static func run(_ body: (FilterBench) throws -> Void) throws {
        try NetfilterTests.run {
            try #require(PIDNamespace.isInitial, "SKIPPED: needs to see all processes")
            try body(FilterBench())
        }
    }

    private static func attach(_ bench: FilterBench) throws {
        let run = CommandRun([
            "attach-to-netfilter", bench.object("in_netfilter"), "--hook", "forward", "--family", "ipv4", "--priority",
            "0", "--registry", bench.scratch.path.string,
        ])
        #expect(run.exitCode == 0, "\(run.errors)")
    }

    private static func states(_ bench: FilterBench) throws -> [ProgramStatus.State] {
        try bench.status.flatMap(StatusTests.ours).map(\.state)
    }

    /// A network namespace, and what keeps it alive.
    private final class Held {
        private let folder: ScratchFolder
        private var descriptor: Box<OwnedFD>?
        private var socket: Box<ReceivingSocket>?
        private var process: pid_t?

        /// - Parameter body: is run in there before.
        init(_ holder: Holder, _ body: () throws -> Void) throws {
            folder = try ScratchFolder()
            let namespace = try NetworkNamespace.create()
            try namespace.run { try body() }
            let name = "\(folder.path)/name"
            let mounting = "touch \(name) && mount --bind /proc/\(ProcessID.current)/fd/\(namespace.fd.raw) \(name)"
            switch holder {
            case .descriptor:
                try Self.run(mounting)
                let raw = open(name, O_RDONLY | O_CLOEXEC)
                try #require(raw >= 0)
                descriptor = Box(OwnedFD(raw))
                try Self.run("umount --lazy \(name)")
            case .mountOfAnotherMountNamespace:
                let script = "\(mounting) && exec sleep 600"
                let output = try Self.run(
                    "unshare --mount --propagation private sh -c '\(script)' >/dev/null 2>&1 & echo $!")
                let process = try #require(pid_t(output.filter(\.isNumber)))
                self.process = process
                #expect(eventually { Self.mounts(of: process).contains(name) })
            case .socket:
                socket = try namespace.run { Box(try ReceivingSocket(port: VethPair.port)) }
            }
        }

        deinit { if let process { kill(process, SIGKILL) } }

        private static func mounts(of process: pid_t) -> String {
            (try? WholeFile.text(FilePath("/proc/\(process)/mountinfo"))) ?? ""
        }

        @discardableResult private static func run(_ script: String) throws -> String {
            let outcome = try ChildProcess.run(["bash", "-c", script])
            try #require(outcome.status == 0, "\(outcome.output)")
            return outcome.output
        }
    }
}
