// SPDX-License-Identifier: BSD-2-Clause

/// What samples say of a figure: its median, and between which values the true median lies.
package struct Estimate: Sendable, Hashable {
    package let median: Double
    /// Bounds of the median's 95 % confidence interval, from the order of the samples alone, whatever their distribution.
    package let low: Double
    package let high: Double
    /// How many samples there were.
    package let count: Int

    /// - Parameter samples: at least one.
    package init(_ samples: [Double]) {
        precondition(!samples.isEmpty)
        let sorted = samples.sorted()
        count = sorted.count
        median =
            count.isMultiple(of: 2) ? (sorted[count / 2 - 1] + sorted[count / 2]) / 2 : sorted[count / 2]
        // The number of samples below the median is binomial with p = 1/2; by the normal approximation 95 % of it lies
        // within 0.98 * sqrt(n) of n / 2.
        let reach = Int((0.98 * Double(count).squareRoot()).rounded(.up))
        low = sorted[max(0, (count - 1) / 2 - reach)]
        high = sorted[min(count - 1, count / 2 + reach)]
    }

    /// A figure that is counted, not sampled.
    package init(exactly value: Double) {
        (median, low, high, count) = (value, value, value, 1)
    }

    /// Means of so many samples each, where single ones are too coarse.
    static func means(_ samples: [Double], of count: Int) -> [Double] {
        stride(from: 0, through: samples.count - count, by: count).map { start in
            samples[start..<start + count].reduce(0, +) / Double(count)
        }
    }

    /// Of the ratios of samples that were taken in the same round, in which the machine was as fast for both. Rounds tell
    /// nothing in which the other, a difference, was lost in the noise: 0 or less.
    ///
    /// - Returns: nil if most of the rounds tell nothing.
    package static func ratio(_ samples: [Double], to others: [Double]) -> Estimate? {
        precondition(samples.count == others.count)
        let ratios = zip(samples, others).filter { $1 > 0 }.map { $0 / $1 }
        return ratios.isEmpty || ratios.count * 2 < samples.count ? nil : Estimate(ratios)
    }
}

/// A ratio that pktmeta holds itself to.
package struct Bar: Sendable, Hashable {
    package enum Bound: Sendable, Hashable {
        case atMost(Double)
        case atLeast(Double)
    }

    package enum Verdict: String, Sendable, CaseIterable {
        case met, missed
        /// The bound lies within the estimate's own uncertainty.
        case undecided = "too noisy to tell"
    }

    package let what: String
    package let bound: Bound
    /// nil if nothing could be told of it.
    package let ratio: Estimate?

    package init(_ what: String, _ bound: Bound, _ ratio: Estimate?) {
        self.what = what
        self.bound = bound
        self.ratio = ratio
    }

    package var verdict: Verdict {
        guard let ratio else { return .undecided }
        let (worst, best, isGood): (Double, Double, (Double) -> Bool)
        switch bound {
        case .atMost(let limit): (worst, best, isGood) = (ratio.high, ratio.low, { $0 <= limit })
        case .atLeast(let limit): (worst, best, isGood) = (ratio.low, ratio.high, { $0 >= limit })
        }
        return isGood(worst) ? .met : isGood(best) ? .undecided : .missed
    }
}
