// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// Who declares what a registry has, beside the one owner whom an entry or an attachment's record names.
///
/// Documents of several owners may declare the same field or program, each applied by itself. It goes with the last of them.
package struct Claims: Hashable, Sendable {
    /// A field or a program, by what tells it from all others that the registry has had.
    package struct Subject: Hashable, Sendable {
        fileprivate let digest: [UInt8]

        package init(_ field: RegisteredField) {
            digest = SHA256.digest(of: encode(field.id.rawValue) + encode(field.registeredAt))
        }

        /// A program.
        ///
        /// - Parameter words: what tells it from others, none of which has a NUL.
        package init(programBy words: [String]) {
            digest = SHA256.digest(of: Array(words.joined(separator: "\0").utf8))
        }
    }

    private struct Claim: Hashable {
        let subject: Subject
        let owner: String
        /// Whether this owner is recorded, and declares it no more.
        let isWithdrawn: Bool
    }

    private var claims: [Claim] = []

    package init() {}

    package var isEmpty: Bool { claims.isEmpty }

    /// Who declares something: who is recorded comes first. Nobody, if it was made by hand.
    ///
    /// - Parameter recorded: whose it is recorded as; empty: nobody's.
    package func declarers(of subject: Subject, recordedAs recorded: String) -> [String] {
        if recorded.isEmpty { return [] }
        let known = claims.filter { $0.subject == subject }
        let isWithdrawn = known.contains { $0.isWithdrawn && $0.owner == recorded }
        return (isWithdrawn ? [] : [recorded]) + known.filter { !$0.isWithdrawn }.map(\.owner)
    }

    /// Has something be declared by just these. If that is nobody, it is as if it had not been asked.
    package mutating func settle(_ subject: Subject, recordedAs recorded: String, on declarers: [String]) {
        if recorded.isEmpty || declarers.isEmpty { return }
        claims.removeAll { $0.subject == subject }
        if !declarers.contains(recorded) { claims.append(Claim(subject: subject, owner: recorded, isWithdrawn: true)) }
        for owner in declarers where owner != recorded {
            claims.append(Claim(subject: subject, owner: owner, isWithdrawn: false))
        }
    }

    /// Forgets what is said of all others, which are gone.
    package mutating func keep(only subjects: Set<Subject>) { claims.removeAll { !subjects.contains($0.subject) } }
}

// MARK: In a map

extension Claims {
    private static let headSize = MemoryLayout<pktmeta_claims>.size
    private static let size = MemoryLayout<pktmeta_claim>.size

    /// The one value of a map that keeps them.
    package var bytes: [UInt8] {
        var head = pktmeta_claims()
        head.abi_version = UInt32(PKTMETA_ABI_VERSION)
        head.count = UInt32(claims.count)
        return claims.reduce(into: encode(head)) { bytes, claim in
            var encoded = pktmeta_claim()
            encodeBytes(claim.subject.digest, into: &encoded.subject)
            encodeText(claim.owner, into: &encoded.owner)
            encoded.flags = claim.isWithdrawn ? UInt32(PKTMETA_CLAIM_WITHDRAWN) : 0
            bytes += encode(encoded)
        }
    }

    /// - Returns: nil if these bytes are no claims.
    package init?(bytes: [UInt8]) {
        guard bytes.count >= Self.headSize else { return nil }
        let head = decode(bytes, as: pktmeta_claims.self)
        guard head.abi_version == UInt32(PKTMETA_ABI_VERSION),
            bytes.count >= Self.headSize + Int(head.count) * Self.size
        else { return nil }
        for index in 0..<Int(head.count) {
            let claim = decode(Array(bytes[(Self.headSize + index * Self.size)...]), as: pktmeta_claim.self)
            guard let owner = decodeText(claim.owner) else { return nil }
            claims.append(
                Claim(
                    subject: Subject(digest: encode(claim.subject)), owner: owner,
                    isWithdrawn: claim.flags & UInt32(PKTMETA_CLAIM_WITHDRAWN) != 0))
        }
    }
}

extension Claims.Subject {
    fileprivate init(digest: [UInt8]) { self.digest = digest }
}
