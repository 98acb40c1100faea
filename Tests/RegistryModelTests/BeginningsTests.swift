// SPDX-License-Identifier: BSD-2-Clause

import PktmetaABI
import SystemPackage
import TestSupport
import Testing

@testable import RegistryModel

/// States that begin anew.
@Suite("Beginnings") struct BeginningsTests {
    private static func registry() throws -> (image: RegistryImage, fields: [RegisteredField]) {
        var image = RegistryImage()
        try image.register("one", .u32)
        try image.register("two", .u64)
        return (image, image.fields.sorted { $0.slot < $1.slot })
    }

    /// A CPU on which each of these fields was counted, and seen.
    private static func cpu(_ fields: [RegisteredField], _ count: UInt64, known: UInt64 = 0) -> CountedCPU {
        var cpu = CountedCPU()
        (cpu[\.made], cpu[\.found], cpu[\.stale]) = (3 * count, 2 * count, count)
        cpu[PKTMETA_REFUSED_EBUSY] = count
        for field in fields {
            for counter in 0..<PKTMETA_COUNTERS.rawValue { cpu[pktmeta_counter(counter), field.slot] = count }
            let value = [UInt8](repeating: 1, count: field.type.size)
            cpu.setLast(value, slot: field.slot, id: field.id.rawValue, time: 100 + count)
            cpu.setStatistics(slot: field.slot, id: field.id.rawValue, values: count, 1...count, histogram: [1: count])
        }
        cpu[\.last_time] = known
        return cpu
    }

    private static func state(_ cpus: CountedCPU...) -> StateImage { StateImage(perCPU: cpus.map(\.bytes)) }

    @Test func countsGoOnFromAnotherBaseline() throws {
        let (image, fields) = try Self.registry()
        let before = Self.state(Self.cpu(fields, 40), Self.cpu(fields, 2))
        let after = image.applying(image.beginningAnew([fields[0]], areas: false, before))
        let one = try #require(after.field(named: fields[0].name))
        #expect(FieldState(before, fields[0]).set == 42)
        #expect(FieldState(before, one).set == 0 && FieldState(before, one).setRefused.nonzero.isEmpty)
        let later = Self.state(Self.cpu(fields, 45, known: 1), Self.cpu(fields, 2))
        #expect(FieldState(later, one).set == 5 && FieldState(later, one).setRefused.total == 15)
        // The other field and areas are as they were.
        let two = try #require(after.field(named: fields[1].name))
        #expect(two == fields[1] && !one.isCounted(like: fields[0]) && two.isCounted(like: fields[1]))
        #expect(FieldState(later, two).set == 47)
        #expect(AreaState(later, of: after) == AreaState(later))
        #expect(after.word == image.word && after.revision == image.revision, "no program is loaded anew")
        #expect(one.id == fields[0].id && one.layout == fields[0].layout && one.definition == fields[0].definition)
    }

    @Test func countsOfAreasDoToo() throws {
        let (image, fields) = try Self.registry()
        let before = Self.state(Self.cpu(fields, 40), Self.cpu(fields, 2))
        let after = image.applying(image.beginningAnew([], areas: true, before))
        #expect(after.fields == image.fields)
        let now = AreaState(before, of: after)
        #expect(now.made == 0 && now.found == 0 && now.stale == 0 && now.refused.nonzero.isEmpty)
        let later = AreaState(Self.state(Self.cpu(fields, 41), Self.cpu(fields, 3)), of: after)
        #expect(later.made == 6 && later.found == 4 && later.stale == 2)
        #expect(later.refused == Refusals(["EBUSY": 2]))
        #expect(image.beginningAnew([], areas: false, before).isEmpty)
    }

