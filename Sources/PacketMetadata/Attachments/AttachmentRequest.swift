// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
package import RegistryModel
public import SystemPackage

/// A program to attach.
public enum ProgramChoice: Sendable, Hashable {
    /// The prebuilt one: the producer in XDP, the consumer in TC.
    case prebuilt
    /// The one that takes private fields off.
    case scrub
    /// A program of an object; without a name, the only one there is for the hook.
    case object(FilePath, program: String?)
}

/// What a hook is to have.
public enum ProgramSelection: Sendable, Hashable {
    /// What it has.
    case unchanged
    /// The prebuilt program, unless a program of the user's own is attached to the hook by this registry.
    case prebuiltUnlessOwn
    /// These, in the order in which they run.
    case programs([ProgramChoice])
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

/// How to attach TC programs.
public enum TCModeChoice: String, Sendable, Hashable, CaseIterable {
    /// TCX, or clsact if the kernel has no TCX.
    case auto
    case tcx, clsact
}

/// What to attach to the hooks of an interface, and how.
public struct AttachmentRequest: Sendable, Hashable {
    public var xdp: ProgramSelection
    public var tc: ProgramSelection
    public var mode: XDPModeChoice
    public var tcMode: TCModeChoice
    /// Attaches beside what this registry has attached, instead of in its place.
    public var joins: Bool
    /// Where, for hooks whose programs are named: in XDP among the programs of the chain, if it joins one; at TC among
    /// all programs of the hook.
    public var placement: Placement?
    /// Registers fields that the objects declare with their type and that are not registered; if attaching fails, they
    /// are unregistered again.
    public var registersMissing: Bool

    /// - Parameters:
    ///   - xdp: nil for the default: ``ProgramSelection/prebuiltUnlessOwn``, or ``ProgramSelection/unchanged`` if `tc`
    ///     names programs, since what was named is what is attached.
    ///   - tc: likewise.
    ///   - mode: which XDP mode to attach in.
    ///   - tcMode: how to attach TC programs.
    ///   - joins: whether to attach beside what this registry has attached.
    ///   - placement: where among the hook's programs; nil for the place that is usual.
    ///   - registersMissing: whether fields that the objects declare and that are not registered are registered.
    public init(
        xdp: ProgramSelection? = nil, tc: ProgramSelection? = nil,
        mode: XDPModeChoice = .auto, tcMode: TCModeChoice = .auto, joins: Bool = false, placement: Placement? = nil,
        registersMissing: Bool = false
    ) {
        self.xdp = xdp ?? Self.selection(beside: tc)
        self.tc = tc ?? Self.selection(beside: xdp)
        self.mode = mode
        self.tcMode = tcMode
        self.joins = joins
        self.placement = placement
        self.registersMissing = registersMissing
    }

    /// For a hook of which nothing is said.
    private static func selection(beside other: ProgramSelection?) -> ProgramSelection {
        if case .programs = other { .unchanged } else { .prebuiltUnlessOwn }
    }

    func selection(_ hook: Hook) -> ProgramSelection {
        switch hook {
        case .xdp: xdp
        case .tcIngress: tc
        }
    }

    func placement(_ hook: Hook) -> Placement? {
        if case .programs = selection(hook) { placement } else { nil }
    }

    /// Whether the objects can be read, before anything is made for them.
    ///
    /// - Throws: `badData` or `missingPrivilege` if one cannot.
    package func checkObjects() throws(PacketMetadataError) {
        for path in objects { _ = try ObjectFile(path: path) }
    }

    var objects: [FilePath] {
        [xdp, tc].flatMap { selection in
            guard case .programs(let choices) = selection else { return [FilePath]() }
            return choices.compactMap { if case .object(let path, _) = $0 { path } else { nil } }
        }
    }
}

/// What came of attaching a program to a hook, or of detaching it.
public struct AttachmentReport: Sendable, Hashable {
    public enum Outcome: String, Sendable {
        case attached, replaced, unchanged, detached
    }

    public let interface: String
    /// The interface's; by its name, if `ip netns` has one.
    public let namespace: HookStatus.Namespace
    public let hook: Hook
    /// Its name in the object.
    public let program: String
    public let mode: AttachmentMode
    public let outcome: Outcome
    /// The mode is not the one asked for first, and why.
    public let fallback: String?
}

extension AttachmentReport {
    /// Of an interface that may be in another network namespace than this thread, or gone.
    static func detached(_ record: AttachmentRecord) -> AttachmentReport {
        AttachmentReport(
            interface: record.interface, namespace: .cookie(record.netnsCookie), hook: record.hook,
            program: record.program, mode: record.mode, outcome: .detached, fallback: nil)
    }

    /// The same program at the end of its time.
    var detached: AttachmentReport {
        AttachmentReport(
            interface: interface, namespace: namespace, hook: hook, program: program, mode: mode, outcome: .detached,
            fallback: nil)
    }
}
