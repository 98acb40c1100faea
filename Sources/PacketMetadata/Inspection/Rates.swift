// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel

/// How often things happened to a field between two inspections, a second.
public struct FieldRates: Sendable, Hashable {
    public let set: Double
    public let got: Double
    public let notSet: Double
    /// Sets and gets.
    public let refused: Double

    /// - Returns: nil if there is no telling: no state, another field under the name, counts that began anew, no time between.
    public init?(of field: Inspection.Field, at time: UInt64, since earlier: Inspection) {
        guard time > earlier.time, let now = field.state,
            let other = earlier.fields.first(where: { $0.field.id == field.field.id }), let before = other.state,
            field.field.isCounted(like: other.field)
        else { return nil }
        let seconds = Double(time - earlier.time) / 1e9
        func rate(_ count: (FieldState) -> UInt64) -> Double? {
            count(now) >= count(before) ? Double(count(now) - count(before)) / seconds : nil
        }
        guard let set = rate({ $0.set }), let got = rate({ $0.got }), let notSet = rate({ $0.notSet }),
            let refused = rate({ $0.setRefused.total &+ $0.getRefused.total })
        else { return nil }
        self.set = set
        self.got = got
        self.notSet = notSet
        self.refused = refused
    }

    /// Whether anything happened.
    public var isZero: Bool { self.set + got + notSet + refused == 0 }
}

extension Inspection {
    /// What happened to each of its fields since an earlier one, by id.
    public func rates(since earlier: Inspection) -> [FieldID: FieldRates] {
        var rates: [FieldID: FieldRates] = [:]
        for field in fields { rates[field.field.id] = FieldRates(of: field, at: time, since: earlier) }
        return rates
    }
}
