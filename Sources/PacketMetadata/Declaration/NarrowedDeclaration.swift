// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
public import RegistryModel
internal import SystemPackage

extension HostDeclaration {
    /// The part that concerns one interface of this thread's network namespace, with the fields of all. To be applied, of which
    /// nothing else comes or goes; of what else is there, it says nothing.
    ///
    /// - Parameters:
    ///   - interface: its name, or an alternative one.
    ///   - netns: of which the declaration is to be; nil for what is declared of no named one.
    /// - Throws: what rtnetlink(7) refuses.
    public func narrowed(
        toInterface interface: String, declaredIn netns: String? = nil
    ) throws(PacketMetadataError) -> HostDeclaration {
        let index = try NetworkInterface.matching(interface).first?.index
        var narrowed = self
        // Nobody's, nothing is missed of what is not in this part.
        narrowed.owners = []
        narrowed.attachments = []
        for declaration in attachments {
            guard case .interfaces(let pattern, netns) = declaration.target else { continue }
            let isMeant: Bool
            if NamePattern.isPattern(pattern) {
                isMeant = NamePattern.matches(interface, pattern)
            } else if pattern == interface {
                isMeant = true
            } else {
                // The one may be another name of the other.
                let named = try NetworkInterface.matching(pattern).first?.index
                isMeant = named != nil && named == index
            }
            if isMeant { narrowed.attachments.append(declaration.of(.interfaces(interface, netns: nil))) }
        }
        return narrowed
    }
}

extension HostDeclaration {
    /// The part that concerns no interface. To be applied likewise.
    var withoutInterfaces: HostDeclaration {
        var rest = self
        rest.owners = []
        rest.attachments.removeAll { $0.isOfInterfaces }
        return rest
    }
}

extension AttachmentDeclaration {
    var isOfInterfaces: Bool { if case .interfaces = target { true } else { false } }

    /// The same of something else.
    fileprivate func of(_ target: Target) -> AttachmentDeclaration {
        AttachmentDeclaration(
            target, programs: programs, modes: modes, placement: placement, owner: owner, at: place)
    }
}
