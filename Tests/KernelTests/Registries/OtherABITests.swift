// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// A registry, programs and areas of the ABI before this one.
@Suite(Kernel.required) struct OtherABITests {
    typealias Bench = AttachmentTests.Bench

    /// A registry with programs attached, and its maps and records changed to what they were in ABI 1.
    private static func oldBench(attach arguments: String...) throws -> Bench {
        let bench = try Bench()
        for field in [
            ["tenant", "--type", "u32", "--source", "constant:7", "--sink", "mark:0xff00", "--owner", "the edge"],
            ["trace_id", "--type", "bytes:16", "--private"], ["port", "--type", "be16", "--source", "payload:36"],
            ["seen_at", "--type", "u64", "--source", "ktime", "--sample", "100"], ["trusted", "--type", "flag"],
            ["rx_hash", "--type", "u32", "--source", "rx-hash"], ["shared", "--type", "u32"],
        ] {
            let run = try Self.command(bench, ["register-field"] + field)
            #expect(run.exitCode == 0, "\(run.errors)")
        }
        let attached = try Self.command(bench, ["attach-to-interface", "far0"] + arguments)
        #expect(attached.exitCode == 0, "\(attached.errors)")
        let map = try BPFMap(pinnedAt: bench.scratch.path.appending("registry"))
        try map.setSlot(0, encode(Self.oldWord) + map.slot(0).dropFirst(8))
        for pin in bench.scratch.pins where pin.hasSuffix("/record") {
            let record = try BPFMap(pinnedAt: bench.scratch.path.appending(pin))
            try record.update(at: 0, encode(UInt32(1)) + record.value.dropFirst(4))
        }
        let state = try FolderEntry(following: bench.scratch.path.appending("state"))
        try state.unlink()
        try BPFMap(creating: "pktmeta_state", .init(kind: .perCPUArray, valueSize: 776, entries: 32)).pin(at: state)
        return bench
    }

    private static func command(_ bench: Bench, _ arguments: [String]) throws -> CommandRun {
        try bench.pair.inReceiver { CommandRun(arguments + ["--registry", bench.scratch.path.string]) }
    }

    /// Magic and version, tag 0xab, generation and pending 0x1234, 64 bytes.
    private static let oldWord: UInt64 = 0x51ab_1234_1234_4000

    @Test func commandsSayWhatIsToBeDone() throws {
        try Kernel.run {
            let bench = try Self.oldBench(attach: "--mode", "native")
            let pins = bench.scratch.pins
            for arguments in [
                ["inspect-map"], ["status"], ["register-field", "x", "--type", "u8"], ["unregister-field", "tenant"],
                ["compact"], ["reset-state"], ["repair"], ["attach-to-interface", "far0"], ["export-btf"],
                ["generate-header"],
                ["watch", "far0"], ["create-registry"],
            ] {
                let run = try Self.command(bench, arguments)
                #expect(run.exitCode == 78, "\(arguments): \(run.errors)")
                #expect(run.errors.contains("it has ABI version 1, this pktmeta has 2"), "\(arguments): \(run.errors)")
                for command in ["export-fields", "detach-from-interface", "delete-registry --force"] {
                    #expect(run.errors.contains(command), "\(arguments): \(run.errors)")
                }
            }
            #expect(bench.scratch.pins == pins)
            let layout = try Self.command(bench, ["layout-digest", "--verbose"])
            #expect(layout.exitCode == 0 && layout.output.contains("\nabi 1\ncapacity 64\nfield port be16 "))
        }
    }

