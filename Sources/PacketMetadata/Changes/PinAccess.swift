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
        let summary = "cannot set who may read the registry"
        let text = modeBits ?? (group == nil ? "0600" : "0640")
        guard let bits = UInt32(text, radix: 8), text.allSatisfy(\.isNumber), text.count <= 4, bits <= 0o777 else {
            throw PacketMetadataError(
                .usage, summary, reason: "'\(text)' are no mode bits",
                remedy: "They are octal, as for chmod: 0600, 0640, 0644.")
        }
        guard bits & 0o022 == 0 else {
            throw PacketMetadataError(
                .usage, summary,
                reason: "\(text) lets others write, and so decide what programs the registry's owner loads",
                remedy: "Let them read (0640, 0644); who is to write runs pktmeta as the owner.")
        }
        guard bits & 0o111 == 0, bits & 0o600 == 0o600 else {
            throw PacketMetadataError(
                .usage, summary, reason: "pins are read and written by their owner, and never executed",
                remedy: "Modes are 0600, 0640, 0644 and 0604.")
        }
        guard group == nil || bits & 0o040 != 0 else {
            throw PacketMetadataError(
                .usage, summary, reason: "with \(text) a group may do nothing", remedy: "0640 lets it read.")
        }
        self.bits = bits
        self.group = try group.map { (name) throws(PacketMetadataError) in try Self.number(of: name, summary) }
    }

    private static func number(of name: String, _ summary: String) throws(PacketMetadataError) -> UInt32 {
        do throws(Errno) {
            if let number = try GroupLookup.number(of: name) { return number }
        } catch {
            throw PacketMetadataError(error, summary, doing: "look up the group \(name)")
        }
        throw PacketMetadataError(
            .notFound, summary, reason: "there is no group \(name)", remedy: "getent group lists them.")
    }
}
