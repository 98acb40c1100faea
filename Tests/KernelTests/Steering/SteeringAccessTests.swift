// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

@testable import BPF
@testable import PacketMetadata

/// Who may open what is pinned for a steering, and what it is good for.
@Suite(Kernel.required) struct SteeringAccessTests {
    private static let owner = "\(OtherUser.id) \(OtherUser.id)"
    private static let shared = "\(OtherUser.id) \(OtherUser.group)"

    private static func modes(_ bench: SteeringBench) throws -> [String: String] {
        try PinAccessTests.listing(bench.bench.registry).filter { $0.key.hasPrefix("steering") }
    }

    @Test func aGroupOpensItAndNothingElse() throws {
        try Kernel.run {
            let bench = try SteeringBench()
            let before = try PinAccessTests.listing(bench.bench.registry)
            try bench.command("register-field", "key", "--type", "u32")
            let path = try bench.command("create-steering", "workers", "--field", "key", "--sockets", "4")
            #expect(path == bench.pins.string + "\n")
            #expect(try Self.modes(bench).values.allSatisfy { $0 == "600 \(Self.owner)" || $0 == "700 \(Self.owner)" })
            #expect(try FileAccess(of: bench.bench.registry).bits == 0o700)
            try bench.create()
            try bench.create()
            #expect(
                try Self.modes(bench) == [
                    "steering": "701 \(Self.owner)", "steering/workers": "750 \(Self.shared)",
                    "steering/workers/program": "640 \(Self.shared)", "steering/workers/sockets": "660 \(Self.shared)",
                    "steering/workers/values": "660 \(Self.shared)", "steering/workers/counts": "600 \(Self.owner)",
                    "steering/workers/record": "600 \(Self.owner)",
                ])
            #expect(try FileAccess(of: bench.bench.registry).bits == 0o701)
            // It is not closed again by who sets who may read.
            try bench.command("create-registry", "--mode-bits", "0600")
            #expect(try FileAccess(of: bench.bench.registry).bits == 0o701)
            for (name, access) in try PinAccessTests.listing(bench.bench.registry) where !name.hasPrefix("steering") {
                #expect(before[name] == access, "\(name)")
                let refusal = try PinAccessTests.refusal(of: bench.bench.registry.appending(name))
                // A closed folder beside them shows itself, and nothing in it.
                #expect(refusal == (access.hasPrefix("6") ? .permissionDenied : .isDirectory), "\(name)")
            }
            for name in ["program", "sockets", "values"] {
                #expect(try PinAccessTests.refusal(of: bench.pins.appending(name)) == nil)
                #expect(
                    try PinAccessTests.refusal(of: bench.pins.appending(name), group: OtherUser.group + 1)
                        == .permissionDenied)
            }
            #expect(
                try PinAccessTests.refusal(of: bench.pins.appending("program"), readOnly: false) == .permissionDenied)
            #expect(try PinAccessTests.refusal(of: bench.pins.appending("sockets"), readOnly: false) == nil)
            try bench.command("delete-steering", "workers")
            #expect(try PinAccessTests.listing(bench.bench.registry) == before)
            #expect(try FileAccess(of: bench.bench.registry).bits == 0o700)
        }
    }

    @Test func aGroupIsNamedOrNumbered() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            func group(_ more: String...) throws -> String? {
                try Self.run(Self.create + more, scratch)
                let lines = try Self.run(["status"], scratch).split(separator: "\n")
                return lines.first { $0.hasPrefix("workers") }?.split(separator: " ").dropLast().last.map(String.init)
            }
            try Self.run(["register-field", "key", "--type", "u32"], scratch)
            #expect(try group("--share-with", "0") == "root")
            #expect(try group("--share-with", "\(OtherUser.group)") == "\(OtherUser.group)")
            // What is not said stays.
            #expect(try group() == "\(OtherUser.group)")
        }
    }

    @Test func whatIsNoSteeringIsNamed() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let pins = scratch.path.appending("steering/workers")
            try Self.run(["register-field", "key", "--type", "u32"], scratch)
            try Self.run(Self.create, scratch)
            try Folder.unlink(pins.appending("record"))
            for arguments in [Self.create, ["delete-steering", "workers"]] {
                let run = CommandRun(arguments + ["--registry", scratch.path.string])
                #expect(run.exitCode == 65)
                #expect(run.errors.contains("what is pinned at \(pins) is damaged: "), "\(run.errors)")
                #expect(run.errors.contains("pktmeta repair --registry \(scratch.path) removes it."))
            }
            #expect(try Self.run(["repair"], scratch).contains("removed the damaged steering workers"))
            try Self.run(Self.create, scratch)
        }
    }

    private static let create = ["create-steering", "workers", "--field", "key", "--sockets", "4"]

    @discardableResult
    private static func run(_ arguments: [String], _ scratch: ScratchRegistry) throws -> String {
        let run = CommandRun(arguments + ["--registry", scratch.path.string])
        #expect(run.exitCode == 0, "\(arguments): \(run.errors)")
        return run.output
    }

    /// A program of this kind cannot be run but by a packet that comes to a group, so that its pin may be shared.
    @Test func theProgramCanBeAttachedAndNotRun() throws {
        try Kernel.run {
            let bench = try SteeringBench()
            try bench.steer(by: "be16", offset: 34)
            let pin = bench.pins.appending("program")
            let errno = try OtherUser.withoutPrivilege(as: PinAccessTests.stranger) { () -> Errno? in
                let program = try BPFProgram(BPFFileSystem.open(pin, readOnly: true))
                do throws(BPFError) {
                    _ = try program.testRunXDP(packet: [UInt8](repeating: 0, count: 64), wantsContext: false)
                    return nil
                } catch {
                    return error.errno
                }
            }
            #expect(errno == Errno(rawValue: 524), "ENOTSUPP, the kernel's own")
            // Another group's application.
            let other = try bench.start(
                ["udp", "\(SteeringBench.port)", "1", "1"], groups: "\(OtherUser.group + 1)"
            ).end()
            #expect(other.status == 1 && other.output.contains("Permission denied"), "\(other.output)")
        }
    }

    @Test func refusals() throws {
        try Kernel.run {
            let bench = try SteeringBench()
            try bench.command("register-field", "address", "--type", "ipv4")
            try bench.command("register-field", "key", "--type", "u32")
            func create(_ name: String, _ field: String, _ sockets: String, _ status: Int32) throws -> String {
                try bench.command(
                    "create-steering", name, "--field", field, "--sockets", sockets, status: status)
            }
            #expect(
                try create("a", "address", "4", 64).contains(
                    "cannot create the steering a: address is of type ipv4, which is no number and no flag"))
            #expect(try create("a", "kee", "4", 66).contains("Did you mean key?"))
            #expect(try create("a", "key", "0", 64).contains("0 sockets cannot be; there may be 1 to 4096"))
            #expect(
                try create("9", "key", "4", 64).contains("bad name of a steering '9': it does not begin with a letter"))
            #expect(try create("a/b", "key", "4", 64).contains("'a/b': only A-Z, a-z, 0-9, _ and - are allowed"))
            #expect(try create("workers", "key", "4", 0) == bench.pins.string + "\n")
            #expect(try create("workers", "key", "4", 0) == bench.pins.string + "\n")
            #expect(try create("workers", "key", "5", 73).contains("there is a steering workers by key to 4 sockets"))
            #expect(
                try bench.command(
                    "create-steering", "a", "--field", "key", "--sockets", "4", "--share-with", "no-such-group",
                    status: 66
                ).contains("there is no group no-such-group"))
            #expect(try bench.command("delete-steering", "worker", status: 66).contains("Did you mean workers?"))
            // To a group that the owner is not in.
            let foreign = try bench.command(
                "create-steering", "a", "--field", "key", "--sockets", "4", "--share-with", "1", status: 77)
            #expect(foreign.contains("EPERM"), "\(foreign)")
            #expect(try Folder.names(in: bench.bench.registry.appending("steering")) == ["workers"])
        }
    }

    // MARK: What is left, and what goes along

    @Test func whatIsHalfDoneOrDamagedIsRemoved() throws {
        try Kernel.run {
            let bench = try SteeringBench()
            try bench.steer(by: "be16", offset: 34)
            let steering = bench.bench.registry.appending("steering")
            try Folder.make(steering.appending("+1"))
            #expect(try ChildProcess.run(["chown", "\(OtherUser.id)", steering.appending("+1").string]).status == 0)
            try bench.command("register-field", "other", "--type", "u8")
            #expect(try Folder.names(in: steering) == ["workers"])
            #expect(try ChildProcess.run(["rm", bench.pins.appending("sockets").string]).status == 0)
            let status = try bench.command("status")
            #expect(status.contains("damaged: \(bench.pins): open sockets: ENOENT"), "\(status)")
            try bench.command("register-field", "third", "--type", "u8")
            #expect(
                try bench.command("repair").contains("removed the damaged steering workers: open sockets: ENOENT"))
            #expect(!Folder.exists(steering))
            #expect(try FileAccess(of: bench.bench.registry).bits == 0o700)
        }
    }

    @Test(arguments: [["delete-registry", "--force"], ["remove-from-host", "--force"]])
    func itGoesWithItsRegistry(command: [String]) throws {
        try Kernel.run {
            let bench = try SteeringBench()
            try bench.steer(by: "be16", offset: 34)
            let root = CommandRun(command + ["--trust-owner", "--registry", bench.bench.registry.string])
            #expect(root.exitCode == 0, "\(root.errors)\(root.output)")
            if command[0] == "delete-registry" {
                #expect(root.output.contains("\ndeleted the steering workers\nremoved the registry"), "\(root.output)")
            }
            #expect(!Folder.exists(bench.bench.registry))
        }
    }

    @Test func rootMakesItTheOwners() throws {
        try Kernel.run {
            let bench = try SteeringBench()
            try bench.command("register-field", "key", "--type", "u32")
            let run = CommandRun([
                "create-steering", "workers", "--field", "key", "--sockets", "4", "--share-with",
                "\(OtherUser.group)", "--trust-owner", "--registry", bench.bench.registry.string,
            ])
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(try Self.modes(bench)["steering/workers/program"] == "640 \(Self.shared)")
            #expect(try Self.modes(bench)["steering"] == "701 \(Self.owner)")
            try bench.command("delete-steering", "workers")
        }
    }
}
