// SPDX-License-Identifier: BSD-2-Clause

import BPF
import RegistryModel
import TestSupport

@testable import PacketMetadata

/// A program of Tests/Programs/survival*, and what it is told before it is loaded.
struct SurvivalProgram: Hashable {
    let object: String
    let name: String
    /// Bytes by the constant's name.
    var constants: [String: [UInt8]] = [:]

    /// Knows nothing of pktmeta.
    static let passer = SurvivalProgram(object: "foreign", name: "foreign")

    /// Not loaded yet.
    func open(_ registry: borrowing Registry) throws -> BPFObject {
        if self == Self.passer { return try BPFObject(bytes: Fixture.bytes(Fixture.object(object)), name: object) }
        let opened = try registry.objectOfOthers(Fixture.object(object), name: object)
        for (name, bytes) in constants { _ = opened.setConstant(name, to: bytes) }
        return opened
    }

    /// A loaded program, and its object for the maps.
    final class Loaded {
        let object: BPFObject
        let program: BPFProgram

        init(_ wanted: SurvivalProgram, _ registry: borrowing Registry) throws {
            let opened = try wanted.open(registry)
            program = try opened.load(only: wanted.name)
            object = opened
        }

        /// As if it had seen no packet.
        func reset() throws {
            for (name, entries) in [("seen", 1), ("stamped", 2), ("changed", 2)] {
                guard let map = try? object.map(name) else { continue }
                for index in 0..<entries {
                    try map.update(at: index, [UInt8](repeating: 0, count: map.values(at: index)[0].count))
                }
            }
        }
    }
}

/// The programs of a route.
struct SurvivalPrograms {
    let route: SurvivalRoute
    let mode: XDPMode
    let amount: Int32
    let id: FieldID
    /// The index of the interface that packets are sent to.
    let target: UInt32
    /// Four, or none.
    let others: [(id: FieldID, value: UInt64)]

    var reader: SurvivalProgram {
        SurvivalProgram(
            object: "survival_tc", name: "read",
            constants: marker(at: route.markerAt).merging([
                "only_protocol": [route.onlyProtocol],
                "stamp_at": ContractScript.little(UInt32(max(8, route.pushed) - 8)),
            ]) { $1 })
    }

    /// In native mode for packets in fragments, unless the route says otherwise.
    var stamp: SurvivalProgram? {
        route.stamp.map { xdp($0.rawValue + (route.frags ?? (mode == .native) ? "_frags" : "")) }
    }

    var opener: SurvivalProgram { xdp("open_only") }

    func xdp(_ name: String) -> SurvivalProgram {
        var constants = marker(at: route.markerAt)
        if let outer = route.outerMarker {
            constants["outer_protocol"] = [outer.protocol]
            constants["outer_marker_at"] = ContractScript.little(UInt32(outer.at))
            constants["marker_ahead"] = [outer.ahead]
        }
        constants["pushed"] = ContractScript.little(UInt32(bitPattern: route.pushed))
        constants["other_ids"] = others.flatMap { ContractScript.little($0.id.rawValue) }
        constants["other_values"] = others.flatMap { ContractScript.little($0.value) }
        return SurvivalProgram(object: "survival_xdp", name: name, constants: constants)
    }

    var change: SurvivalProgram? {
        var constants = marker(at: route.markerAt)
        constants["amount"] = ContractScript.little(UInt32(bitPattern: amount))
        constants["target"] = ContractScript.little(target)
        return route.change.map {
            SurvivalProgram(
                object: route.usesOldCursor ? "survival_cursor" : "survival_change", name: $0, constants: constants)
        }
    }

    private func marker(at place: Int32) -> [String: [UInt8]] {
        [
            "survivor_id": ContractScript.little(id.rawValue),
            "marker_at": ContractScript.little(UInt32(bitPattern: place)),
        ]
    }
}
