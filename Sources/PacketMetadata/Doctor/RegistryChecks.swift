// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// The registry, if there is one.
struct RegistryChecks {
    /// nil if there is none that can be used.
    let image: RegistryImage?
    let findings: [Finding]
    /// nil if there is no registry, or this process may not look.
    let areaState: AreaState?

    init(_ folder: RegistryFolder) {
        do throws(PacketMetadataError) {
            let registry = try Registry.open(at: folder.path, for: .read)
            let image = try registry.image()
            try registry.refuseIfDamaged(image)
            self.image = image
            areaState = try? registry.areaState()
            findings =
                [Self.refusalToWrite(folder) ?? Self.finding(image, folder, Self.refusals(areaState))]
                + Self.openPins(registry) + Self.damaged(registry)
        } catch {
            image = nil
            areaState = nil
            findings = [Self.finding(error, folder)]
        }
    }

    /// Attachments that cannot be read.
    private static func damaged(_ registry: borrowing Registry) -> [Finding] {
        do throws(PacketMetadataError) {
            return try registry.damagedAttachments().map { attachment in
                Finding(
                    .registry, .broken, "the attachment \(attachment.path) is damaged: \(attachment.reason)",
                    remedy: .repairAttachment(registry.path))
            }
        } catch {
            // What is attached is its owner's alone to see.
            return error.kind == .missingPrivilege ? [] : [finding(error, registry.pins.location)]
        }
    }

    /// Pins that an older version has made.
    private static func openPins(_ registry: borrowing Registry) -> [Finding] {
        guard registry.hasOpenPins else { return [] }
        return [
            Finding(
                .registry, .weaker,
                "\(registry.path): others than its owner may open what is pinned there, run the programs and learn the seal",
                remedy: .closePins(registry.path))
        ]
    }

    /// - Returns: nil if this process may change the registry, or lacks what it would take to try.
    private static func refusalToWrite(_ folder: RegistryFolder) -> Finding? {
        guard Capability.missing(of: [.bpf]).isEmpty else { return nil }
        do throws(PacketMetadataError) {
            let registry = try Registry.open(at: folder.path, for: .write, trustsOwner: true)
            return registry.foreignOwner.map { owner in
                Finding(
                    .registry, .weaker, "\(folder.path) belongs to \(owner), who decides what is loaded for it",
                    remedy: .trustOwner)
            }
        } catch {
            return finding(error, folder)
        }
    }

    /// Areas that drivers refused, by errno.
    private static func refusals(_ areas: AreaState?) -> [String] {
        let refused = areas?.refused.nonzero ?? []
        return refused.filter { ["ENOSPC", "EOPNOTSUPP"].contains($0.name) }.map { "\($0.name) \($0.count)" }
    }

    private static func finding(_ image: RegistryImage, _ folder: RegistryFolder, _ refusals: [String]) -> Finding {
        let text =
            "\(folder.path): \(image.fields.count.of("field")) in \(image.usedBytes) of \(image.word.space) bytes"
        guard !refusals.isEmpty else { return Finding(.registry, .ok, text) }
        return Finding(
            .registry, .weaker,
            "\(text); packets on which the driver granted no area: \(refusals.joined(separator: ", "))",
            remedy: .smallerArea)
    }

    private static func finding(_ error: PacketMetadataError, _ folder: RegistryFolder) -> Finding {
        if error.kind == .notFound {
            return Finding(.registry, .ok, .noRegistry(at: folder.path))
        }
        // That there is no BPF file system is a finding of its own.
        return Finding(.registry, .broken, .refusal(error), isPrivilege: error.kind == .missingPrivilege)
    }
}
