// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// Fields of packets that an application receives by AF_XDP (`<pktmeta/xsk.h>`): bpf/examples/xsk_reader.c, behind
/// to_xsk.bpf.c.
@Suite(Kernel.required) struct XskTests {
    /// More than there are frames, so that each has had a packet.
    private static let all = 1...100

    /// Also of frames at odd addresses, whose descriptors have the packet's place in the frame apart from the frame's.
    @Test(arguments: ["native", "generic"], [false, true])
    func eachPacketShowsItsOwn(mode: String, isUnaligned: Bool) throws {
        try Kernel.run {
            let bench = try Bench(mode)
            let option = isUnaligned ? Bench.Option.unaligned : nil
            let reader = try bench.reader(option, packets: 4 * Self.all.count, "number", "other", "nosuch")
            func expect(_ numbers: ClosedRange<Int>, _ text: (Int) -> String) throws {
                try bench.send(numbers)
                try reader.expect(numbers.map { "payload \($0): \(text($0)) nosuch: ENOENT" })
            }
            try expect(1...100) { "number=\($0) other: ENOENT" }
            // The field moves, and others come.
            try bench.command("unregister-field", "first")
            #expect(try bench.command("compact").output.contains("number"))
            try bench.command("register-field", "new", "--type", "u32", "--source", "constant:7")
            try expect(101...200) { "number=\($0) other: ENOENT" }
            // Packets without an area, in frames that have had one.
            try bench.command("detach-from-interface", "far0", "--xdp", "--program", "producer")
            try expect(201...300) { _ in "number: EFAULT other: EFAULT" }
            try bench.command("attach-to-interface", "far0", "--xdp", "prebuilt", "--tc", "none", "--join", "--first")
            try bench.command("unregister-field", "number", "--force")
            try expect(301...400) { _ in "number: ENOENT other: ENOENT" }
            try reader.end()
        }
    }

    /// That it takes clearing: else the frame shows what an earlier packet left in it.
    @Test(arguments: ["native", "generic"])
    func framesThatAreNotClearedShowEarlierPackets(mode: String) throws {
        try Kernel.run {
            let bench = try Bench(mode)
            let reader = try bench.reader(.keeping, packets: 2 * Self.all.count, "number")
            try bench.send(Self.all)
            try reader.expect(Self.all.map { "payload \($0): number=\($0)" })
            try bench.command("detach-from-interface", "far0", "--xdp", "--program", "producer")
            try bench.send(101...200)
            let lines = try reader.lines(Self.all.count)
            let stale = lines.count { $0.contains("number=") }
            print("xsk: \(mode): \(stale) of \(lines.count) packets without an area showed an earlier one's")
            #expect(stale == lines.count, "\(lines.prefix(3))")
            try reader.end()
        }
    }

    /// Of a registry that has another seal, and else the same.
    @Test func anAreaOfAnotherRegistryIsNone() throws {
        try Kernel.run {
            let bench = try Bench("native")
            let other = ScratchRegistry()
            for arguments in Bench.fields {
                #expect(CommandRun(arguments + ["--registry", other.path.string]).exitCode == 0)
            }
            let reader = try bench.reader(of: other.path, packets: Self.all.count, "number")
            try bench.send(Self.all)
            try reader.expect(Self.all.map { "payload \($0): number: EFAULT" })
            try reader.end()
        }
    }

    /// Without a socket of their queue, packets go to the kernel.
    @Test func packetsWithoutSocketPass() throws {
        try Kernel.run {
            let bench = try Bench("native")
            let socket = try bench.pair.inReceiver { try ReceivingSocket(port: VethPair.port) }
            try bench.send(1...20)
            var received = 0
            let isDone = eventually {
                while socket.receive() != nil { received += 1 }
                return received == 20
            }
            #expect(isDone, "\(received)")
        }
    }

    /// The seal is not for who may only read.
    @Test func aReaderOfTheRegistryOpensItNot() throws {
        try Kernel.run {
            let bench = try PrivilegeTests.Bench()
            try bench.expectSuccess(["create-registry", "--mode-bits", "0644"])
            for path in [bench.user.home, bench.user.home.removingLastComponent()] {
                #expect(try ChildProcess.run(["chmod", "755", path.string]).status == 0)
            }
            let folder = try ScratchFolder()
            #expect(try ChildProcess.run(["chmod", "755", folder.path.string]).status == 0)
            let application = try folder.copy(program: Fixture.application("xsk_reader").string)
            let stranger = "\(PinAccessTests.stranger)"
            let outcome = try ChildProcess.run([
                "setpriv", "--reuid", stranger, "--regid", stranger, "--clear-groups", application.string,
                bench.registry.string, "map", "lo", "1", "number",
            ])
            #expect(outcome.status == 1)
            #expect(outcome.output == "xsk_reader: \(bench.registry): Permission denied\n")
        }
    }

