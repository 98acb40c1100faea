// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// Filters that no packet can pass, and such that some can.
@Suite struct ImpossibleFilterTests {
    private static func image() throws -> RegistryImage {
        var random = SystemRandomNumberGenerator()
        var image = RegistryImage.empty(capacity: 64, createdAt: 0, using: &random)
        for (name, type) in [("tenant", "u8"), ("port", "be16"), ("time", "u64"), ("host", "ipv4"), ("seen", "flag")] {
            let definition = try FieldDefinition(name: FieldName(name), type: FieldType(type))
            image = image.applying(try image.registering(definition, now: 7).0)
        }
        return image
    }

    private static func filter(_ conditions: [String]) throws -> PacketFilter {
        var filter = PacketFilter()
        filter.conditions = try conditions.map { try PacketFilter.Condition($0) }
        return filter
    }

    @Test(arguments: [
        ["tenant=7", "tenant=8"], ["tenant<0"], ["tenant>255"], ["time>18446744073709551615"],
        ["tenant>=5", "tenant<5"], ["tenant=7", "tenant!=7"], ["tenant!=7", "tenant<=7", "tenant>=7", "tenant=7"],
        ["port>10", "port=9"], ["host=192.0.2.1", "host=192.0.2.2"], ["host!=192.0.2.1", "host=192.0.2.1"],
    ])
    func noPacketHas(conditions: [String]) throws {
        let error = try #require(throws: PacketMetadataError.self) {
            try Self.filter(conditions).refuseImpossible(Self.image())
        }
        #expect(error.kind == .usage)
        #expect((error.refusal as? WatchRefusal) == .neverHolds(try Self.filter(conditions).conditions))
    }

    @Test(arguments: [
        ["tenant=7", "tenant=7", "port=7"], ["tenant<1"], ["tenant>254", "tenant!=254"], ["time>=18446744073709551615"],
        ["tenant>=5", "tenant<6"], ["host=192.0.2.1", "host!=192.0.2.2"], ["seen"], ["tenant=7", "tenant"], ["other=1"],
    ])
    func somePacketHas(conditions: [String]) throws { try Self.filter(conditions).refuseImpossible(Self.image()) }

    @Test func onlySomeProtocolsHavePorts() throws {
        var filter = PacketFilter()
        filter.protocol = 1
        try filter.check()
        filter.destinationPort = 53
        #expect(throws: PacketMetadataError.self) { try filter.check() }
        filter.protocol = 17
        try filter.check()
    }
}
