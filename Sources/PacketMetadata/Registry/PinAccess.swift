// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
internal import SystemPackage

/// Who may read a registry's pins, beside their owner.
///
/// Nobody else may write them: who can change a registry decides what programs its next writer loads, with that one's
/// capabilities. Several people write as one user, by sudo or the like.
public struct PinAccess: Sendable, Hashable {
    /// Of a pin; folders get the right to look up names as well.
    let bits: UInt32
    /// nil: as it is.
    let group: UInt32?

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
            if let number = try FileAccess.group(named: name) { return number }
        } catch {
            throw PacketMetadataError(error, summary, doing: "look up the group \(name)")
        }
        throw PacketMetadataError(
            .notFound, summary, reason: "there is no group \(name)", remedy: "getent group lists them.")
    }
}

extension PinAccess {
    /// What a pin is to have, whose owner stays.
    fileprivate func wanted(of path: FilePath) throws(Errno) -> FileAccess {
        var access = try FileAccess(of: path)
        access.bits = bits
        access.group = group ?? access.group
        return access
    }
}

extension RegistryFolder {
    /// Gives all pins and folders of the registry that access, except the lock, which stays the owner's: who can open
    /// it can hold it. What is not there yet is left out. Under the lock.
    func apply(_ access: PinAccess) throws(PacketMetadataError) {
        do throws(Errno) {
            for pins in [attachments, statePin, registryPin] where Folder.exists(pins) {
                try access.wanted(of: pins).apply(toAllIn: pins)
            }
            try access.wanted(of: path).ofFolder.apply(to: path)
        } catch {
            throw PacketMetadataError(
                error, "cannot set who may read the registry \(path)", doing: "change its pins",
                remedy: "Their owner may, for groups that it is a member of; so may root.")
        }
    }

    /// Gives new pins, and the folders that they are in, the registry's own owner, group and bits.
    ///
    /// To be called where pins have been made below the attachments, before they get their final name.
    func giveRegistrysAccess(to path: FilePath) throws(BPFError) {
        do throws(Errno) {
            let access = try FileAccess(of: registryPin)
            // That is how pins and folders are made.
            if access.bits == 0o600, access.isOfProcess { return }
            try access.apply(toAllIn: path)
        } catch {
            throw BPFError("give \(path) the registry's owner, group and mode", error)
        }
    }

    /// The first folder on the way to the registry that those whom it is open to cannot pass.
    func closedAncestor(_ access: PinAccess) -> String? {
        guard access.bits & 0o044 != 0 else { return nil }
        var ancestor = path
        while ancestor.removeLastComponent() {
            guard let has = try? FileAccess(of: ancestor) else { continue }
            let isOpenToGroup = has.bits & 0o010 != 0 && access.group == has.group
            if has.bits & 0o001 == 0, !isOpenToGroup || access.bits & 0o004 != 0 { return ancestor.string }
        }
        return nil
    }
}
