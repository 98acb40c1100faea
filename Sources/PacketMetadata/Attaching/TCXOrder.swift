// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel

/// The programs of a TCX hook, in the order in which they run: what a place among them is found by.
struct TCXOrder {
    private let direction: TrafficDirection
    private let ids: [UInt32]

    /// - Returns: nil if the kernel has no TCX.
    static func query(
        _ interface: HookInterface, _ direction: TrafficDirection
    ) throws(PacketMetadataError) -> TCXOrder? {
        do throws(BPFError) {
            return try TCXPrograms.query(ifindex: interface.index, direction).map {
                TCXOrder(direction: direction, ids: $0.programs.map(\.id))
            }
        } catch {
            throw PacketMetadataError(error, needs: [.netAdmin])
        }
    }

    /// What bpf(2) takes for a place. The kernel goes by the neighbour's id: whatever else comes or goes meanwhile, the
    /// place is right.
    func position(_ placement: Placement) throws(PacketMetadataError) -> TCXPosition {
        switch placement {
        case .first: .first
        case .last: .last
        case .before(let word): .before(.program(ids[try index(of: word, among: ids)]))
        case .after(let word): .after(.program(ids[try index(of: word, among: ids)]))
        }
    }

    /// Whether programs run in this order, one right behind the other, at that place among the others.
    func has(_ programs: [UInt32], at placement: Placement) throws(PacketMetadataError) -> Bool {
        let others = ids.filter { !programs.contains($0) }
        let position =
            switch placement {
            case .first: 0
            case .last: others.count
            case .before(let word): try index(of: word, among: others)
            case .after(let word): try index(of: word, among: others) + 1
            }
        return ids == others[..<position] + programs + others[position...]
    }

    /// - Parameter word: a program's number or its name, of which the kernel keeps 15 bytes.
    private func index(of word: String, among ids: [UInt32]) throws(PacketMetadataError) -> Int {
        if let index = ids.firstIndex(where: { String($0) == word }) { return index }
        let there = ids.map { AttachingRefusal.Neighbour(programID: $0, name: try? ProgramInformation(id: $0).name) }
        let meant = ids.indices.filter { there[$0].name == String(word.prefix(ProgramInformation.nameLength)) }
        guard let index = meant.first else {
            throw PacketMetadataError(AttachingRefusal.noSuchNeighbour(word, Hook(direction), among: there))
        }
        guard meant.count == 1 else {
            throw PacketMetadataError(AttachingRefusal.ambiguousNeighbour(word, among: there))
        }
        return index
    }
}
