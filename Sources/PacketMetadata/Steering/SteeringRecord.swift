// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

/// What is known of a steering beside what the kernel says: `struct pktmeta_steering`, which its program has too.
struct SteeringRecord: Equatable, Sendable {
    let field: FieldName
    let id: FieldID
    let type: FieldType
    let sockets: Int
    /// CLOCK_REALTIME, ns.
    let createdAt: UInt64

    static let socketCounts = 1...Int(PKTMETA_STEERING_SOCKETS_MAX)

    init(_ request: SteeringRequest, _ field: RegisteredField, createdAt: UInt64) {
        (self.field, id, type) = (field.name, field.id, field.type)
        sockets = request.sockets
        self.createdAt = createdAt
    }

    /// Whether steerings by fields of a type can be: by a number, or by whether a flag is set.
    static func canSteer(by type: FieldType) -> Bool { type.isInteger || type == .flag }

    // MARK: struct pktmeta_steering

    private static let shape = BPFMap.Shape(
        kind: .array, valueSize: MemoryLayout<pktmeta_steering>.size, entries: 1)

    var bytes: [UInt8] {
        var record = pktmeta_steering()
        record.abi_version = UInt32(PKTMETA_ABI_VERSION)
        record.id = id.rawValue
        record.type = type.code
        record.size = UInt32(type.size)
        record.sockets = UInt32(sockets)
        record.created_at = createdAt
        encodeText(field.text, into: &record.field)
        return encode(record)
    }

    func makeMap() throws(BPFError) -> BPFMap {
        let map = try BPFMap(creating: PKTMETA_STEERING_MAP, Self.shape)
        try map.update(at: 0, bytes)
        return map
    }

    /// - Throws: `invalidArgument` (EINVAL) if it is not what pktmeta makes.
    init(ofMap map: borrowing BPFMap) throws(BPFError) {
        guard map.shape == Self.shape else { throw Self.damage }
        let record = decode(try map.value, as: pktmeta_steering.self)
        guard record.abi_version == UInt32(PKTMETA_ABI_VERSION), let name = decodeText(record.field),
            let field = try? FieldName(name), let type = FieldType(code: record.type, size: Int(record.size)),
            Self.socketCounts.contains(Int(record.sockets))
        else { throw Self.damage }
        (self.field, id, self.type) = (field, FieldID(rawValue: record.id), type)
        sockets = Int(record.sockets)
        createdAt = record.created_at
    }

    private static let damage = BPFError("read its record", .invalidArgument)
}
