// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

extension PinRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .damagedAttachment(let attachment, _): attachment.words
        }
    }

    var remedy: String? {
        switch self {
        case .damagedAttachment(_, let registry): DamagedAttachment.remedy(registry)
        }
    }
}

extension DamagedAttachment {
    var words: String { "the attachment \(path) is damaged: \(reason)" }

    /// - Parameter registry: the registry's path.
    static func remedy(_ registry: FilePath) -> String {
        "pktmeta repair --registry \(ShellWord.quoted(registry.string)) detaches it and removes its pins."
    }
}

extension AccessRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .badModeBits(let text): "'\(text)' are no mode bits"
        case .lettingOthersWrite(let text):
            "\(text) lets others write, and so decide what programs the registry's owner loads"
        case .badOwnerBits: "pins are read and written by their owner, and never executed"
        case .idleGroup(let text): "with \(text) a group may do nothing"
        case .noSuchGroup(let name): "there is no group \(name)"
        }
    }

    var remedy: String? {
        switch self {
        case .badModeBits: "They are octal, as for chmod: 0600, 0640, 0644."
        case .lettingOthersWrite: "Let them read (0640, 0644); who is to write runs pktmeta as the owner."
        case .badOwnerBits: "Modes are 0600, 0640, 0644 and 0604."
        case .idleGroup: "0640 lets it read."
        case .noSuchGroup: "getent group lists them."
        }
    }
}
