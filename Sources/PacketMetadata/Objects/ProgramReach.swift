// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PktmetaABI

/// What a program of an object does with a registry, and those that its own tail calls lead to.
struct ProgramReach: Hashable, Sendable {
    /// Fields that their instructions name.
    let used: Set<String>
    /// Fields that the object declares, for whichever of its programs.
    let declared: Set<String>
    /// Whether they use the map in which fields are counted.
    let counts: Bool

    /// - Parameter program: its name in the object.
    init(of program: String, in object: ObjectBytes) throws(BPFError) {
        let uses = try object.withBytes { bytes throws(BPFError) in try ProgramUses(inObject: bytes) }
        let declared = UsedFields(try object.open()).all
        let types = uses.types(reachedFrom: program)
        used = declared.filter { field in
            [PKTMETA_ID_PREFIX, PKTMETA_BIND_PREFIX, PKTMETA_FIELD_PREFIX].contains { types.contains($0 + field) }
        }
        self.declared = declared
        counts = uses.maps(reachedFrom: program).contains(PKTMETA_STATE_MAP)
    }
}