    // MARK: Bench

    /// A pair at whose far end the producer sets a packet's number and hands the packet to AF_XDP.
    private final class Bench {
        static let fields = [
            ["register-field", "first", "--type", "u64"],
            ["register-field", "number", "--type", "u64", "--source", "payload:42"],
            ["register-field", "other", "--type", "u32"],
        ]

        let pair: VethPair
        private let scratch = ScratchRegistry()

        init(_ mode: String) throws {
            pair = try VethPair()
            for arguments in Self.fields { try command(arguments) }
            let object = Fixture.example("to_xsk").string
            try command(
                "attach-to-interface", "far0", "--mode", mode, "--tc", "none", "--xdp", "prebuilt", "--xdp", object)
        }

        @discardableResult
        func command(_ arguments: String...) throws -> CommandRun { try command(arguments) }

        @discardableResult
        private func command(_ arguments: [String]) throws -> CommandRun {
            let run = try pair.inReceiver { CommandRun(arguments + ["--registry", scratch.path.string]) }
            #expect(run.exitCode == 0, "\(arguments): \(run.errors)")
            return run
        }

        /// Where `status` says that the map of sockets is.
        private func map() throws -> FilePath {
            let hooks = try Registry.open(at: scratch.path, for: .read).status()
            let programs = hooks.flatMap(\.entries).compactMap {
                if case .ours(let program) = $0 { program } else { nil }
            }
            return try #require(programs.flatMap { $0.maps ?? [] }.first { $0.name == "xsks" }).path
        }

        /// Of the application.
        enum Option: String {
            case keeping = "-k"
            case unaligned = "-u"
        }

        /// Starts the application, with CAP_NET_RAW and no other.
        func reader(
            _ option: Option? = nil, of registry: FilePath? = nil, packets: Int, _ fields: String...
        ) throws -> Reader {
            let application = Fixture.application("xsk_reader").string
            let options = option.map { [$0.rawValue] } ?? []
            return try Reader(
                [application] + options
                    + [(registry ?? scratch.path).string, try map().string, VethPair.far, "\(packets)"] + fields, pair)
        }

        /// Packets of whose bytes the number is the first, no more at a time than there are frames.
        func send(_ numbers: ClosedRange<Int>) throws {
            try pair.inSender {
                let sender = try UDPSender(to: [192, 0, 2, 2], port: VethPair.port)
                for number in numbers {
                    try sender.send(encode(UInt64(number)) + [UInt8](repeating: 0, count: 24))
                    if number % 16 == 0 { Pause.sleep(milliseconds: 5) }
                }
            }
        }
    }

    /// The application while it runs, by what it writes to a file.
    private final class Reader {
        private let folder: ScratchFolder
        private let file: FilePath
        private let thread: WorkerThread
        private var seen = 1  // that it is ready

        init(_ arguments: [String], _ pair: VethPair) throws {
            folder = try ScratchFolder()
            file = try folder.write([], as: "output")
            let command =
                [
                    "timeout", "60", "setpriv", "--inh-caps", "-all", "--bounding-set", "-all,+net_raw", "sh", "-c",
                    "out=$1; shift; exec \"$@\" >$out 2>&1", "sh", file.string,
                ] + arguments
            thread = try WorkerThread { _ = try? pair.inReceiver { try ChildProcess.run(command) } }
            let isReady = try eventually { try written().first == "ready" }
            let lines = try written()
            try #require(isReady, "\(lines)")
        }

        private func written() throws -> [String] {
            let text = String(decoding: try Fixture.bytes(file), as: UTF8.self)
            return text.split(separator: "\n").dropLast(text.hasSuffix("\n") ? 0 : 1).map(String.init)
        }

        /// The next lines.
        func lines(_ count: Int) throws -> [String] {
            let areThere = try eventually { try written().count >= seen + count }
            let lines = try written().dropFirst(seen)
            try #require(areThere, "\(lines.count) of \(count)")
            seen += count
            return Array(lines.prefix(count))
        }

        func expect(_ expected: [String]) throws {
            let lines = try lines(expected.count)
            #expect(lines == expected)
        }

        func end() throws {
            thread.join()
            #expect(try written().count == seen)
        }
    }
}
