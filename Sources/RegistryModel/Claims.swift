// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// Who declares what a registry has, beside the one owner whom an entry or an attachment's record names.
///
/// Documents of several owners may declare the same field or program, each applied by itself. It goes with the last of them.
package struct Claims: Hashable, Sendable {
    /// A field or a program.
    package struct Subject: Hashable, Sendable {
        /// By what documents mean it by: it is the same where it is made anew.
        fileprivate let name: [UInt8]
        /// By what tells it from all others that the registry has had.
        fileprivate let instance: [UInt8]

        package init(_ field: RegisteredField) {
            let words = Array("field\0\(field.name)".utf8)
            name = SHA256.digest(of: words)
            instance = SHA256.digest(of: words + [0] + encode(field.id.rawValue) + encode(field.registeredAt))
        }

        /// A program.
        ///
        /// - Parameters:
        ///   - words: what documents mean it by, none of which has a NUL.
        ///   - attachedAt: CLOCK_REALTIME, ns.
        package init(programBy words: [String], attachedAt: UInt64) {
            let words = Array(words.joined(separator: "\0").utf8)
            name = SHA256.digest(of: words)
            instance = SHA256.digest(of: words + [0] + encode(attachedAt))
        }
    }

    private struct Claim: Hashable {
        /// What is withdrawn is this instance, as it is recorded; what is claimed is whatever has the name.
        let digest: [UInt8]
        let owner: String
        /// Whether this owner is recorded, and declares it no more.
        let isWithdrawn: Bool

        func isOf(_ subject: Subject) -> Bool { digest == (isWithdrawn ? subject.instance : subject.name) }
    }

    private var claims: [Claim] = []

    package init() {}

    package var isEmpty: Bool { claims.isEmpty }

    /// Who declares something: who is recorded comes first. Nobody, if it was made by hand.
    ///
    /// - Parameter recorded: whose it is recorded as; empty: nobody's.
    package func declarers(of subject: Subject, recordedAs recorded: String) -> [String] {
        if recorded.isEmpty { return [] }
        let known = claims.filter { $0.isOf(subject) }
        let isWithdrawn = known.contains { $0.isWithdrawn && $0.owner == recorded }
        return (isWithdrawn ? [] : [recorded])
            + known.filter { !$0.isWithdrawn && $0.owner != recorded }.map(\.owner)
    }

    /// Has something be declared by just these. If that is nobody, it is as if it had not been asked.
    package mutating func settle(_ subject: Subject, recordedAs recorded: String, on declarers: [String]) {
        if recorded.isEmpty || declarers.isEmpty { return }
        claims.removeAll { $0.isOf(subject) }
        if !declarers.contains(recorded) {
            claims.append(Claim(digest: subject.instance, owner: recorded, isWithdrawn: true))
        }
        // Who is recorded is among them too, for when it is made anew by another.
        for owner in declarers where declarers.count > 1 || owner != recorded {
            claims.append(Claim(digest: subject.name, owner: owner, isWithdrawn: false))
        }
    }

    /// Forgets what was withdrawn of others than these, which are gone, and what some claim of such; of what others claim, which may
    /// come back, only if that is more than so many.
    package mutating func forget(
        others subjects: Set<Subject>, claimedBy owners: Set<String>, keeping most: Int = 1024
    ) {
        let (names, instances) = (Set(subjects.map(\.name)), Set(subjects.map(\.instance)))
        claims.removeAll { $0.isWithdrawn && !instances.contains($0.digest) }
        claims.removeAll { !$0.isWithdrawn && !names.contains($0.digest) && owners.contains($0.owner) }
        var excess = claims.count - most
        claims.removeAll { claim in
            guard excess > 0, !claim.isWithdrawn, !names.contains(claim.digest) else { return false }
            excess -= 1
            return true
        }
    }
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
            encodeBytes(claim.digest, into: &encoded.subject)
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
                    digest: encode(claim.subject), owner: owner,
                    isWithdrawn: claim.flags & UInt32(PKTMETA_CLAIM_WITHDRAWN) != 0))
        }
    }
}
