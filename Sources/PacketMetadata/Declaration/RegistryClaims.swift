// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

extension AttachmentRecord {
    /// By what claims know the program: it stays the same where its object is another, or its interface is made anew.
    var subject: Claims.Subject {
        Claims.Subject(
            programBy: [site.claimWords, String(hook.code), identity.object, identity.program], attachedAt: attachedAt)
    }
}

extension RecordedSite {
    fileprivate var claimWords: String {
        switch self {
        case .interface(let name, let netnsCookie, _): "\(netnsCookie) \(name)"
        case .netfilter, .cgroup: site.words
        }
    }
}

/// Who declares what, once a declaration counts: of what its owners declare, they are among those who do; of what they do not and
/// others do, they are not any more, if what is declared no more goes. What nobody else declares is theirs to prune, and stays as it
/// is here.
struct ClaimSettlement {
    private(set) var claims: Claims
    private(set) var fields: [FieldChange] = []
    private(set) var programs: [ProgramChange] = []
    private let owners: [String]
    private let prunes: Bool
    private var subjects: Set<Claims.Subject> = []

    init(_ upkeep: Upkeep, by owners: [String]) {
        (claims, prunes, self.owners) = (upkeep.claims, upkeep.prunes, owners)
    }

    /// - Parameter declaration: where the owners declare it; nil if they do not.
    mutating func settle(_ field: RegisteredField, declaredIn declaration: FieldDeclaration?) {
        let changes = settle(
            Claims.Subject(field), recordedAs: field.definition.owner, by: declaration?.owners ?? [])
        fields += changes.map { owner, kind in
            FieldChange(
                kind: kind == .claim ? .claim : kind == .withdraw ? .withdraw : .undeclared,
                definition: field.definition, offset: field.layout.offset, owner: owner, place: declaration?.place)
        }
    }

    /// - Parameter declarers: those of the owners who declare it.
    mutating func settle(_ record: AttachmentRecord, declaredBy declarers: [String], at place: HookPlace) {
        let changes = settle(record.subject, recordedAs: record.owner, by: declarers)
        programs += changes.map { owner, kind in ProgramChange(record, kind, at: place, owner: owner) }
    }

    private mutating func settle(
        _ subject: Claims.Subject, recordedAs recorded: String, by declarers: [String]
    ) -> [(owner: String, kind: ProgramChange.Kind)] {
        subjects.insert(subject)
        if recorded.isEmpty { return [] }
        let before = claims.declarers(of: subject, recordedAs: recorded)
        let others = before.filter { !owners.contains($0) }
        let after = others + declarers.filter { !others.contains($0) }
        if after.isEmpty || Set(after) == Set(before) { return [] }
        let gone = before.filter { !after.contains($0) }
        claims.settle(subject, recordedAs: recorded, on: prunes ? after : after + gone)
        return after.filter { !before.contains($0) }.map { ($0, .claim) }
            + gone.map { ($0, prunes ? .withdraw : .undeclared) }
    }

    /// Forgets what has gone.
    mutating func forgetOthers() { claims.forget(others: subjects, claimedBy: prunes ? Set(owners) : []) }
}

extension HostComparison {
    /// Who declares what once this declaration counts.
    ///
    /// - Parameters:
    ///   - hooks: those that are declared and there.
    ///   - attachments: all of the registry.
    func settlement(_ hooks: Hooks, _ attachments: [Attachment]) -> ClaimSettlement {
        var settlement = ClaimSettlement(upkeep, by: declaration.owners)
        // A part of a declaration is nobody's, and says nothing of who declares the rest.
        if declaration.owners.isEmpty { return settlement }
        let declared = Dictionary(declaration.fields.map { ($0.definition.name, $0) }) { first, _ in first }
        for field in image.fields { settlement.settle(field, declaredIn: declared[field.name]) }
        for (attachment, place) in zip(attachments, AttachmentPlace.all(attachments)) {
            for record in attachment.members.map(\.record) {
                settlement.settle(record, declaredBy: hooks.declarers[record.subject] ?? [], at: place.named)
            }
        }
        return settlement
    }
}

extension Registry {
    /// What may go, and who declares what. Under the lock.
    func upkeep(
        of declaration: HostDeclaration, _ limits: DeclarationLimits
    ) throws(PacketMetadataError) -> Upkeep {
        // Of nobody's declaration nothing goes.
        let claims = declaration.owners.isEmpty ? Claims() : try pins.readClaims()
        return Upkeep(owners: Set(declaration.owners), prunes: limits.prunes, claims)
    }

    /// Keeps who declares what.
    func settle(_ declaration: HostDeclaration, _ limits: DeclarationLimits) throws(PacketMetadataError) {
        if declaration.owners.isEmpty { return }
        try pins.locked { () throws(PacketMetadataError) in
            let store = AttachmentStore(pins)
            let index = try AttachmentIndex(store)
            let comparison = try comparison(with: declaration, limits, on: image(), index)
            let hooks = try comparison.hooks(CommandPrograms())
            let attachments = try index.all().filter { isThere($0, comparison.upkeep, beside: hooks.points) }
            var settlement = comparison.settlement(hooks, attachments)
            settlement.forgetOthers()
            if settlement.claims != comparison.upkeep.claims { try pins.write(settlement.claims) }
        }
    }

    /// - Parameters:
    ///   - image: the registry as it will be.
    ///   - index: what it has attached.
    func comparison(
        with declaration: HostDeclaration, _ limits: DeclarationLimits, on image: RegistryImage,
        _ index: AttachmentIndex
    ) throws(PacketMetadataError) -> HostComparison {
        HostComparison(declaration: declaration, upkeep: try upkeep(of: declaration, limits), image: image) {
            (attacher, hook) throws(PacketMetadataError) in try attacher.existing(hook, among: index)
        }
    }
}

extension RegistryPins {
    /// None of a registry of which nobody has claimed anything.
    func readClaims() throws(PacketMetadataError) -> Claims {
        do throws(BPFError) {
            let map = try BPFMap(pinnedAt: claims, readOnly: true)
            if map.shape.kind == .array, map.shape.entries == 1, let claims = Claims(bytes: try map.value) {
                return claims
            }
        } catch {
            if error.errno == .noSuchFileOrDirectory { return Claims() }
            throw PacketMetadataError(error)
        }
        throw damaged(.otherMap(claims.path))
    }

    /// All at once: whoever is killed has written them, or not.
    fileprivate func write(_ new: Claims) throws(PacketMetadataError) {
        do throws(Errno) {
            if new.isEmpty { return try claims.unlink() }
            try nextClaims.unlink()
        } catch {
            throw PacketMetadataError(error, doing: "write who declares what")
        }
        do throws(BPFError) {
            let bytes = new.bytes
            let map = try BPFMap(creating: PKTMETA_CLAIMS_MAP, .init(kind: .array, valueSize: bytes.count, entries: 1))
            try map.update(at: 0, bytes)
            try map.pin(at: nextClaims)
            try giveOwner(nextClaims)
        } catch {
            throw PacketMetadataError(error, needs: [.bpf])
        }
        do throws(Errno) {
            try nextClaims.rename(to: claims)
        } catch {
            throw PacketMetadataError(error, doing: "write who declares what")
        }
    }
}
