// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import RegistryModel

/// An attached program that may set or get a field.
public struct FieldUser: Sendable, Hashable {
    public let program: String
    public let place: HookPlace
    public let hook: Hook
    /// The prebuilt programs use every field, or each with a source; others name those that they use.
    public let isPrebuilt: Bool
    /// Whether the field's state shows what the program does, or those that it leads to by tail calls: prebuilt programs
    /// count, others if they are compiled with PKTMETA_COUNT. nil if this process may not look, and for scrub programs, which neither set nor get.
    public let counts: Bool?

    package init(program: String, place: HookPlace, hook: Hook, isPrebuilt: Bool, counts: Bool?) {
        self.program = program
        self.place = place
        self.hook = hook
        self.isPrebuilt = isPrebuilt
        self.counts = counts
    }
}

extension Registry {
    /// Who uses each field, by what was recorded when they were attached, in the order of interfaces and hooks. Damaged
    /// attachments are left out.
    func fieldUsers(_ image: RegistryImage) throws(PacketMetadataError) -> [FieldName: [FieldUser]] {
        var users: [FieldName: [FieldUser]] = [:]
        let attachments = try AttachmentStore(pins).survey().sound.sorted { $0.order < $1.order }
        for (attachment, place) in zip(attachments, AttachmentPlace.all(attachments)) {
            for member in attachment.members {
                lazy var reach = try? member.reach()
                let user = FieldUser(
                    program: member.record.program, place: place.named, hook: member.record.hook,
                    isPrebuilt: member.record.binding.hasTable, counts: member.counts(in: stateMap.id, reach))
                let names = Set(member.fields(image, reach))
                for field in image.fields where names.contains(field.name.text) {
                    users[field.name, default: []].append(user)
                }
            }
        }
        return users
    }
}

extension Attachment {
    fileprivate var order: (String, UInt32, Int, String) {
        var ifindex: UInt32 = 0
        if case .interface(_, _, let index) = record.site { ifindex = index }
        return (record.site.place.description, ifindex, record.hook.order, name)
    }
}

extension Attachment.Member {
    /// Whether the program uses the map that counts are kept in, or one that it reaches by its own tail calls does.
    ///
    /// - Parameters:
    ///   - stateMap: the map's number.
    ///   - reach: the member's, asked for only if it is needed.
    fileprivate func counts(in stateMap: UInt32, _ reach: @autoclosure () -> ProgramReach?) -> Bool? {
        if record.isScrub { return nil }
        guard let maps = try? BPFProgram(pinnedAt: folders.program, readOnly: true).mapIDs else { return nil }
        return maps.contains(stateMap) || reach()?.counts == true
    }

    /// Fields that it may set or get.
    ///
    /// - Parameter reach: the member's, asked for only if it is needed.
    func fields(_ image: RegistryImage, _ reach: @autoclosure () -> ProgramReach?) -> [String] {
        let fields = image.fields.filter { field in
            if record.isScrub { return field.definition.isPrivate }
            return record.hook != .xdp || field.definition.source != .none
        }
        if record.binding.hasTable { return fields.map(\.name.text) }
        return reach()?.used.sorted() ?? []
    }
}
