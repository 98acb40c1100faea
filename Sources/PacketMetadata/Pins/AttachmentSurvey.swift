// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
public import SystemPackage

/// What is pinned where an attachment should be, and is none that pktmeta could go by.
public struct DamagedAttachment: Sendable, Hashable {
    let entry: FolderEntry
    /// What is wrong with it, in words.
    public let reason: String

    public var path: FilePath { entry.path }

    init(_ entry: FolderEntry, _ error: BPFError) {
        self.entry = entry
        reason = "\(error.operation): \(error.errno.name)"
    }

    /// - Parameter registry: the registry's path.
    func refusal(of registry: FilePath) -> PacketMetadataError {
        PacketMetadataError(PinRefusal.damagedAttachment(self, of: registry)).keeping(from: .useAttachments(registry))
    }
}

extension BPFError {
    /// Whether this says that a pin is missing, or is not what it should be: not that this process could not look.
    fileprivate var isDamage: Bool {
        [.noSuchFileOrDirectory, .notDirectory, .isDirectory, .invalidArgument, .tooManySymbolicLinkLevels]
            .contains(errno)
    }
}

extension Attachment {
    /// That what commands count on is there, and of its kind. What this process may not open is taken for good.
    ///
    /// A link may be missing: then there is nothing attached any more, which is no damage.
    func check() throws(BPFError) {
        if record.mode != .clsact, try folders.link.isThere() {
            try Self.open { () throws(BPFError) in _ = try BPFLink(pinnedAt: folders.link).information }
        }
        for (index, member) in members.enumerated() {
            try Self.open { () throws(BPFError) in _ = try BPFProgram(pinnedAt: member.folders.program, readOnly: true)
            }
            if index + 1 < members.count {
                try Self.open { () throws(BPFError) in
                    _ = try BPFMap(pinnedAt: member.folders.successor, readOnly: true)
                }
            }
        }
    }

    private static func open(_ body: () throws(BPFError) -> Void) throws(BPFError) {
        do throws(BPFError) {
            try body()
        } catch {
            if ![.permissionDenied, .notPermitted].contains(error.errno) { throw error }
        }
    }
}

extension AttachmentStore {
    /// What is pinned for a registry.
    struct Survey {
        var sound: [Attachment] = []
        var damaged: [DamagedAttachment] = []
    }

    /// Looks at each entry but those that are half made or half gone, and registries that somebody has made there.
    ///
    /// - Throws: what keeps this process from looking.
    func survey() throws(PacketMetadataError) -> Survey {
        try survey(of: names().filter { !$0.hasPrefix(Self.temporaryPrefix) })
    }

    /// - Parameters:
    ///   - names: those of entries.
    ///   - objects: keeps the bytes of objects.
    func survey(
        of names: [String], keeping objects: ObjectPool = ObjectPool()
    ) throws(PacketMetadataError) -> Survey {
        var survey = Survey()
        for name in names {
            let entry = pins.attachments.appending(name)
            do throws(BPFError) {
                try look(at: entry, objects, &survey)
            } catch {
                throw PacketMetadataError(error, needs: [.bpf]).keeping(from: .readAttachment(entry.path))
            }
        }
        return survey
    }

    private static let attempts = 3

    /// A reader takes no lock: meanwhile an attachment may go, or its programs may change.
    private func look(at entry: FolderEntry, _ objects: ObjectPool, _ survey: inout Survey) throws(BPFError) {
        var damage: BPFError?
        for _ in 0..<Self.attempts {
            do throws(BPFError) {
                let attachment = try Attachment(entry, keeping: objects)
                try attachment.check()
                survey.sound.append(attachment)
                return
            } catch {
                guard error.isDamage else { throw error }
                if try !entry.isThere() { return }
                damage = error
            }
        }
        if let damage, !entry.holdsRegistry { survey.damaged.append(DamagedAttachment(entry, damage)) }
    }
}
