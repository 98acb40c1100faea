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
                "abi": MemoryLayout<pktmeta_registry>.offset(of: \.abi)!,
                "statistics": MemoryLayout<pktmeta_registry>.offset(of: \.statistics)!,
                "resets": MemoryLayout<pktmeta_registry>.offset(of: \.resets)!,
                "began": MemoryLayout<pktmeta_registry>.offset(of: \.began)!,
                "area_baseline": MemoryLayout<pktmeta_registry>.offset(of: \.area_baseline)!,
                "entries": MemoryLayout<pktmeta_registry>.offset(of: \.entries)!,
            ]),
        Layout(
            name: "pktmeta_state", size: MemoryLayout<pktmeta_state>.size,
            offsets: [
                "made": MemoryLayout<pktmeta_state>.offset(of: \.made)!,
                "found": MemoryLayout<pktmeta_state>.offset(of: \.found)!,
                "refused": MemoryLayout<pktmeta_state>.offset(of: \.refused)!,
                "stale": MemoryLayout<pktmeta_state>.offset(of: \.stale)!,
                "sequence": MemoryLayout<pktmeta_state>.offset(of: \.sequence)!,
                "packets": MemoryLayout<pktmeta_state>.offset(of: \.packets)!,
                "last_seen": MemoryLayout<pktmeta_state>.offset(of: \.last_seen)!,
                "carried": MemoryLayout<pktmeta_state>.offset(of: \.carried)!,
                "settled": MemoryLayout<pktmeta_state>.offset(of: \.settled)!,
                "revision": MemoryLayout<pktmeta_state>.offset(of: \.revision)!,
                "consumed": MemoryLayout<pktmeta_state>.offset(of: \.consumed)!,
                "gathered": MemoryLayout<pktmeta_state>.offset(of: \.gathered)!,
                "selected": MemoryLayout<pktmeta_state>.offset(of: \.selected)!,
                "counts": MemoryLayout<pktmeta_state>.offset(of: \.counts)!,
                "last_time": MemoryLayout<pktmeta_state>.offset(of: \.last_time)!,
                "last_id": MemoryLayout<pktmeta_state>.offset(of: \.last_id)!,
                "last_word": MemoryLayout<pktmeta_state>.offset(of: \.last_word)!,
                "last_bytes": MemoryLayout<pktmeta_state>.offset(of: \.last_bytes)!,
                "statistics": MemoryLayout<pktmeta_state>.offset(of: \.statistics)!,
            ]),
        Layout(
            name: "pktmeta_statistics", size: MemoryLayout<pktmeta_statistics>.size,
            offsets: [
                "id": MemoryLayout<pktmeta_statistics>.offset(of: \.id)!,
                "values": MemoryLayout<pktmeta_statistics>.offset(of: \.values)!,
                "minimum": MemoryLayout<pktmeta_statistics>.offset(of: \.minimum)!,
                "maximum": MemoryLayout<pktmeta_statistics>.offset(of: \.maximum)!,
                "histogram": MemoryLayout<pktmeta_statistics>.offset(of: \.histogram)!,
            ]),
        Layout(
            name: "pktmeta_table", size: MemoryLayout<pktmeta_table>.size,
            offsets: [
                "revision": MemoryLayout<pktmeta_table>.offset(of: \.revision)!,
                "oldest": MemoryLayout<pktmeta_table>.offset(of: \.oldest)!,
                "span": MemoryLayout<pktmeta_table>.offset(of: \.span)!,
                "capacity": MemoryLayout<pktmeta_table>.offset(of: \.capacity)!,
                "asked": MemoryLayout<pktmeta_table>.offset(of: \.asked)!,
                "always": MemoryLayout<pktmeta_table>.offset(of: \.always)!,
                "sources": MemoryLayout<pktmeta_table>.offset(of: \.sources)!,
                "cpus": MemoryLayout<pktmeta_table>.offset(of: \.cpus)!,
                "samples": MemoryLayout<pktmeta_table>.offset(of: \.samples)!,
                "no_fragments": MemoryLayout<pktmeta_table>.offset(of: \.no_fragments)!,
                "sinks": MemoryLayout<pktmeta_table>.offset(of: \.sinks)!,
                "statistics": MemoryLayout<pktmeta_table>.offset(of: \.statistics)!,
                "fine_clock": MemoryLayout<pktmeta_table>.offset(of: \.fine_clock)!,
                "places": MemoryLayout<pktmeta_table>.offset(of: \.places)!,
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
                "flags": MemoryLayout<pktmeta_step>.offset(of: \.flags)!,
                "place": MemoryLayout<pktmeta_step>.offset(of: \.place)!,
                "bit": MemoryLayout<pktmeta_step>.offset(of: \.bit)!,
                "slot": MemoryLayout<pktmeta_step>.offset(of: \.slot)!,
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
        #expect(layout == 0x01be_ef07_0820_1234, "a place is counted from behind the header")
        #expect(pktmeta_layout_offset(layout) == 40)
        // What a program compares as a packet passes: the id.
        #expect(UInt64(pktmeta_id(7, 0xbeef)) == layout >> 32)
    }
}
