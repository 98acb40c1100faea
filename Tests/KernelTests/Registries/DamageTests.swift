// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// Entries that someone corrupted in the pinned map: programs stay inside the area, commands report and refuse.
@Suite(Kernel.required) struct DamageTests {
    struct Damage: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// What `inspect-map` says of it.
        let report: String
        let corrupt: @Sendable (inout [UInt8]) -> Void

        init(_ name: String, _ report: String, _ corrupt: @escaping @Sendable (inout [UInt8]) -> Void) {
            testDescription = name
            self.report = report
            self.corrupt = corrupt
        }
    }

    // Of the layout word, little-endian: generation (2), bytes behind the header, size, slot, epoch (2), live.
    static let damages: [Damage] = [
        Damage("offset past the area", "it ends at byte 204, and values end at byte 56") { $0[2] = 192 },
        Damage("offset in the trailer", "it ends at byte 60, and values end at byte 56") { $0[2] = 48 },
        Damage("slot 2", "the layout word is that of slot 2") { $0[4] = 2 },
        Damage("size 255", "its layout word has a size of 255 bytes, its entry of 4") { $0[3] = 255 },
        Damage("size 0", "its layout word has a size of 0 bytes, its entry of 4") { $0[3] = 0 },
        Damage("overlap", "its bytes overlap those of slot 1") { $0[2] = 6 },
        Damage("unterminated name", "its name or owner is not terminated") {
            $0.replaceSubrange(8..<72, with: [UInt8](repeating: 0x61, count: 64))
        },
        Damage("name that is not UTF-8", "its name or owner is not terminated") { $0[8] = 0xff },
        Damage("unknown type", "no type has code 99 and 4 bytes") { $0[80] = 99 },
        Damage("live byte 7", "the layout word is neither live nor free") { $0[7] = 7 },
    ]

    @Test(arguments: damages)
    func commandsReportAndRefuseAndProgramsStayInside(_ damage: Damage) throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let registry = try Registry.openOrCreate(at: scratch.path, capacity: 64)
            let victim = try registry.register(FieldDefinition(name: FieldName("victim"), type: .u32)).field
            let other = try registry.register(FieldDefinition(name: FieldName("other"), type: .u64)).field
            #expect(victim.slot == 1 && other.layout.offset == 16)
            let harness = try XDPHarness(registry, .swift)
            var entry = try registry.fieldsMap.slot(1)
            damage.corrupt(&entry)
            try registry.fieldsMap.setSlot(1, entry)

            // Whatever comes back, the packet, the area's seal, its stamp and its length are untouched.
            let packet = [UInt8](repeating: 0x55, count: 64)
            let outcome = try harness.run(
                area: [], [.set(victim.id.rawValue, [1, 2, 3, 4]), .get(victim.id.rawValue, 4)])
            let area = try registry.area()
            #expect(outcome.area.count == 64 && outcome.area.suffix(8) == area.suffix(8))
            #expect(outcome.area.prefix(4) == area.prefix(4))
            #expect(outcome.packet == packet)

            for view in [["inspect-map"], ["inspect-map", "--json"]] {
                let run = CommandRun(view + ["--registry", scratch.path.string])
                #expect(run.exitCode == 0)
                #expect(run.output.contains(damage.report), "\(run.output)")
            }
            for arguments in [["attach-to-interface", "lo"], ["register-field", "x", "--type", "u8"], ["compact"]] {
                let run = CommandRun(arguments + ["--registry", scratch.path.string])
                #expect(run.exitCode == 65)
                #expect(run.errors.contains("is damaged"), "\(run.errors)")
            }
            #expect(try registry.fieldsMap.slot(1) == entry, "nothing was written")

            let repair = CommandRun(["repair", "--registry", scratch.path.string])
            #expect(repair.exitCode == 0, "\(repair.errors)")
            #expect(
                repair.output.contains(damage.report) && repair.output.contains(": unregistered"), "\(repair.output)")
            let again = CommandRun(["repair", "--registry", scratch.path.string])
            #expect(again.output == "nothing to repair")
            let new = try registry.register(FieldDefinition(name: FieldName("fresh"), type: .u32)).field
            #expect(new.id != victim.id)
            if damage.testDescription != "overlap" {
                #expect(try registry.image().field(named: FieldName("other")) == other)
            }
        }
    }
}
