// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// Private fields do not reach a namespace at whose interface the scrub program is attached.
@Suite(Kernel.required) struct ScrubTests {
    /// What lies in front of a packet that came with this area, behind the scrub program.
    private func scrubbed(_ area: [UInt8], _ registry: borrowing Registry) throws -> [UInt8] {
        let pair = try VethPair()
        let injector = try BPFObject(bytes: Fixture.bytes(Fixture.object("inject_area")), name: "inject")
        let inject = try injector.load(only: "inject")
        let scrub = try ProgramLoader(
            ObjectFile(name: "scrub", bytes: PrebuiltObject.scrub.bytes, isPrebuilt: false), image: registry.image(),
            isStrict: true, isRenewed: false
        ).load(nil, for: .tcIngress, in: registry)
        let looker = try BPFObject(bytes: Fixture.bytes(Fixture.object("raw_area")), name: "look")
        let look = try looker.load(only: "look")
        try injector.map("area").update(at: 0, ContractScript.little(UInt32(area.count)) + [0, 0, 0, 0] + area)
        let seen = try looker.map("seen")
        let links = try pair.inReceiver {
            let ifindex = try NetworkInterface(named: VethPair.far).index
            return [
                LinkBox(try BPFLink.xdp(inject, ifindex: ifindex, mode: .native)),
                LinkBox(try BPFLink.tcx(scrub.program, ifindex: ifindex, .ingress)),
                LinkBox(try BPFLink.tcx(look, ifindex: ifindex, .ingress)),
            ]
        }
        try pair.send(1)
        let arrived = try eventually { try seen.values(at: 0)[0][0] > 0 }
        #expect(arrived && links.count == 3)
        return Array(try seen.values(at: 0)[0].dropFirst(8))
    }

    @Test func valueAndBitGoAndTheRestStays() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let registry = try Registry.openOrCreate(at: scratch.path, capacity: 64)
            func register(_ name: String, _ type: FieldType, isPrivate: Bool) throws -> RegisteredField {
                try registry.register(
                    FieldDefinition(name: FieldName(name), type: type, isPrivate: isPrivate)
                ).field
            }
            let secret = try register("secret", .u32, isPrivate: true)
            let open = try register("open_field", .u32, isPrivate: false)
            let long = try register("long_secret", .bytes(13), isPrivate: true)
            func area(_ slots: Int...) throws -> [UInt8] { try registry.area(set: slots, filledWith: 0x77) }
            var expected = try area(open.slot)
            for field in [secret, long] {
                let place = field.layout.offset..<field.layout.offset + field.type.size
                expected.replaceSubrange(place, with: [UInt8](repeating: 0, count: place.count))
            }
            #expect(try scrubbed(area(secret.slot, open.slot, long.slot), registry) == expected)
            // Clear takes the bit only.
            #expect(try scrubbed(area(open.slot), registry) == expected)
            let foreign = try registry.area(flipping: 1 << 48, set: [secret.slot], filledWith: 0x77)
            #expect(try scrubbed(foreign, registry) == foreign)

            // A packet of an earlier layout may carry a private field where nobody knows of it any more.
            let early = try area(secret.slot, open.slot)
            let emptied = try registry.area()
            // A field that the program was not loaded for, private or not.
            #expect(try scrubbed(area(open.slot, 30), registry) == emptied)
            _ = try registry.unregister(secret.name)
            #expect(try scrubbed(early, registry) == emptied)
        }
    }

    /// Set in one namespace, forwarded into another, read there: with and without the scrub program at its interface.
    @Test(arguments: [false, true])
    func aPrivateFieldDoesNotEnterANamespace(isScrubbed: Bool) throws {
        try Kernel.run {
            let chain = try VethChain()
            let scratch = ScratchRegistry()
            for (name, more) in [("secret", ["--private"]), ("open_field", [])] {
                let run = CommandRun(
                    [
                        "register-field", name, "--type", "u32", "--source", "constant:7", "--registry",
                        scratch.path.string,
                    ]
                        + more)
                #expect(run.exitCode == 0, "\(run.errors)")
            }
            func attach(_ interface: String, _ arguments: String...) -> CommandRun {
                CommandRun(["attach-to-interface", interface, "--registry", scratch.path.string] + arguments)
            }
            let producer = try chain.pair.inReceiver { attach(VethPair.far, "--tc", "none") }
            #expect(producer.exitCode == 0, "\(producer.errors)")
            if isScrubbed {
                let scrub = try chain.inOnward { attach(VethChain.end, "--xdp", "none", "--tc", "scrub") }
                #expect(scrub.output == "end0: TC ingress: scrub attached (tcx)", "\(scrub.errors)")
                let again = try chain.inOnward { attach(VethChain.end, "--xdp", "none") }
                #expect(
                    again.exitCode == 0 && again.output.hasPrefix("end0: TC ingress: scrub unchanged (tcx"),
                    "what was chosen stays: \(again.output)")
            }

            let registry = try Registry.open(at: scratch.path, for: .write)
            let image = try registry.image()
            let ids = try ["secret", "open_field"].map { try #require(image.field(named: FieldName($0))).id.rawValue }
            let reader = try registry.objectOfOthers(Fixture.object("contract_tc"), name: "contract")
            let program = try reader.load(only: "contract")
            let script = try reader.map("script")
            let calls: [ContractScript.Call] = [.get(ids[0], 4), .get(ids[1], 4), .isSet(ids[0])]
            try script.update(at: 0, ContractScript.encode(calls))
            let link = try chain.inOnward {
                let end = try NetworkInterface(named: VethChain.end)
                try end.waitUntilRunning(timeout: .seconds(10))
                return try BPFLink.tcx(program, ifindex: end.index, .ingress)
            }
            try chain.pair.send(1, to: VethChain.endAddress)
            let arrived = try eventually { try ContractScript.decode(script.values(at: 0)[0], calls).runs > 0 }
            #expect(arrived)
            let outcome = try ContractScript.decode(script.values(at: 0)[0], calls)
            #expect(outcome.results.map(\.errno) == (isScrubbed ? [-2, 0, 0] : [0, 0, 1]))
            #expect(outcome.results[1].value == [7, 0, 0, 0])
            if !isScrubbed { #expect(outcome.results[0].value == [7, 0, 0, 0], "metadata crosses namespaces") }
            _ = try link.information
        }
    }
}
