// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

/// What is known of an attached program beside what the kernel says, with the object it was loaded from.
struct AttachmentRecord: Equatable, Sendable {
    let hook: Hook
    let mode: AttachmentMode
    let site: RecordedSite
    /// CLOCK_REALTIME, ns.
    let attachedAt: UInt64
    /// The registry's, when the program was loaded.
    var revision: UInt64
    var binding: ProgramBinding
    let program: String
    var object: ObjectFile
    /// Whether packets at the hook have one.
    let hasEthernetHeader: Bool
    /// Whether it is the prebuilt producer, and sets no hardware field although the registry has some.
    var isUnasked: Bool
    /// Of the prebuilt programs that answer sockets; else none.
    let ways: SocketWays
    /// Who declares that it is attached; empty if nobody does.
    let owner: String
    /// ``RegistryModel/Seal/digest`` of what it was loaded with; 0 if that was not recorded.
    var sealDigest: UInt32

    /// The prebuilt one, which the user chose by name.
    var isScrub: Bool { object.name == PrebuiltObject.scrub.title }

    /// What users know the program by.
    var identity: ProgramIdentity { ProgramIdentity(object, program: program) }

    var point: HookPoint { HookPoint(site: site.site, hook: hook) }
}

extension AttachmentRecord {
    /// Of a program that is attached now.
    init(_ member: LoadedChain.Member, mode: AttachmentMode, at site: RecordedSite, hasEthernetHeader: Bool) {
        let spec = member.spec
        self.init(
            hook: spec.hook, mode: mode, site: site, attachedAt: Clock.realtime, revision: spec.image.revision,
            binding: spec.program.binding, program: spec.name, object: spec.object,
            hasEthernetHeader: hasEthernetHeader, isUnasked: spec.isUnasked, ways: spec.ways,
            owner: spec.owner, sealDigest: member.loaded.sealDigest)
    }

    /// Of the same program, loaded anew.
    func renewed(as member: LoadedChain.Member) -> AttachmentRecord {
        let spec = member.spec
        var record = self
        record.sealDigest = member.loaded.sealDigest
        record.object = spec.object
        record.revision = spec.image.revision
        record.binding = spec.program.binding
        record.isUnasked = spec.isUnasked
        return record
    }

    /// The program as it is to be for a registry that has changed. Where no driver could be asked, none is asked until the
    /// program is attached anew.
    func spec(for image: RegistryImage) throws(PacketMetadataError) -> ProgramSpec {
        let staysUnasked = isUnasked && image.producerBuild == .hardware
        let object = staysUnasked ? object : object.build(for: image)
        return try ProgramSpec(object, program, for: hook, image, isStrict: false).answering(ways)
    }

    /// That the program is detached, at a place that may be in another network namespace than this thread, or gone.
    ///
    /// - Parameter place: as it is known now.
    func detached(from place: HookPlace) -> AttachmentReport {
        AttachmentReport(
            place: place.namespace == nil ? place : place.inNamespace(site.place.namespace ?? .here), hook: hook,
            program: program, mode: mode, outcome: .detached, fallbacks: [])
    }

    /// Whether it takes no area for the registry's that programs set fields in which are loaded now.
    func isOfOtherSeal(than seal: Seal) -> Bool { sealDigest != 0 && sealDigest != seal.digest }

    /// Whether loading a spec would give the program that is attached.
    func isProgram(of spec: ProgramSpec) -> Bool {
        program == spec.name && object.bytes == spec.object.bytes && binding.digest == spec.program.binding.digest
            && (!binding.hasTable || revision == spec.image.revision) && ways == spec.ways
    }

    /// Whether a spec is of the same program, for whatever registry: it is loaded anew as that changes. Of the prebuilt producer,
    /// whether the driver can be asked is known already.
    func isSameProgram(as spec: ProgramSpec) -> Bool {
        let isSameObject = object.bytes == spec.object.bytes || object.producer != nil && spec.object.producer != nil
        return program == spec.name && isSameObject && ways == spec.ways
    }
}

extension AttachmentRecord {
    static let mapName = "pktmeta_record"
    private static let headSize = MemoryLayout<pktmeta_attachment>.size

