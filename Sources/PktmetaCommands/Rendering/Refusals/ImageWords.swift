// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

extension ImageRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .otherMap: "the map pinned there is not a registry"
        case .otherABI(let version, let own): "it has ABI version \(version), this pktmeta has \(own)"
        case .damagedCapacity(let capacity): "its capacity is \(capacity.of("byte"))"
        }
    }

    var remedy: String? {
        switch self {
        case .otherABI(let version, let own) where version < 1 || version > own:
            "Use the pktmeta that made it, or another registry with --registry. pktmeta remove-from-host --force removes it."
        case .otherABI:
            "Use the pktmeta that made it, or another registry with --registry. Of this one, pktmeta "
                + "detach-from-interface and delete-registry --force work, and export-fields prints the commands that "
                + "register its fields anew."
        case .otherMap, .damagedCapacity: nil
        }
    }
}

extension RegistryProblem {
    /// With its slot.
    var words: String { "slot \(slot): \(fault.words)" }
}

extension RegistryProblem.Fault {
    var words: String {
        switch self {
        case .matchingSlotZero: "its layout word is one that ids may match"
        case .damagedLayout: "the layout word is neither live nor free"
        case .pastTheEnd(let end, let valuesEnd): "it ends at byte \(end), and values end at byte \(valuesEnd)"
        case .newGeneration(let generation, let current):
            "generation \(generation) is newer than the registry's, \(current)"
        case .otherSlot(let slot): "the layout word is that of slot \(slot)"
        case .notWellKnown(let field): "the field \(field.name) has the id \(field.id) only"
        case .overlap(let other): "its bytes overlap those of slot \(other)"
        case .duplicateName(let name, let slot): "slot \(slot) has its name, \(name)"
        case .sizes(let layout, let entry):
            "its layout word has a size of \(layout.of("byte")), its entry of \(entry)"
        case .unterminatedText: "its name or owner is not terminated"
        case .noType(let code, let size): "no type has code \(code) and \(size.of("byte"))"
        case .badSource: "its source makes no sense"
        case .badSink: "its sink makes no sense"
        case .badDefinition(let refusal): refusal.reason
        }
    }
}
