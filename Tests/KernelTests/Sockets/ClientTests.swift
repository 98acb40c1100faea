// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import PacketMetadataSockets
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// Applications in several languages get fields of what they receive, without a privilege.
@Suite(Kernel.required) struct ClientTests {
    private static let count = 20

    /// `make clients` builds it.
    struct MissingProgram: Error {
        let program: FilePath
    }

    /// An echo server, by how it is run, which takes a port, a field and how many datagrams.
    struct Server: CustomTestStringConvertible {
        let language: String
        /// Its words, with what had to be made for it in a folder.
        let arguments: @Sendable (ScratchFolder) throws -> [String]

        var testDescription: String { language }

        static let all = [
            Server(language: "C") { folder in
                [try folder.copy(program: Fixture.application("echo_fields").string).string]
            },
            Server(language: "Python") { folder in
                for file in ["pktmeta.py", "echo_fields.py"] {
                    let text = try WholeFile.read(Fixture.root.appending("clients/python/\(file)"))
                    _ = try folder.write(text, as: file)
                }
                return ["/usr/bin/python3", folder.path.appending("echo_fields.py").string]
            },
            Server(language: "Swift, by SwiftNIO") { folder in
                let program = Fixture.root.appending(".build/clients/debug/EchoFields")
                guard Folder.exists(program) else { throw MissingProgram(program: program) }
                return [try folder.copy(program: program.string).string]
            },
            Server(language: "Go") { folder in
                let program = folder.path.appending("echofields").string
                let outcome = try ChildProcess.run([
                    "sh", "-c",
                    "cd \(Fixture.root.appending("clients/go")) && GOCACHE=\(folder.path)/cache GOFLAGS=-mod=mod GOPROXY=off "
                        + "CGO_ENABLED=0 go build -o \(program) ./echofields && go vet ./...",
                ])
                #expect(outcome.status == 0, "\(outcome.output)")
                return [program]
            },
        ]
    }

    @Test(arguments: Server.all, SocketBench.Family.allCases)
    func datagramsAreToldByTheirTenant(server: Server, family: SocketBench.Family) throws {
        try Kernel.run {
            let bench = try SocketBench(family)
            let folder = try ScratchFolder()
            #expect(try ChildProcess.run(["chmod", "755", folder.path.string]).status == 0)
            let words = try server.arguments(folder)
            try bench.attach("next")
            let log = folder.path.appending("log").string
            // In the background, as somebody else, in the cgroup.
            let command =
                "echo 0 > \(bench.cgroup.path)/cgroup.procs; exec timeout 120 setpriv --reuid 65534 --regid 65534 --clear-groups "
                + "--no-new-privs \(words.joined(separator: " ")) \(VethPair.port) short_number \(Self.count) > \(log) 2>&1 &"
            let started = try bench.attachments.pair.inReceiver { try ChildProcess.run(["sh", "-c", "(\(command))"]) }
            #expect(started.status == 0, "\(started.output)")
            func lines() -> [String] {
                let text = (try? WholeFile.read(FilePath(log))).map { String(decoding: $0, as: UTF8.self) } ?? ""
                return text.split(separator: "\n").map(String.init)
            }
            #expect(eventually { lines().first == "ready" }, "\(lines())")
            try bench.sendNumbers(Self.count)
            #expect(eventually { lines().count == Self.count + 1 })
            #expect(lines() == ["ready"] + (0..<Self.count).map { "short_number=\($0)" })
        }
    }

    @Test func swiftGetsValuesOfItsTypes() throws {
        try Kernel.run {
            let bench = try SocketBench()
            try bench.attach("all")
            let socket = try bench.attachments.pair.inReceiver {
                Box(try ReceivingSocket(port: VethPair.port, of: bench.cgroup))
            }
            let fd = socket.value.descriptor
            #expect(try SocketFieldDescription.all(on: fd).map(\.name) == bench.shownFields)
            let number = try SocketField<UInt64>("number", on: fd)
            let tenant = try SocketField<UInt32>("tenant", on: fd)
            let bytes = try SocketField<[UInt8]>("number", on: fd)
            #expect(throws: SocketFieldError.self) { try SocketField<UInt16>("number", on: fd) }
            #expect(throws: SocketFieldError.self) { try SocketField<UInt32>("hidden", on: fd) }
            #expect { try number.next(on: fd) } throws: { ($0 as? SocketFieldError)?.code == .nothingThere }
            try bench.sendNumbers(Self.count)
            for value in 0..<UInt64(Self.count) / 2 {
                #expect(try number.next(on: fd) == value)
                #expect(try tenant.next(on: fd) == 7)
                #expect(try bytes.next(on: fd) == [UInt8(value), 0, 0, 0, 0, 0, 0, 0])
                #expect(socket.value.receive()?.first == UInt8(value))
            }
            let batch = try number.nextBatch(64, on: fd)
            #expect(batch == (UInt64(Self.count) / 2..<UInt64(Self.count)).map { .success($0) })
            let unset = try SocketField<UInt64>("unset", on: fd)
            #expect { try unset.next(on: fd) } throws: { ($0 as? SocketFieldError)?.code == .noField }
            #expect(number.nextBytes(on: fd).bytes == 0)
            // Of a socket that nobody answers.
            let other = try bench.attachments.pair.inReceiver { Box(try ReceivingSocket(port: 9)) }
            #expect { try SocketField<UInt32>("tenant", on: other.value.descriptor) } throws: {
                ($0 as? SocketFieldError)?.code == .unanswered
            }
        }
    }

    @Test func whatWasAskedIsCounted() throws {
        try Kernel.run {
            let bench = try SocketBench()
            try bench.attach("all")
            #expect(try bench.ask("next") == "next: 200 right, 0 wrong")
            let text = try bench.run(["inspect-map", "state"])
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("sockets: next: ") })
            // Each burst ends with a question that finds nothing.
            #expect(line == "sockets: next: answered 200, EAGAIN 4", "\(line)")
            #expect(text.contains("sockets: fields: answered "))
            let json = try bench.run(["inspect-map", "--json"])
            #expect(json.contains("\"way\" : \"next\""), "\(json)")
        }
    }
}
