// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

extension SteeringRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .badSteeringName(_, let fault): fault.words
        case .badSocketCount(let count, let most): "\(count) sockets cannot be; there may be 1 to \(most)"
        case .notANumber(let name, let type): "\(name) is of type \(type), which is no number and no flag"
        case .steeringTaken(let name, let field, let isGone, let sockets):
            "there is a steering \(name) by \(field)\(isGone ? ", a field that is gone," : "") to "
                + sockets.of("socket")
        case .noSteering(_, let path, _): "the registry \(path) has no such steering"
        case .damagedSteering(let damaged, _): "what is pinned at \(damaged.path) is damaged: \(damaged.reason)"
        case .fieldSteers(let names):
            "\(names.count == 1 ? "the steering" : "the steerings") \(names.map(\.text).joined(separator: ", ")) "
                + "\(names.count == 1 ? "goes" : "go") by it"
        case .steeringNotShared(let refusal): refusal.reason
        }
    }

    var remedy: String? {
        switch self {
        case .badSteeringName:
            "Letters, digits, _ and -, at most \(SteeringName.maximumLength), beginning with a letter."
        case .badSocketCount: nil
        case .notANumber: "Fields to steer by are of type flag, u8, u16, u32, u64, be16 or be32."
        case .steeringTaken(let name, _, _, _):
            "pktmeta delete-steering \(name) takes that one away; applications then attach the new one."
        case .noSteering(_, _, let names) where names.isEmpty: nil
        case .noSteering(let name, _, let names):
            NearestName.question(name.text, among: names.map(\.text))
                + "It has \(names.map(\.text).joined(separator: ", "))."
        case .damagedSteering(_, let registry):
            "pktmeta repair --registry \(ShellWord.quoted(registry.string)) removes it."
        case .fieldSteers(let names):
            "pktmeta delete-steering \(names[0]) first, or use --force: the kernel then chooses sockets."
        case .steeringNotShared(let refusal):
            refusal.remedy(beside: "Their owner may, for groups that it is a member of; so may root.")
        }
    }
}

extension SteeringName.Fault {
    fileprivate var words: String {
        switch self {
        case .empty: "it is empty"
        case .tooLong(let bytes): "it has \(bytes.of("byte"))"
        case .beginsWithoutLetter: "it does not begin with a letter"
        case .badCharacter: "only A-Z, a-z, 0-9, _ and - are allowed"
        }
    }
}