    @Test(arguments: ["tcx", "clsact"])
    func itsProgramsComeOff(mode: String) throws {
        try Kernel.run {
            let bench = try Self.oldBench(attach: "--mode", "native", "--tc-mode", mode)
            let xdp = try bench.command("detach-from-interface", "far0", "--xdp")
            #expect(xdp.output == "far0: XDP: producer detached (native)", "\(xdp.errors)")
            #expect(
                try bench.pair.inReceiver { try Hook.xdp.programIDs(ifindex: NetworkInterface(named: "far0").index) }
                    == [])
            let deleted = try bench.command("delete-registry", "--force")
            #expect(deleted.exitCode == 0, "\(deleted.errors)")
            #expect(deleted.output.contains("consumer detached (\(mode))"), "\(deleted.output)")
            #expect(bench.scratch.pins == [])
            let left = try bench.pair.inReceiver {
                try Hook.tcIngress.programIDs(ifindex: NetworkInterface(named: "far0").index)
            }
            #expect(left == [])
        }
    }

    /// To leave one of a chain would take loading the others anew.
    @Test func aChainComesOffAsAWhole() throws {
        try Kernel.run {
            let bench = try Self.oldBench(
                attach: "--mode", "native", "--tc", "none", "--xdp", ChainTests.stamp, "--xdp", ChainTests.reader)
            let pins = bench.scratch.pins
            let one = try bench.command("detach-from-interface", "far0", "--program", "stamp")
            #expect(one.exitCode == 78, "\(one.errors)")
            #expect(bench.scratch.pins == pins)
            let all = try bench.command("detach-from-interface", "far0")
            #expect(all.exitCode == 0, "\(all.errors)")
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
        }
    }

    /// What the commands that are printed make, is what was.
    @Test func itsFieldsAreRegisteredAnewWithTheirIDs() throws {
        try Kernel.run {
            let bench = try Self.oldBench(attach: "--mode", "native")
            let old = try Registry.recordedFields(at: bench.scratch.path).fields.fields
            #expect(old.count == 7)
            let folder = try ScratchFolder()
            let exported = folder.path.appending("exported.sh")
            let run = try bench.command("export-fields", exported.string)
            #expect(run.exitCode == 0, "\(run.errors)")
            let text = try WholeFile.text(exported)
            #expect(text.contains("'--owner=the edge'"))

            let other = ScratchRegistry()
            let commands = text.replacing("pktmeta ", with: "\(Fixture.command) ")
            let script = try folder.write(Array(commands.utf8), as: "fields.sh")
            for _ in 0..<2 {
                let run = try ChildProcess.run(["env", "PKTMETA_REGISTRY=\(other.path)", "sh", script.string])
                #expect(run.status == 0, "\(run.output)")
            }
            let new = try Registry.recordedFields(at: other.path).fields.fields
            func told(_ fields: [(id: FieldID, offset: Int, definition: FieldDefinition)]) -> [FieldID: FieldDefinition]
            {
                Dictionary(uniqueKeysWithValues: fields.map { ($0.id, $0.definition) })
            }
            #expect(told(new) == told(old))
            #expect(try Registry.open(at: other.path, for: .read).image().problems.isEmpty)
        }
    }

    // MARK: Objects and areas

    private static func object(_ name: String) -> FilePath {
        Fixture.root.appending(".build/bpf/tests-abi-1/\(name).bpf.o")
    }

    /// Before anything is loaded or registered.
    @Test(arguments: [("contract", "--register-missing"), ("bound", "--register-missing"), ("contract", "--json")])
    func itsObjectsAreRefused(name: String, option: String) throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("create-registry")
            for (hook, other) in [("xdp", "tc"), ("tc", "xdp")] {
                let object = Self.object("\(name)_\(hook)").string
                let run = try bench.command(
                    "attach-to-interface", "far0", "--\(other)", "none", "--\(hook)", object, option)
                #expect(run.exitCode == 78, "\(run.errors)")
                let said = "\(name)_\(hook).bpf.o was compiled against ABI 1, this pktmeta has 2"
                #expect((run.output + run.errors).contains(said), "\(run.output)\(run.errors)")
            }
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
            #expect(try Registry.recordedFields(at: bench.scratch.path).fields.fields.isEmpty)
        }
    }

    /// Programs of either ABI take an area of the other for somebody else's, and leave it as it is.
    @Test func areasOfTheOtherABIAreOthers() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let registry = try Registry.openOrCreate(at: scratch.path, capacity: 64)
            let field = try registry.register(FieldDefinition(name: FieldName("tenant"), type: .u32)).field
            let id = field.id.rawValue
            let calls: [ContractScript.Call] = [.set(id, [1, 2, 3, 4]), .get(id, 4)]

            // A registry of ABI 1 with the same field, whose places are the same.
            let old = try BPFMap(creating: "pktmeta_fields", RegistryFolder.registryShape)
            let oldField = LayoutWord(field.id, generation: Generation(0x1234), offset: 8, size: 4)
            var bytes = try registry.image().bytes
            bytes.replaceSubrange(0..<8, with: encode(Self.oldWord))
            bytes.replaceSubrange(8 * (1 + field.slot)..<8 * (2 + field.slot), with: encode(oldField.rawValue))
            try old.update(at: 0, bytes)
            let oldProgram = try OldProgram(old, calls)
            let made = try oldProgram.run([])
            #expect(made.opened == 0 && made.errnos == [0, 0], "it does what it did")
            #expect(made.area[0..<8] == encode(Self.oldWord & 0xffff_ffff_0000_0000 | 1 << UInt64(field.slot))[...])

            for hook in ContractTests.Hook.allCases {
                let harness = try hook.harness(registry, .swift)
                let outcome = try harness.run(area: made.area, calls)
                #expect(outcome.opened == (hook == .xdp ? BoundTests.Errno.busy : BoundTests.Errno.fault))
                #expect(outcome.errnos == [BoundTests.Errno.fault, BoundTests.Errno.fault])
                if hook == .xdp { #expect(outcome.area == made.area) }
            }
            let area = try registry.area(set: [field.slot])
            let seen = try oldProgram.run(area)
            #expect(
                seen.opened == BoundTests.Errno.busy && seen.errnos == [BoundTests.Errno.fault, BoundTests.Errno.fault])
            #expect(seen.area == area)

            // And it does not take a registry of this ABI for one.
            let lost = try OldProgram(registry.fieldsMap, calls).run([])
            #expect(lost.opened == BoundTests.Errno.noEntry && lost.area == [])
        }
    }

    private final class OldProgram {
        private let program: BPFProgram
        private let script: BPFMap
        private let calls: [ContractScript.Call]

        init(_ registry: borrowing BPFMap, _ calls: [ContractScript.Call]) throws {
            let object = try BPFObject(bytes: Fixture.bytes(OtherABITests.object("contract_xdp")), name: "contract")
            try object.reuse(registry, as: "pktmeta_fields")
            program = try object.load(only: "contract")
            script = try object.map("script")
            self.calls = calls
        }

        func run(_ area: [UInt8]) throws -> ContractOutcome {
            try script.update(at: 0, ContractScript.encode(calls))
            let run = try program.testRunXDP(packet: [UInt8](repeating: 0x55, count: 64), metadata: area)
            let (opened, _, results) = ContractScript.decode(try script.values(at: 0)[0], calls)
            return ContractOutcome(opened: opened, results: results, area: Array(run.packet.prefix(run.metadataSize)))
        }
    }
}
