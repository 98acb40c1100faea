// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// Which programs a hook is to have, in the order in which they run. Decides, and does nothing.
struct Arrangement: Equatable {
    enum Slot: Equatable {
        /// The existing program of that index.
        case kept(Int)
        /// The wanted program of that index, in the place of an existing one.
        case wanted(Int, instead: Int?)
    }

    let slots: [Slot]
    /// Existing programs that go.
    let removed: [Int]

    /// The programs wanted, and no other. A wanted program that is there already takes the place of its like; the others
    /// take the places of programs that go.
    init(existing: [ProgramIdentity], replacedBy wanted: [ProgramIdentity]) {
        var left = Array(existing.indices)
        var instead: [Int: Int] = [:]
        for (index, identity) in wanted.enumerated() {
            guard let same = left.firstIndex(where: { existing[$0] == identity }) else { continue }
            instead[index] = left.remove(at: same)
        }
        for index in wanted.indices where instead[index] == nil && !left.isEmpty {
            instead[index] = left.removeFirst()
        }
        slots = wanted.indices.map { .wanted($0, instead: instead[$0]) }
        removed = left
    }

    /// The existing programs and the wanted ones. A wanted program that is there already takes the place of its like.
    ///
    /// - Parameter placement: where the wanted programs run among the existing ones that are not their like; nil for
    ///   behind all, and for those that are there already, where they are.
    /// - Throws: if the neighbour is not there, several may be meant, or it is one of the wanted programs.
    init(existing: [ProgramIdentity], joinedBy wanted: [ProgramIdentity], at placement: Placement?)
        throws(ArrangementError)
    {
        let like = Dictionary(
            uniqueKeysWithValues: wanted.enumerated().compactMap { index, identity in
                existing.firstIndex(of: identity).map { (index, $0) }
            })
        removed = []
        guard let placement else {
            let taken = Dictionary(uniqueKeysWithValues: like.map { ($1, $0) })
            slots =
                existing.indices.map { index in taken[index].map { .wanted($0, instead: index) } ?? .kept(index) }
                + wanted.indices.filter { like[$0] == nil }.map { .wanted($0, instead: nil) }
            return
        }
        let others = existing.indices.filter { !like.values.contains($0) }
        let position: Int
        do throws(ArrangementError) {
            position = try Self.position(placement, among: others.map { existing[$0] })
        } catch .notThere(let word, let there) {
            throw wanted.contains { $0.isMeant(by: word) } ? .isWanted(word) : .notThere(word, there)
        }
        let moved = wanted.indices.map { Slot.wanted($0, instead: like[$0]) }
        slots = others[..<position].map { .kept($0) } + moved + others[position...].map { .kept($0) }
    }

    /// The programs wanted in just this order, and existing ones that stay among them. A wanted program that is there already
    /// takes the place of its like, or of the like of one that is to run before it; the others run right behind the one before
    /// them.
    ///
    /// - Parameter keeps: of each existing program that is no wanted one's like, whether it stays.
    init(existing: [ProgramIdentity], declared wanted: [ProgramIdentity], keeping keeps: (Int) -> Bool) {
        let like = wanted.map { existing.firstIndex(of: $0) }
        var (slots, removed): ([Slot], [Int]) = ([], [])
        var next = wanted.startIndex
        for index in existing.indices {
            if like.contains(index) {
                // With those before it that are new.
                while next < wanted.endIndex, like[next] == nil {
                    slots.append(.wanted(next, instead: nil))
                    next += 1
                }
                slots.append(.wanted(next, instead: like[next]))
                next += 1
            } else if keeps(index) {
                slots.append(.kept(index))
            } else {
                removed.append(index)
            }
        }
        slots += wanted.indices[next...].map { .wanted($0, instead: nil) }
        (self.slots, self.removed) = (slots, removed)
    }

    /// Whether the wanted programs that are there run in the order in which they are wanted, and new ones behind them.
    var isWantedOrder: Bool {
        let places = slots.compactMap { if case .wanted(_, let instead) = $0 { instead ?? .max } else { nil } }
        return places == places.sorted()
    }

    /// The existing programs without those that a user's words mean.
    init(existing: [ProgramIdentity], without words: [String]) throws(ArrangementError) {
        var removed: Set<Int> = []
        for word in words { removed.insert(try Self.index(of: word, among: existing)) }
        self.removed = removed.sorted()
        slots = existing.indices.filter { !removed.contains($0) }.map { .kept($0) }
    }

    /// Whether each existing program keeps its index or is replaced there, and none comes or goes.
    var keepsOrder: Bool {
        removed.isEmpty
            && slots.enumerated().allSatisfy { index, slot in
                switch slot {
                case .kept(let existing), .wanted(_, instead: .some(let existing)): existing == index
                case .wanted: false
                }
            }
    }

    /// Whether an existing program that stays, or its successor, runs before others than it did.
    func moves(_ existing: Int) -> Bool {
        let order = slots.compactMap { slot in
            switch slot {
            case .kept(let index): index
            case .wanted(_, let index): index
            }
        }
        return Set(order.prefix { $0 != existing }) != Set(order.filter { $0 < existing })
    }

    private static func position(
        _ placement: Placement, among others: [ProgramIdentity]
    ) throws(ArrangementError) -> Int {
        switch placement {
        case .first: 0
        case .last: others.count
        case .before(let word): try index(of: word, among: others)
        case .after(let word): try index(of: word, among: others) + 1
        }
    }

    private static func index(
        of word: String, among identities: [ProgramIdentity]
    ) throws(ArrangementError) -> Int {
        let meant = identities.indices.filter { identities[$0].isMeant(by: word) }
        guard let index = meant.first else { throw ArrangementError.notThere(word, identities) }
        guard meant.count == 1 else { throw ArrangementError.ambiguous(word, meant.map { identities[$0] }) }
        return index
    }
}

enum ArrangementError: Error, Equatable {
    /// With what is there.
    case notThere(String, [ProgramIdentity])
    case ambiguous(String, [ProgramIdentity])
    /// A program that is to be put beside another is this one itself, or comes together with it.
    case isWanted(String)
}
