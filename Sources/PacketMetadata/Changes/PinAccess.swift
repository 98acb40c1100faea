// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
public import RegistryModel
internal import SystemPackage

/// Who may read a registry's fields and what happened to them, beside its owner: the two maps that say so.
///
/// What is pinned for attachments stays the owner's alone, whatever the access: a program can be run by whoever can open
/// its pin, for reading too (`BPF_PROG_TEST_RUN`), packets sent by it included; a record holds an object that the next
/// writer loads.
///
/// Nobody else may write them: who can change a registry decides what programs its next writer loads, with that one's
/// capabilities. Several people write as one user, by sudo or the like.
public struct PinAccess: Sendable, Hashable {
    /// Of a pin; folders get the right to look up names as well.
    package let bits: UInt32
    /// nil: as it is.
    package let group: UInt32?

    /// - Parameters:
    ///   - modeBits: octal, as for chmod(1): 0600, 0640, 0644 or 0604; nil is 0640 with a group.
    ///   - group: a group's name or number.
    /// - Throws: `usage` for other bits; `notFound` if there is no such group.
    public init(modeBits: String?, group: String?) throws(PacketMetadataError) {
        let text = modeBits ?? (group == nil ? "0600" : "0640")
        (bits, self.group) = try doing(.setAccess(nil)) { () throws(PacketMetadataError) in
            let bits = try Self.bits(text)
            guard let group else { return (bits, nil) }
            if bits & 0o040 == 0 { throw PacketMetadataError(AccessRefusal.idleGroup(modeBits: text)) }
            return (bits, try Self.number(of: group))
        }
    }

    /// What a pin has.
    init(of pin: FolderEntry) throws(Errno) {
        let access = try pin.access()
        (bits, group) = (access.bits, access.bits & 0o040 == 0 ? nil : access.group)
    }

    var isOwnersAlone: Bool { bits & 0o077 == 0 }

    private static func bits(_ text: String) throws(PacketMetadataError) -> UInt32 {
        guard let bits = UInt32(text, radix: 8), text.allSatisfy(\.isNumber), text.count <= 4, bits <= 0o777 else {
            throw PacketMetadataError(AccessRefusal.badModeBits(text))
        }
        if bits & 0o022 != 0 { throw PacketMetadataError(AccessRefusal.lettingOthersWrite(text)) }
        guard bits & 0o111 == 0, bits & 0o600 == 0o600 else {
            throw PacketMetadataError(AccessRefusal.badOwnerBits(text))
        }
        return bits
    }

    private static func number(of name: String) throws(PacketMetadataError) -> UInt32 {
        do throws(Errno) {
            if let number = try GroupLookup.number(of: name) { return number }
        } catch {
            throw PacketMetadataError(error, doing: "look up the group \(name)")
        }
        throw PacketMetadataError(AccessRefusal.noSuchGroup(name))
    }
}