    /// Last value and statistics of a CPU show once its consumer knows that they began anew, and not before.
    @Test func whatWasSeenBeforeIsNotShown() throws {
        let (image, fields) = try Self.registry()
        let before = Self.state(Self.cpu(fields, 7), Self.cpu(fields, 9))
        let after = image.applying(image.beginningAnew([fields[0]], areas: false, before))
        let one = try #require(after.field(named: fields[0].name))
        let none = FieldState(before, one)
        #expect(none.last == nil && none.range == nil && none.values == 0 && none.histogram.isEmpty)
        #expect(FieldState(before, fields[1]).values == 16)
        let half = FieldState(Self.state(Self.cpu(fields, 7), Self.cpu(fields, 8, known: 1)), one)
        #expect(half.values == 8 && half.range == 1...8 && half.last?.time == 108)
        // A number that is read before the rest decides.
        let racing = StateImage(perCPU: [Self.cpu(fields, 7, known: 1).bytes], knownResets: [0])
        #expect(FieldState(racing, one).values == 0 && FieldState(racing, one).last == nil)
    }

    /// A CPU may have slept for any number of resets but half of all.
    @Test(arguments: [UInt64(0), 5, 0x7fff_fffe, 0xffff_fffe, 0xffff_ffff, 0x1_2345_6789])
    func numbersComeRound(resets: UInt64) throws {
        var (image, fields) = try Self.registry()
        image.beginnings.resets = resets
        image = image.applying(image.beginningAnew([fields[0]], areas: false, Self.state(CountedCPU())))
        #expect(image.beginnings.resets == resets + 1)
        let one = try #require(image.field(named: fields[0].name))
        for (known, isShown) in [(resets, false), (resets + 1, true), (resets + 3, true)] {
            let state = Self.state(Self.cpu(fields, 4, known: known))
            #expect((FieldState(state, one).values == 4) == isShown, "\(known)")
        }
    }

    @Test func theNextFieldOfTheSlotBeginsByItself() throws {
        var (image, fields) = try Self.registry()
        let counted = Self.state(Self.cpu(fields, 7))
        image = image.applying(image.beginningAnew(image.fields, areas: true, counted))
        image.unregister(try #require(image.field(named: fields[0].name)))
        let (steps, next) = try image.registering(define("next", .u8), now: 1) { counted.counters(ofSlot: $0) }
        image = image.applying(steps)
        #expect(next.slot == fields[0].slot && image.field(named: next.name) == next)
        let state = FieldState(counted, next)
        #expect(state.set == 0 && state.last == nil && state.values == 0)
    }

    @Test func itLiesInTheRegistry() throws {
        let (image, fields) = try Self.registry()
        let state = Self.state(Self.cpu(fields, 40))
        var now = image
        for step in image.beginningAnew(fields, areas: true, state) {
            // As the registry does it: with the bytes that are there.
            if case .rebase(let baselines) = step {
                var bytes = now.bytes
                baselines.store(in: &bytes)
                #expect(bytes == now.applying(step).bytes)
            }
            now = now.applying(step)
            let reread = try now.reread()
            #expect(reread.beginnings == now.beginnings && reread.fields == now.fields)
        }
        #expect(RegistryImage.word(RegistryImage.resetsWord, of: now.bytes) == 1)
        #expect(now.problems.isEmpty)
        #expect(now.hasBegunAnew(since: image) && !now.hasBegunAnew(since: now))
        #expect(try RegistryImage(bytes: image.bytes, path: "/r").beginnings == Beginnings())
    }

    /// A process killed behind any step: it has begun nothing, or the next one finishes it, and readers see it as done.
    @Test func theNextProcessFinishesIt() throws {
        let (image, fields) = try Self.registry()
        let state = Self.state(Self.cpu(fields, 40))
        let steps = image.beginningAnew(fields, areas: true, state)
        #expect(steps.count == 2)
        let done = image.applying(steps)
        #expect(image.recovery().isEmpty && done.recovery().isEmpty)
        let killed = image.applying(Array(steps.prefix(1)))
        #expect(killed.recovery() == [.setResets(1)] && killed.applying(killed.recovery()) == done)
        for field in killed.fields {
            let shown = FieldState(state, field)
            #expect(shown.set == 0 && shown.last == nil && shown.values == 0)
        }
        // Beside a generation that was announced.
        var both = killed
        both.word = both.word.announced()
        let recovered = both.applying(both.recovery())
        #expect(recovered.recovery().isEmpty && recovered.beginnings == done.beginnings)
        #expect(recovered.word.generation == image.word.generation.next)
    }
}
