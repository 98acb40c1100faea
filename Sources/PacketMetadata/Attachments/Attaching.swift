// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
public import SystemPackage

/// What to attach to one hook of an interface.
public enum ProgramChoice: Sendable, Hashable {
    /// Leave the hook as it is.
    case none
    /// The prebuilt one, unless a program of the user's own is attached to the hook by this registry.
    case prebuiltUnlessOwn
    /// The prebuilt one: the producer in XDP, the consumer in TC.
    case prebuilt
    /// The one that takes private fields off.
    case scrub
    /// A program of an object; without a name, the only one there is for the hook.
    case object(FilePath, program: String?)
}

/// Which XDP mode to attach in.
public enum XDPModeChoice: String, Sendable, Hashable, CaseIterable {
    /// Native, or generic if the driver has no XDP.
    case auto
    case native, generic

    var candidates: [BPFLink.XDPMode] {
        switch self {
        case .auto: [.native, .generic]
        case .native: [.native]
        case .generic: [.generic]
        }
    }
}

/// What came of attaching to one hook.
public struct AttachmentReport: Sendable, Hashable {
    public enum Outcome: String, Sendable {
        case attached, replaced, unchanged, detached
    }

    public let interface: String
    public let hook: Hook
    /// Its name in the object.
    public let program: String
    public let mode: AttachmentMode
    public let outcome: Outcome
    /// The mode is not the one asked for first, and why.
    public let fallback: String?
}

extension Registry {
    /// Attaches programs to an interface of this thread's network namespace, by pinned links that outlive this process.
    ///
    /// Where this registry has a program attached already, it is replaced, with no packet unprocessed in between.
    /// Programs of others are never touched. If one hook fails, the other is as it was before.
    ///
    /// - Parameter registersMissing: registers fields that the objects declare with their type and that are not
    ///   registered; if attaching fails, they are unregistered again.
    /// - Throws: `notFound` if there is no such interface or a program's field is not registered; `badData` for what is
    ///   wrong with an object; `taken` if something else holds the hook; `unsupported`; `missingPrivilege`.
    public func attach(
        to interfaceName: String, xdp: ProgramChoice, tc: ProgramChoice, mode: XDPModeChoice = .auto,
        registersMissing: Bool = false
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let added = registersMissing ? try registerMissing([xdp, tc], interfaceName) : []
        do throws(PacketMetadataError) {
            return try attach(to: interfaceName, xdp: xdp, tc: tc, mode)
        } catch {
            for field in added { _ = try? unregister(field.name) }
            throw error
        }
    }

    private func registerMissing(
        _ choices: [ProgramChoice], _ interfaceName: String
    ) throws(PacketMetadataError) -> [RegisteredField] {
        var added: [RegisteredField] = []
        for case .object(let path, _) in choices {
            let loader = ProgramLoader(
                try ObjectFile(path: path), image: try image(), isStrict: true,
                summary: "cannot attach to \(interfaceName)")
            do throws(PacketMetadataError) {
                for definition in try loader.missingDefinitions() { added.append(try register(definition).field) }
            } catch {
                for field in added { _ = try? unregister(field.name) }
                throw error
            }
        }
        return added
    }

    private func attach(
        to interfaceName: String, xdp: ProgramChoice, tc: ProgramChoice, _ mode: XDPModeChoice
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let attacher = try Attacher(interfaceName, mode, registry: self, summary: "cannot attach to \(interfaceName)")
        return try folder.locked { () throws(PacketMetadataError) in
            try refuseIfReplaced(attacher.summary)
            try recover(attacher.summary)
            let image = try image()
            try refuseIfDamaged(image, attacher.summary)
            try refuseIfTagIsShared(image, attacher.summary)

            // Whatever is wrong with an object shows before anything is attached.
            var prepared: [Attacher.Prepared] = []
            for (choice, hook) in [(xdp, Hook.xdp), (tc, .tcIngress)] {
                if let program = try attacher.load(choice, hook, image, self) { prepared.append(program) }
            }

            var applied: [Attacher.Applied] = []
            do throws(PacketMetadataError) {
                for program in prepared { applied.append(try attacher.apply(program, self)) }
            } catch {
                for done in applied.reversed() { attacher.revert(done) }
                throw error
            }
            return applied.map(\.report)
        }
    }

    /// Whether this thread's network namespace has such an interface.
    ///
    /// - Throws: `notFound` if not.
    public static func checkInterface(_ name: String) throws(PacketMetadataError) {
        _ = try Attacher.interface(name, "cannot attach to \(name)")
    }

    /// Detaches this registry's programs from hooks of an interface of this thread's network namespace.
    ///
    /// - Throws: `notFound` if there is no such interface, or nothing of this registry is attached there.
    public func detach(from interfaceName: String, hooks: [Hook]) throws(PacketMetadataError) -> [AttachmentReport] {
        let summary = "cannot detach from \(interfaceName)"
        let attacher = try Attacher(interfaceName, .auto, registry: self, summary: summary)
        let reports = try folder.locked { () throws(PacketMetadataError) in
            try attacher.store.recover()
            var reports: [AttachmentReport] = []
            for hook in hooks {
                guard let attachment = try attacher.existing(hook) else { continue }
                reports.append(try attacher.detach(attachment))
            }
            return reports
        }
        guard !reports.isEmpty else {
            throw PacketMetadataError(
                .notFound, summary,
                reason: "nothing of the registry \(path) is attached to its "
                    + hooks.map(\.description).joined(separator: " or "))
        }
        return reports
    }
}
