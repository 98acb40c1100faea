// SPDX-License-Identifier: BSD-2-Clause

import BPF
import PktmetaABI
import SystemPackage
import TestSupport
import Testing

/// Swift, the host's compiler and both BPF compilers must lay out the ABI alike.
@Suite struct ABITests {
    /// Objects that use all structs of the ABI between them.
    static let objects = Fixture.Compiler.allCases.map { Fixture.object("all_of_abi", $0) }

    struct Layout {
        let name: String
        let size: Int
        let offsets: [String: Int]
    }

    static let layouts: [Layout] = [
        Layout(
            name: "pktmeta_entry", size: MemoryLayout<pktmeta_entry>.size,
            offsets: [
                "name": MemoryLayout<pktmeta_entry>.offset(of: \.name)!,
                "owner": MemoryLayout<pktmeta_entry>.offset(of: \.owner)!,
                "registered_at": MemoryLayout<pktmeta_entry>.offset(of: \.registered_at)!,
                "type": MemoryLayout<pktmeta_entry>.offset(of: \.type)!,
                "source": MemoryLayout<pktmeta_entry>.offset(of: \.source)!,
                "source_offset": MemoryLayout<pktmeta_entry>.offset(of: \.source_offset)!,
                "last_epoch": MemoryLayout<pktmeta_entry>.offset(of: \.last_epoch)!,
                "size": MemoryLayout<pktmeta_entry>.offset(of: \.size)!,
                "constant": MemoryLayout<pktmeta_entry>.offset(of: \.constant)!,
                "sink": MemoryLayout<pktmeta_entry>.offset(of: \.sink)!,
                "sink_mask": MemoryLayout<pktmeta_entry>.offset(of: \.sink_mask)!,
                "sample": MemoryLayout<pktmeta_entry>.offset(of: \.sample)!,
            ]),
        Layout(
            name: "pktmeta_registry", size: MemoryLayout<pktmeta_registry>.size,
            offsets: [
                "word": MemoryLayout<pktmeta_registry>.offset(of: \.word)!,
                "layouts": MemoryLayout<pktmeta_registry>.offset(of: \.layouts)!,
                "revision": MemoryLayout<pktmeta_registry>.offset(of: \.revision)!,
                "created_at": MemoryLayout<pktmeta_registry>.offset(of: \.created_at)!,
                "entries": MemoryLayout<pktmeta_registry>.offset(of: \.entries)!,
            ]),
        Layout(
            name: "pktmeta_state", size: MemoryLayout<pktmeta_state>.size,
            offsets: [
                "id": MemoryLayout<pktmeta_state>.offset(of: \.id)!,
                "set": MemoryLayout<pktmeta_state>.offset(of: \.set)!,
                "got": MemoryLayout<pktmeta_state>.offset(of: \.got)!,
                "not_set": MemoryLayout<pktmeta_state>.offset(of: \.not_set)!,
                "sunk": MemoryLayout<pktmeta_state>.offset(of: \.sunk)!,
                "not_sunk": MemoryLayout<pktmeta_state>.offset(of: \.not_sunk)!,
                "set_refused": MemoryLayout<pktmeta_state>.offset(of: \.set_refused)!,
                "get_refused": MemoryLayout<pktmeta_state>.offset(of: \.get_refused)!,
                "values": MemoryLayout<pktmeta_state>.offset(of: \.values)!,
                "last_time": MemoryLayout<pktmeta_state>.offset(of: \.last_time)!,
                "minimum": MemoryLayout<pktmeta_state>.offset(of: \.minimum)!,
                "maximum": MemoryLayout<pktmeta_state>.offset(of: \.maximum)!,
                "last_value": MemoryLayout<pktmeta_state>.offset(of: \.last_value)!,
                "histogram": MemoryLayout<pktmeta_state>.offset(of: \.histogram)!,
            ]),
        Layout(
            name: "pktmeta_area_state", size: MemoryLayout<pktmeta_area_state>.size,
            offsets: [
                "made": MemoryLayout<pktmeta_area_state>.offset(of: \.made)!,
                "found": MemoryLayout<pktmeta_area_state>.offset(of: \.found)!,
                "refused": MemoryLayout<pktmeta_area_state>.offset(of: \.refused)!,
                "stale": MemoryLayout<pktmeta_area_state>.offset(of: \.stale)!,
                "sequence": MemoryLayout<pktmeta_area_state>.offset(of: \.sequence)!,
                "packets": MemoryLayout<pktmeta_area_state>.offset(of: \.packets)!,
            ]),
        Layout(
            name: "pktmeta_table", size: MemoryLayout<pktmeta_table>.size,
            offsets: [
                "sources": MemoryLayout<pktmeta_table>.offset(of: \.sources)!,
                "cpus": MemoryLayout<pktmeta_table>.offset(of: \.cpus)!,
                "samples": MemoryLayout<pktmeta_table>.offset(of: \.samples)!,
                "no_fragments": MemoryLayout<pktmeta_table>.offset(of: \.no_fragments)!,
                "steps": MemoryLayout<pktmeta_table>.offset(of: \.steps)!,
            ]),
        Layout(
            name: "pktmeta_step", size: MemoryLayout<pktmeta_step>.size,
            offsets: [
                "id": MemoryLayout<pktmeta_step>.offset(of: \.id)!,
                "type": MemoryLayout<pktmeta_step>.offset(of: \.type)!,
                "size": MemoryLayout<pktmeta_step>.offset(of: \.size)!,
                "source": MemoryLayout<pktmeta_step>.offset(of: \.source)!,
                "sink": MemoryLayout<pktmeta_step>.offset(of: \.sink)!,
                "source_offset": MemoryLayout<pktmeta_step>.offset(of: \.source_offset)!,
                "sink_mask": MemoryLayout<pktmeta_step>.offset(of: \.sink_mask)!,
                "sample": MemoryLayout<pktmeta_step>.offset(of: \.sample)!,
                "constant": MemoryLayout<pktmeta_step>.offset(of: \.constant)!,
            ]),
        Layout(
            name: "pktmeta_attachment", size: MemoryLayout<pktmeta_attachment>.size,
            offsets: [
                "abi_version": MemoryLayout<pktmeta_attachment>.offset(of: \.abi_version)!,
                "netns_cookie": MemoryLayout<pktmeta_attachment>.offset(of: \.netns_cookie)!,
                "revision": MemoryLayout<pktmeta_attachment>.offset(of: \.revision)!,
                "object_size": MemoryLayout<pktmeta_attachment>.offset(of: \.object_size)!,
                "interface": MemoryLayout<pktmeta_attachment>.offset(of: \.interface)!,
                "program": MemoryLayout<pktmeta_attachment>.offset(of: \.program)!,
                "object": MemoryLayout<pktmeta_attachment>.offset(of: \.object)!,
            ]),
    ]

    @Test(arguments: objects)
    func swiftAgreesWithTheTypesInTheObject(path: FilePath) throws {
        let object = try BPFObject(bytes: Fixture.bytes(path), name: "abi")
        for expected in Self.layouts {
            let found = object.withTypes { $0.structLayout(expected.name) } ?? nil
            let layout = try #require(found, "\(expected.name) is not in \(path)")
            #expect(layout.size == expected.size, "\(expected.name)")
            for (member, offset) in expected.offsets {
                #expect(layout.offsets[member] == offset, "\(expected.name).\(member)")
            }
        }
    }

    @Test func wordsKeepTheirBits() {
        let registry = pktmeta_registry_word(64, 0x2bcd, 1, 0x0007_1234)
        #expect(registry == 0x5240_579b_0007_1234)
        let layout = pktmeta_layout_word(pktmeta_id(7, 0xbeef), 0x1234, 40, 8)
        #expect(layout == 0x01be_ef07_081c_1234)
        // What a program compares as a packet passes: the id.
        #expect(UInt64(pktmeta_id(7, 0xbeef)) == layout >> 32)
    }
}
