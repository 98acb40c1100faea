// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import Benchmark

@Suite struct EstimateTests {
    private static let hundred = (1...100).map(Double.init)

    // Of 100 samples, the bounds are 10 ranks from the middle: 0.98 * sqrt(100), rounded up.
    @Test(arguments: [
        ([3.0], 3.0, 3.0, 3.0), ([1.0, 2.0], 1.5, 1.0, 2.0), ([5.0, 1.0, 3.0], 3.0, 1.0, 5.0),
        (Self.hundred, 50.5, 40.0, 61.0),
    ])
    func medianAndItsConfidenceInterval(samples: [Double], median: Double, low: Double, high: Double) {
        let estimate = Estimate(samples.shuffled())
        #expect(estimate.median == median && estimate.low == low && estimate.high == high)
        #expect(estimate.count == samples.count)
    }

    /// 95 % of such intervals hold the median that samples are drawn around; an interval of half the width would not.
    @Test func theIntervalHoldsTheMedian() {
        var random = SplitMix(state: 1)
        var hits = 0
        for _ in 0..<2000 {
            let samples = (0..<30).map { _ in Double.random(in: 0...1, using: &random) }
            let estimate = Estimate(samples)
            hits += (estimate.low...estimate.high).contains(0.5) ? 1 : 0
        }
        #expect(1880...1980 ~= hits, "\(hits) of 2000")
    }

    /// What slows both down in one round leaves the ratio as it is.
    @Test func ratiosAreTakenRoundByRound() {
        let ratio = Estimate.ratio([2, 20, 200, 2000, 8], to: [1, 10, 100, 1000, 2])
        #expect(ratio?.median == 2 && ratio?.high == 4)
    }

    /// A difference may be 0 or less in a round, and then there is no ratio to it.
    @Test func roundsWithoutARatioAreLeftOut() {
        #expect(Estimate.ratio([2, 9, 4], to: [1, 0, 2])?.median == 2)
        #expect(Estimate.ratio([2, 9, 4, 6], to: [1, -1, 2, 3])?.low == 2)
        #expect(Estimate.ratio([2, 9, 4], to: [1, 0, -2]) == nil)
        #expect(Bar("a / b", .atMost(1), nil).verdict == .undecided)
    }

    @Test func meansAreOfWholeGroups() {
        #expect(Estimate.means([1, 3, 5, 7, 100], of: 2) == [2, 6])
        #expect(Estimate.means([1], of: 2) == [])
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
            return z ^ z >> 31
        }
    }
}

@Suite struct BarTests {
    private static func bar(_ bound: Bar.Bound, _ samples: [Double]) -> Bar { Bar("a / b", bound, Estimate(samples)) }

    @Test(arguments: [
        ([0.9, 0.95, 1.0], Bar.Verdict.met), ([0.9, 1.0, 1.1], .undecided), ([1.01, 1.1, 1.2], .missed),
    ])
    func atMost(samples: [Double], verdict: Bar.Verdict) {
        #expect(Self.bar(.atMost(1), samples).verdict == verdict)
    }

    @Test(arguments: [
        ([1.0, 1.1, 1.2], Bar.Verdict.met), ([0.9, 1.0, 1.1], .undecided), ([0.8, 0.9, 0.99], .missed),
    ])
    func atLeast(samples: [Double], verdict: Bar.Verdict) {
        #expect(Self.bar(.atLeast(1), samples).verdict == verdict)
    }

    @Test func whatIsCountedIsNotInDoubt() {
        #expect(Bar("memory", .atMost(1), Estimate(exactly: 1.0)).verdict == .met)
        #expect(Bar("memory", .atMost(1), Estimate(exactly: 1.01)).verdict == .missed)
    }
}
