// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

/// A program in the kernel that nothing is attached to yet.
final class LoadedProgram {
    let object: BPFObject
    let program: BPFProgram
    let binding: ProgramBinding
    let takesFragments: Bool
    let sealDigest: UInt32
    /// The program and those that it reaches by tail calls of its own.
    private let reached: Set<String>

    init(
        _ object: consuming BPFObject, _ program: consuming BPFProgram, _ binding: ProgramBinding,
        reached: Set<String>, takesFragments: Bool, seal: Seal
    ) {
        self.object = object
        self.program = program
        self.binding = binding
        self.reached = reached
        self.takesFragments = takesFragments
        sealDigest = seal.digest
    }

    /// Whether it can hand packets to a program behind it: it, or one that it reaches, ends in `pktmeta_next`.
    var hasSuccessor: Bool {
        guard let map = try? object.map(PKTMETA_CHAIN_MAP) else { return false }
        return reached.contains { name in
            guard let program = try? object.program(name), let used = try? program.mapIDs else { return false }
            return used.contains(map.id)
        }
    }

    /// Whether packets on their way through it lose their way when its maps go: the kernel empties a program array as
    /// its last descriptor and pin go.
    var makesTailCalls: Bool { reached.count > 1 }

    func setSuccessor(_ successor: borrowing BPFProgram) throws(BPFError) {
        try object.map(PKTMETA_CHAIN_MAP).update(at: 0, to: successor)
    }

    func pinSuccessor(at entry: FolderEntry) throws(BPFError) {
        try object.map(PKTMETA_CHAIN_MAP).pin(at: entry)
    }
}
