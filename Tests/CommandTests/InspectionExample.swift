// SPDX-License-Identifier: BSD-2-Clause

import PktmetaABI
import SystemPackage
import TestSupport

@testable import PacketMetadata
@testable import PktmetaCommands
@testable import RegistryModel

/// A registry and its state, made up in memory.
enum InspectionExample {
    typealias Row = (name: String, type: String, source: String, sink: String, owner: String)

    static let few: [Row] = [
        ("tenant", "u32", "constant:7", "mark:0xff00", "edge"), ("trace_id", "bytes:16", "none", "none", "tracing"),
        ("port", "be16", "payload:36", "none", ""), ("trusted", "flag", "constant", "none", "会社"),
    ]

    /// As many as there can be.
    static let all: [Row] = RegistryImage.fieldSlots.map {
        ("field_number_\($0)", $0 % 3 == 0 ? "u8" : "u32", "none", "none", "")
    }

    static func registry(_ rows: [Row] = few, capacity: Int = 64) throws -> RegistryImage {
        var image = RegistryImage(
            word: RegistryWord(capacity: capacity, identity: 0x4d, generation: 41), revision: 1,
            createdAt: 1_700_000_000_000_000_000,
            slots: RegistryImage.fieldSlots.map { _ in SlotImage(lastEpoch: 6) })
        for row in rows {
            let type = try FieldType(row.type)
            let definition = try FieldDefinition(
                name: FieldName(row.name), type: type, source: FieldSource(row.source, type: type),
                sink: FieldSink(row.sink, type: type), sample: row.name == "port" ? 100 : 1, owner: row.owner)
            image = image.applying(try image.registering(definition, now: 1_700_000_001_000_000_000).steps)
        }
        return image
    }

    static let time: UInt64 = 90_000_000_000
    static let bootTime: UInt64 = 1_700_000_000_000_000_000

    static func state(_ field: RegisteredField) -> FieldState {
        let slot = field.slot
        var cpu = CountedCPU()
        cpu[PKTMETA_COUNTER_SET, slot] = 1000
        cpu[PKTMETA_COUNTER_GOT, slot] = 990
        cpu[PKTMETA_COUNTER_NOT_SET, slot] = 3
        cpu[PKTMETA_COUNTER_GET_EFAULT, slot] = 7
        if field.name.text == "tenant" {
            (cpu[PKTMETA_COUNTER_SUNK, slot], cpu[PKTMETA_COUNTER_NOT_SUNK, slot]) = (980, 10)
        }
        if field.name.text != "trace_id" {
            let value = [UInt8(0x12), 0x83, 0, 0].prefix(field.type.size)
            cpu.setLast(Array(value), slot: slot, id: field.id.rawValue, time: 87_500_000_000)
            cpu.setStatistics(
                slot: slot, id: field.id.rawValue, values: 62, 7...4739, histogram: [3: 25, 13: 37])
        }
        return FieldState(StateImage(perCPU: [cpu.bytes]), field)
    }

    static let users = [
        FieldUser(program: "producer", place: .interface("eth0", .here), hook: .xdp, isPrebuilt: true, counts: true),
        FieldUser(
            program: "steer", place: .interface("eth0", .here), hook: .tcIngress, isPrebuilt: false, counts: false),
    ]

    static func inspection(_ view: InspectionView, _ image: RegistryImage) -> Inspection {
        var area = CountedCPU()
        (area[\.made], area[\.found], area[\.stale]) = (1000, 997, 4)
        area[PKTMETA_REFUSED_EBUSY] = 2
        return Inspection(
            path: "/sys/fs/bpf/pktmeta", image: image,
            fields: image.fields.map {
                .init(
                    field: $0, state: view.parts.contains(.states) ? state($0) : nil,
                    users: view.parts.contains(.users) ? ($0.name.text == "tenant" ? users : []) : nil)
            },
            area: view.parts.contains(.states) ? AreaState(StateImage(perCPU: [area.bytes])) : nil, time: time,
            readAt: bootTime + time)
    }

    static func report(_ view: InspectionView, _ image: RegistryImage? = nil) throws -> InspectionReport {
        InspectionReport(inspection(view, try image ?? registry()), view)
    }

    /// Half a second later, in which 500 more were set and 10 more refused.
    static func reportWithRates(_ view: InspectionView) throws -> InspectionReport {
        let earlier = inspection(view, try registry())
        let fields = earlier.fields.map { entry in
            var state = entry.state
            state?.set += 500
            state?.getRefused = Refusals(["EFAULT": 17])
            return Inspection.Field(field: entry.field, state: state, users: entry.users)
        }
        let now = Inspection(
            path: earlier.path, image: earlier.image, fields: fields, area: earlier.area, time: time + 500_000_000,
            readAt: bootTime + time + 500_000_000)
        return InspectionReport(now, view, rates: now.rates(since: earlier), showsRates: true)
    }
}
