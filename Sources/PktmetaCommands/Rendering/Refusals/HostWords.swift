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
        case .hardwareMissing(let absences):
            "drivers do not fill fields that they are required to:"
                + absences.map { "\n  \($0.place): \($0.kind.words)" }.joined()
        }
    }

    var remedy: String? {
        switch self {
        case .declaredTwice: "Declare it once, or the same."
        case .sizeDiffers:
            "With --replace they get them: packets under way lose their fields, which keep ids, places and counters."
        case .fieldsDiffer:
            "With --replace they are registered anew: packets under way lose them, and they get other ids."
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
        }
    }
}
