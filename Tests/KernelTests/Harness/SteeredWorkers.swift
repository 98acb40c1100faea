// SPDX-License-Identifier: BSD-2-Clause

import Linux
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// A user's registry, at the far end of a pair, and the application of bpf/examples/steered_workers.c: of somebody who is in
/// the group that the steering is shared with, and has no capability.
final class SteeringBench: Sendable {
    static let port: UInt16 = 4739
    static let workers = 4
    private static let name = "workers"

    let bench: PrivilegeTests.Bench
    private let folder: ScratchFolder
    private let application: FilePath

    init() throws {
        bench = try PrivilegeTests.Bench()
        folder = try ScratchFolder()
        application = try folder.copy(program: Fixture.application("steered_workers").string)
        for path in [folder.path, bench.user.home] {
            #expect(try ChildProcess.run(["chmod", "711", path.string]).status == 0)
        }
        try bench.expectSuccess(["create-registry"])
    }

    var pins: FilePath { bench.registry.appending("steering").appending(Self.name) }

    /// Runs the command as the owner of the registry, who is in the group.
    @discardableResult
    func command(_ arguments: String..., status: Int32 = 0) throws -> String {
        let outcome = try bench.pair.inReceiver {
            try bench.user.run(
                arguments + ["--registry", bench.registry.string],
                capabilities: PrivilegeTests.Privilege.all.capabilities, groups: [OtherUser.group])
        }
        #expect(outcome.status == status, "\(arguments): \(outcome.output)")
        return outcome.output
    }

    /// Registers a field of the packet's bytes, or a flag, and steers by it.
    func steer(by type: String, offset: Int? = nil, isSet: Bool = true) throws {
        let source = offset.map { "payload:\($0)" } ?? "constant"
        try command("register-field", "key", "--type", type, "--source", source)
        if isSet { try command("attach-to-interface", "far0", "--tc", "none") }
        try create()
    }

    func create() throws {
        try command(
            "create-steering", Self.name, "--field", "key", "--sockets", "\(Self.workers)", "--share-with",
            "\(OtherUser.group)")
    }

    func steering() throws -> Steering {
        let registry = try Registry.open(at: bench.registry, for: .read)
        return try #require(try registry.steerings().sound.first { $0.name.text == Self.name })
    }

    /// A packet, or a connection, by who got it.
    struct Arrival {
        let worker, port, byte: Int
    }

    /// The application on a thread of its own, up to a number of packets.
    final class Workers: Sendable {
        private final class Result: Sendable {
            let outcome = Mutex<ChildProcess.Outcome?>(nil)
        }

        private let result = Result()
        private let thread: WorkerThread

        fileprivate init(_ bench: SteeringBench, _ arguments: [String], as user: UInt32, groups: String) throws {
            let ids = ["setpriv", "--reuid", "\(user)", "--regid", "\(user)", "--groups", groups]
            let command =
                ["timeout", "30"] + ids
                + ["--inh-caps", "-all", "--bounding-set", "-all", bench.application.string, bench.pins.string]
            let (pair, result) = (bench.bench.pair, result)
            thread = try WorkerThread {
                let outcome = try? pair.inReceiver { try ChildProcess.run(command + arguments) }
                result.outcome.withLock { $0 = outcome }
            }
        }

        /// Waits for all of them.
        func end() throws -> ChildProcess.Outcome {
            thread.join()
            return try #require(result.outcome.withLock { $0 })
        }

        func arrivals() throws -> [Arrival] {
            let outcome = try end()
            #expect(outcome.status == 0, "\(outcome.output)")
            return outcome.output.matches(of: /worker (\d+): from port (\d+), first byte (\d+)/).compactMap {
                guard let worker = Int($0.1), let port = Int($0.2), let byte = Int($0.3) else { return nil }
                return Arrival(worker: worker, port: port, byte: byte)
            }
        }
    }

    /// Starts it, and waits until all sockets are there.
    func workers(_ protocolName: String, packets: Int, _ entries: String...) throws -> Workers {
        let workers = try start([protocolName, "\(Self.port)", "\(Self.workers)", "\(packets)"] + entries)
        let areThere = try eventually { try steering().filledSockets == Self.workers }
        #expect(areThere)
        return workers
    }

    func start(
        _ arguments: [String], as user: UInt32 = PinAccessTests.stranger, groups: String = "\(OtherUser.group)"
    ) throws -> Workers {
        try Workers(self, arguments, as: user, groups: groups)
    }

    /// Datagrams or connections, each from another port.
    func send(_ protocolName: String, _ count: Int, to address: String = VethPair.farAddress) throws {
        try bench.pair.inSender {
            for _ in 0..<count {
                if protocolName == "tcp" {
                    try NewPort.connect(to: address, port: Self.port)
                } else {
                    try NewPort.sendDatagram(to: address, port: Self.port, [0, 0, 0, 0, 0, 0, 0, 0])
                }
            }
        }
    }

    func send(_ payloads: [[UInt8]]) throws {
        try bench.pair.inSender {
            for payload in payloads {
                try NewPort.sendDatagram(to: VethPair.farAddress, port: Self.port, payload)
            }
        }
    }
}
