// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

extension HostRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .declaredTwice(let what, let place, let hook, let places):
            "different \(what) are declared of \(place), \(hook): \(places.map(\.description).joined(separator: ", "))"
        case .sizeDiffers(let capacity, let declared):
            "packets have areas of \(capacity) bytes, and \(declared) are declared"
        case .fieldsDiffer(let others):
            "fields are registered otherwise than they are declared:"
                + others.map { other in
                    "\n  \(other.place): \(other.registered.name) is declared as \(other.declared.words), and is "
                        + other.registered.definition.words
                }.joined()
        case .fieldsRefused(let fields, _): "fields that are declared do not fit:" + lines(fields)
        case .notThere(let absences): "something is declared of what is not there:" + lines(absences)
        case .hardwareMissing(let absences):
            "drivers do not fill fields that they are required to:" + lines(absences)
        }
    }

    private func lines(_ absences: [Absence]) -> String {
        absences.map { "\n  " + ($0.place.map { "\($0): " } ?? "") + $0.kind.words }.joined()
    }

    var remedy: String? {
        switch self {
        case .declaredTwice: "Declare it once, or the same."
        case .sizeDiffers:
            "With --replace they get them: packets under way lose their fields, which keep ids, places and counters."
        case .fieldsDiffer:
            "With --replace they are registered anew: packets under way lose them, and they get other ids."
        case .fieldsRefused(_, let undeclared) where !undeclared.isEmpty:
            "With --prune, fields that their owners declare no more make room: "
                + undeclared.map(\.text).joined(separator: ", ") + "."
        case .fieldsRefused: "pktmeta inspect-map registry shows who has slots and space."
        case .notThere: nil
        case .hardwareMissing: "Declare the fields as hardware: wanted, or name other interfaces; doctor says more."
        }
    }
}

extension Absence.Kind {
    /// As in "eth7 is not there".
    var words: String {
        switch self {
        case .interface(let name, let netns):
            "the interface \(name) is not there" + (netns.map { ", in the network namespace \($0)" } ?? "")
        case .namespace(let name): "the network namespace \(name) is not there"
        case .cgroup(let path): "the cgroup \(path) is not there"
        case .unit(let name): "the unit \(name) is not active"
        case .hardware(let field, let interface): "the driver of \(interface) does not fill \(field)"
        case .refused(let error): error.message
        }
    }
}
