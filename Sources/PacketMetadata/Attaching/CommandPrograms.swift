// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// Programs that one command reads and loads once, however many interfaces it is about.
final class CommandPrograms {
    /// nil if each interface is to have programs of its own.
    private let chains: SharedChains?

    private struct Chosen: Hashable {
        let choice: ProgramChoice
        let hook: Hook
        let image: RegistryImage
    }

    private struct Attached: Hashable {
        let object: ObjectFile
        let program: String
        let hook: Hook
        let isUnasked: Bool
        let ways: SocketWays
        let image: RegistryImage
    }

    private var chosen: [Chosen: ProgramSpec] = [:]
    private var attached: [Attached: ProgramSpec] = [:]

    init(areShared: Bool = true) {
        chains = areShared ? SharedChains() : nil
    }

    /// A program that a user chose.
    func spec(
        _ choice: ProgramChoice, _ hook: Hook, _ image: RegistryImage
    ) throws(PacketMetadataError) -> ProgramSpec {
        let key = Chosen(choice: choice, hook: hook, image: image)
        if let spec = chosen[key] { return spec }
        let spec = try ProgramSpec(choice, hook, image)
        chosen[key] = spec
        return spec
    }

    /// A program that is attached, as it is to be for a registry.
    func spec(_ record: AttachmentRecord, for image: RegistryImage) throws(PacketMetadataError) -> ProgramSpec {
        let key = Attached(
            object: record.object, program: record.program, hook: record.hook, isUnasked: record.isUnasked,
            ways: record.ways, image: image)
        if let spec = attached[key] { return spec }
        let spec = try record.spec(for: image)
        attached[key] = spec
        return spec
    }

    /// The same, with the maps that it has.
    func entry(
        _ member: Attachment.Member, for image: RegistryImage
    ) throws(PacketMetadataError) -> ChainLoader.Entry {
        ChainLoader.Entry(spec: try spec(member.record, for: image), maps: .folder(member.folders.maps))
    }

    /// How an attachment may share what is loaded for it.
    ///
    /// - Parameter point: where it is now.
    func share(_ point: HookPoint) -> SharedChains.Share? {
        chains.map { SharedChains.Share(chains: $0, place: SharedChains.Place(point)) }
    }
}
