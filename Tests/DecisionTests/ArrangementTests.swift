// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import PacketMetadata

/// Which programs a hook is to have, and in which order: decided without a kernel.
@Suite struct ArrangementTests {
    static func programs(_ names: String...) -> [ProgramIdentity] {
        names.map { ProgramIdentity(object: "/opt/\($0).o", program: $0) }
    }

    @Test func replacingKeepsWhatIsWanted() {
        let turned = Arrangement(existing: Self.programs("a", "b"), replacedBy: Self.programs("b", "a"))
        #expect(turned.slots == [.wanted(0, instead: 1), .wanted(1, instead: 0)])
        #expect(!turned.keepsOrder)
        let same = Arrangement(existing: Self.programs("a", "b"), replacedBy: Self.programs("a", "b"))
        #expect(same.keepsOrder)
        // c is none of those there, so it takes the place of the one that goes.
        let other = Arrangement(existing: Self.programs("a", "b", "d"), replacedBy: Self.programs("c", "b"))
        #expect(other.slots == [.wanted(0, instead: 0), .wanted(1, instead: 1)])
        #expect(other.removed == [2])
        #expect(!other.keepsOrder)
    }

    @Test func joiningKeepsTheOthers() throws {
        let there = Self.programs("a", "b", "c")
        let last = try Arrangement(existing: there, joinedBy: Self.programs("x", "b"), at: nil)
        #expect(last.slots == [.kept(0), .wanted(1, instead: 1), .kept(2), .wanted(0, instead: nil)])
        #expect(last.removed.isEmpty)
        let again = try Arrangement(existing: there, joinedBy: Self.programs("b"), at: nil)
        #expect(again.keepsOrder)
    }

    @Test(arguments: [
        (Placement.first, ["x", "a", "b", "c"]), (.last, ["a", "b", "c", "x"]), (.before("b"), ["a", "x", "b", "c"]),
        (.after("b"), ["a", "b", "x", "c"]), (.after("c"), ["a", "b", "c", "x"]),
        (.before("a.o"), ["x", "a", "b", "c"]),
        (.before("/opt/a.o:a"), ["x", "a", "b", "c"]),
    ])
    func placesAreAmongTheOthers(placement: Placement, order: [String]) throws {
        let there = Self.programs("a", "b", "c")
        func names(_ arrangement: Arrangement, _ existing: [ProgramIdentity]) -> [String] {
            arrangement.slots.map { slot in
                switch slot {
                case .kept(let index): existing[index].program
                case .wanted: "x"
                }
            }
        }
        let joined = try Arrangement(existing: there, joinedBy: Self.programs("x"), at: placement)
        #expect(names(joined, there) == order)
        // One that is there already moves.
        let with = Self.programs("a", "x", "b", "c")
        let moved = try Arrangement(existing: with, joinedBy: Self.programs("x"), at: placement)
        #expect(names(moved, with) == order)
        #expect(moved.keepsOrder == (order == ["a", "x", "b", "c"]))
    }

    /// Those that are declared run in their order, and others stay before or behind the same ones.
    @Test func declaredOnesKeepTheirOrderAmongOthers() {
        func words(_ existing: [ProgramIdentity], _ wanted: [ProgramIdentity], without gone: Set<Int> = []) -> [String]
        {
            let arrangement = Arrangement(existing: existing, declared: wanted) { !gone.contains($0) }
            #expect(Set(arrangement.removed) == gone)
            return arrangement.slots.map { slot in
                switch slot {
                case .kept(let index): "kept \(existing[index].program)"
                case .wanted(let index, let old):
                    wanted[index].program + (old.map { " for \(existing[$0].program)" } ?? "")
                }
            }
        }
        let there = Self.programs("a", "o", "b")
        #expect(words(there, Self.programs("a", "b")) == ["a for a", "kept o", "b for b"])
        #expect(words(there, Self.programs("b", "a")) == ["b for b", "kept o", "a for a"])
        #expect(
            words(there, Self.programs("x", "a", "y", "b", "z")) == ["x", "a for a", "kept o", "y", "b for b", "z"])
        #expect(words(there, Self.programs("b"), without: [0]) == ["kept o", "b for b"])
        #expect(words(there, [], without: [0, 1, 2]).isEmpty)
        #expect(words([], Self.programs("a", "b")) == ["a", "b"])
        #expect(Arrangement(existing: there, declared: Self.programs("a", "b")) { _ in true }.isWantedOrder)
        #expect(!Arrangement(existing: there, declared: Self.programs("b", "a")) { _ in true }.isWantedOrder)
        #expect(!Arrangement(existing: there, declared: Self.programs("x", "b")) { _ in true }.isWantedOrder)
        #expect(Arrangement(existing: there, declared: Self.programs("b", "x")) { _ in true }.isWantedOrder)
    }

    @Test func wordsMustMeanOne() throws {
        let there = Self.programs("a") + [ProgramIdentity(object: "/srv/a.o", program: "a")]
        #expect(throws: ArrangementError.ambiguous("a", there)) {
            try Arrangement(existing: there, without: ["a"])
        }
        #expect(throws: ArrangementError.notThere("z", there)) {
            try Arrangement(existing: there, joinedBy: [], at: .before("z"))
        }
        #expect(throws: ArrangementError.isWanted("z")) {
            try Arrangement(existing: there, joinedBy: Self.programs("y", "z"), at: .before("z"))
        }
        let one = try Arrangement(existing: there, without: ["/srv/a.o"])
        #expect(one.slots == [.kept(0)])
        #expect(one.removed == [1])
    }
}
