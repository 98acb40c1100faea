// SPDX-License-Identifier: BSD-2-Clause

internal import BPF

/// A program on a hook.
struct HookProgram: Hashable, Sendable {
    let id: UInt32
    let trace: HookTrace
}

/// What the kernel tells at a hook of how a program is held there.
enum HookTrace: Hashable, Sendable {
    /// By a link of that id, which no hook but its own shows.
    case link(UInt32)
    /// Of an XDP link or a filter, the program's id: others may hold the same program at an interface of the same index, in
    /// another network namespace.
    case program(UInt32, ifindex: UInt32)
}

extension Hook {
    /// All programs on the hook of an interface of this thread's network namespace, in the order in which they run: none if
    /// it is no interface's hook.
    func programs(ifindex: UInt32) throws(BPFError) -> [HookProgram] {
        guard owner == .interface else { return [] }
        func byProgram(_ id: UInt32) -> HookProgram { HookProgram(id: id, trace: .program(id, ifindex: ifindex)) }
        guard let direction = tcDirection else {
            return try AttachedXDPProgram.query(ifindex: ifindex).map { byProgram($0.id) }
        }
        let programs = try TCXPrograms.query(ifindex: ifindex, direction)?.programs ?? []
        let filters = try TCFilter.filters(ifindex: ifindex, direction).compactMap(\.programID)
        return programs.map { program in
            program.linkID.map { HookProgram(id: program.id, trace: .link($0)) } ?? byProgram(program.id)
        } + filters.map(byProgram)
    }

    /// Their ids.
    func programIDs(ifindex: UInt32) throws(BPFError) -> [UInt32] { try programs(ifindex: ifindex).map(\.id) }

    /// Whether an interface of this thread's network namespace shows a trace there.
    func shows(_ trace: HookTrace, ifindex: UInt32) -> Bool {
        (try? programs(ifindex: ifindex))?.contains { $0.trace == trace } ?? false
    }
}
