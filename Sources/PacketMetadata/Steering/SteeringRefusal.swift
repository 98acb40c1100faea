// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel
public import SystemPackage

/// Why packets cannot be steered to sockets as asked.
public enum SteeringRefusal: Refusal {
    case badSteeringName(String, SteeringName.Fault)
    case badSocketCount(Int, most: Int)
    /// The field is neither an integer nor a flag.
    case notANumber(FieldName, FieldType)
    /// There is one of that name, by another field or to another number of sockets.
    case steeringTaken(SteeringName, field: FieldName, isFieldGone: Bool, sockets: Int)
    case noSteering(SteeringName, FilePath, among: [SteeringName])
    /// What is pinned there is none.
    case damagedSteering(DamagedSteering, of: FilePath)
    /// Steerings go by the field.
    case fieldSteers([SteeringName])
    case steeringNotShared(KernelRefusal)

    public var kind: PacketMetadataError.Kind {
        switch self {
        case .badSteeringName, .badSocketCount, .notANumber: .usage
        case .steeringTaken, .fieldSteers: .taken
        case .noSteering: .notFound
        case .damagedSteering: .badData
        case .steeringNotShared(let refusal): refusal.kind
        }
    }
}
