// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

/// A cls_bpf filter, known by its program: it is no object of the kernel that could be pinned. All about it is asked and
/// done in the interface's network namespace.
struct FilterAnchor: Sendable {
    let ifindex: UInt32
    let direction: TrafficDirection
    let netnsCookie: UInt64
    /// Where the interface's witness is pinned.
    let witness: FolderEntry
    /// Where the programs are pinned that the filter may have.
    let programs: [FolderEntry]

    /// Adds a filter behind those there are, on a qdisc that is made if there is none.
    static func attach(
        _ program: borrowing BPFProgram, ifindex: UInt32, _ direction: TrafficDirection
    ) throws(BPFError) {
        for _ in 0..<attempts {
            _ = try ClsactQdisc.create(ifindex: ifindex)
            do throws(BPFError) {
                // Someone whose last filter has just gone may take the qdisc away with ours.
                if try TCFilter.attach(program, ifindex: ifindex, direction).programID() == program.id { return }
            } catch {
                if try ClsactQdisc.exists(ifindex: ifindex) { throw error }
            }
        }
        throw BPFError("attach \(program.name): others keep removing the qdisc", .resourceBusy)
    }

    private static let attempts = 10

    func state() throws(BPFError) -> Anchor.State {
        let state = try inNamespace { () throws(BPFError) -> Anchor.State in
            try find().map { .attached(Hold(filterWith: $0.programID, ifindex: ifindex)) } ?? .gone
        }
        if let state { return state }
        // A namespace that is not found is not gone: a process of another pid namespace may hold it, or a socket.
        return try isInterfaceGone() ? .gone : .outOfReach
    }

    /// As far as is known: attachments of earlier versions have no witness.
    private func isInterfaceGone() throws(BPFError) -> Bool {
        do throws(BPFError) {
            return try InterfaceWitness(pinnedAt: witness).isGone()
        } catch {
            if error.errno == .noSuchFileOrDirectory { return false }
            throw error
        }
    }

    func update(to program: borrowing BPFProgram, replacing attached: borrowing BPFProgram) throws(BPFError) {
        let isDone: Void? = try inNamespace { () throws(BPFError) in
            guard let found = try find(), found.programID == attached.id else {
                throw BPFError("replace \(attached.name)", .noSuchFileOrDirectory)
            }
            try found.filter.replace(attached.id, by: program)
        }
        if isDone == nil { throw BPFError("find and enter the network namespace of \(attached.name)", .notPermitted) }
    }

    func letGo() throws(BPFError) {
        let isDone: Void? = try inNamespace { () throws(BPFError) in
            guard let found = try find() else { return }
            try found.filter.detach(found.programID)
            try ClsactQdisc.removeIfUnused(ifindex: ifindex)
        }
        if isDone == nil { try refuseIfOutOfReach() }
    }

    /// Lets go of filters by their programs' numbers.
    ///
    /// - Returns: whether there was one.
    func letGo(where isMeant: (UInt32) throws(BPFError) -> Bool) throws(BPFError) -> Bool {
        let found = try inNamespace { () throws(BPFError) -> Bool in
            var isFound = false
            for (place, id) in try TCFilter.filters(ifindex: ifindex, direction).map({ ($0.place, $0.programID) }) {
                guard let id, try isMeant(id) else { continue }
                try place.detach(id)
                isFound = true
            }
            if isFound { try ClsactQdisc.removeIfUnused(ifindex: ifindex) }
            return isFound
        }
        return found ?? false
    }

    func refuseIfOutOfReach() throws(BPFError) {
        guard try state() == .outOfReach else { return }
        throw BPFError("find and enter the network namespace of interface \(ifindex)", .notPermitted)
    }

    private func find() throws(BPFError) -> (filter: TCFilter, programID: UInt32)? {
        var ours: [UInt32] = []
        for pin in programs where try pin.isThere() { ours.append(try BPFProgram(pinnedAt: pin).id) }
        for found in try TCFilter.filters(ifindex: ifindex, direction) {
            if let id = found.programID, ours.contains(id) { return (found.place, id) }
        }
        return nil
    }

    /// - Returns: nil if the namespace was not found, or this process may not enter it.
    private func inNamespace<Value>(_ body: () throws(BPFError) -> Value) throws(BPFError) -> Value? {
        try NetworkNamespace.run(where: { (try? NetworkNamespace.currentCookie()) == netnsCookie }, body)
    }
}