    /// A map with this record as its only value: bpffs pins nothing else that can keep bytes.
    func makeMap() throws(BPFError) -> BPFMap {
        let bytes = encoded
        let map = try BPFMap(creating: Self.mapName, .init(kind: .array, valueSize: bytes.count, entries: 1))
        try map.update(at: 0, bytes)
        return map
    }

    init(map: borrowing BPFMap) throws(BPFError) {
        guard map.shape.kind == .array, map.shape.entries == 1, map.shape.valueSize >= Self.headSize,
            let record = Self(bytes: try map.values(at: 0)[0])
        else { throw BPFError("read an attachment's record", .invalidArgument) }
        self = record
    }

    private var flags: Int32 {
        (binding.hasTable ? PKTMETA_ATTACHMENT_FOLLOWS : 0) | (binding.isBound ? PKTMETA_ATTACHMENT_BOUND : 0)
            | (object.isPrebuilt ? PKTMETA_ATTACHMENT_PREBUILT : 0)
            | (object.producer == .hardware ? PKTMETA_ATTACHMENT_HARDWARE : 0)
            | (hasEthernetHeader ? 0 : PKTMETA_ATTACHMENT_NO_ETHERNET)
            | (isUnasked ? PKTMETA_ATTACHMENT_UNASKED : 0)
    }

    private var encoded: [UInt8] {
        var head = pktmeta_attachment()
        head.abi_version = UInt32(PKTMETA_ABI_VERSION)
        head.hook = hook.code
        head.mode = mode.code ?? 0  // which is none
        head.attached_at = attachedAt
        head.revision = revision
        head.binding = binding.digest
        head.flags = UInt32(flags)
        head.object_size = UInt32(object.bytes.count)
        head.generation = binding.generation.number
        head.ways = UInt8(ways.rawValue)
        head.seal = sealDigest
        head.owner_size = UInt8(owner.utf8.count)
        let rest = site.write(to: &head)
        encodeText(program, into: &head.program)
        encodeText(object.shortName, into: &head.object)
        var bytes = encode(head)
        object.bytes.append(to: &bytes)
        return bytes + owner.utf8 + rest
    }

    /// The ABIs whose records are as they are now.
    private static let readableVersions = 1...UInt32(PKTMETA_ABI_VERSION)

    /// - Returns: nil if this is no record of such an ABI.
    private init?(bytes: [UInt8]) {
        let head = decode(bytes, as: pktmeta_attachment.self)
        guard Self.readableVersions.contains(head.abi_version), let hook = Hook(code: head.hook),
            let mode = AttachmentMode(code: head.mode), let program = decodeText(head.program),
            let object = decodeText(head.object)
        else { return nil }
        let end = Self.headSize + Int(head.object_size)
        let ownerEnd = end + Int(head.owner_size)
        guard ownerEnd <= bytes.count, let owner = String(validating: bytes[end..<ownerEnd], as: UTF8.self),
            let site = RecordedSite(head, of: hook.owner, bytes[ownerEnd...])
        else { return nil }
        func has(_ flag: Int32) -> Bool { head.flags & UInt32(flag) != 0 }
        let build: ProducerBuild = has(PKTMETA_ATTACHMENT_HARDWARE) ? .hardware : .plain
        let isPrebuilt = has(PKTMETA_ATTACHMENT_PREBUILT)
        self.init(
            hook: hook, mode: mode, site: site, attachedAt: head.attached_at, revision: head.revision,
            binding: ProgramBinding(
                digest: head.binding, generation: Generation(head.generation), isBound: has(PKTMETA_ATTACHMENT_BOUND),
                hasTable: has(PKTMETA_ATTACHMENT_FOLLOWS)),
            program: program,
            object: ObjectFile(
                name: object, bytes: .read(bytes[Self.headSize..<end]), isPrebuilt: isPrebuilt,
                producer: isPrebuilt && hook == .xdp ? build : nil),
            hasEthernetHeader: !has(PKTMETA_ATTACHMENT_NO_ETHERNET), isUnasked: has(PKTMETA_ATTACHMENT_UNASKED),
            ways: hook.isOfSockets ? SocketWays(rawValue: UInt32(head.ways)) : [], owner: owner, sealDigest: head.seal)
    }
}
