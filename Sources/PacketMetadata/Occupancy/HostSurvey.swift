// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

/// What is pinned on this machine, and which links and qdiscs the kernel has: asked once, and only if somebody wants to know,
/// for however many hooks are looked at.
final class HostSurvey {
    private lazy var search = PinSearch(foldersLike: Self.isDispatcherFolder) { object in
        if case .map = object { false } else { true }
    }
    private lazy var programPins = pins { if case .program(let program) = $0 { program.id } else { nil } }
        .mapValues(ProgramPins.init)
    private lazy var linkPins = pins { if case .link(let link) = $0 { link.id } else { nil } }
    private lazy var folders = Dictionary(grouping: search.folders) { $0.lastComponent?.string ?? "" }
    private lazy var links = Result { () throws(BPFError) in try Self.allLinks() }
    private lazy var linksByInterface = links.map { $0.map { Dictionary(grouping: $0, by: \.ifindex) } }

    private struct ProgramPins {
        let information: ProgramInformation?
        /// In the order of their names.
        let all: [FilePath]
        /// By the attachment that the pin is a part of; "" for others.
        let byAttachment: [String: [FilePath]]

        init(_ pins: [PinnedObject]) {
            if case .program(let program)? = pins.first?.object { information = program } else { information = nil }
            all = pins.map(\.path).sorted { $0.string < $1.string }
            byAttachment = Dictionary(grouping: all) { HostSurvey.attachment(of: $0) ?? "" }
        }
    }

    /// Whether all pins could be looked at.
    var hasAllPins: Bool { search.isComplete }

    /// What a program's pin tells of it; nil if it has none that may be opened.
    func program(_ id: UInt32) -> ProgramInformation? { programPins[id]?.information }

    /// Attachments of a registry may share a program: one that is known has its own pins of it.
    ///
    /// - Parameter links: where the link is pinned that holds it; empty if that is not known.
    func pins(ofProgram id: UInt32, heldBy links: [FilePath]) -> [FilePath] {
        guard let pins = programPins[id] else { return [] }
        let attachments = Set(links.compactMap(Self.attachment))
        if attachments.isEmpty { return pins.all }
        return (attachments.sorted() + [""]).flatMap { pins.byAttachment[$0, default: []] }
    }

    func pins(ofLink id: UInt32) -> [FilePath] { (linkPins[id] ?? []).map(\.path) }

    /// The folder of the attachment that a pin would be a part of, in whatever registry.
    fileprivate static func attachment(of pin: FilePath) -> String? {
        guard let above = pin.components.lastIndex(where: { $0.string == RegistryPins.attachmentsName }) else {
            return nil
        }
        let name = pin.components.index(after: above)
        guard name < pin.components.endIndex else { return nil }
        return FilePath(root: pin.root, pin.components[...name]).string
    }

    /// XDP links of interfaces with that index, in whichever network namespace; of them only those that are pinned if this
    /// process may not list links, and then `isComplete` is false.
    func xdpLinks(ifindex: UInt32) throws(BPFError) -> (links: [LinkInformation], isComplete: Bool) {
        let isXDP = { (link: LinkInformation) in link.kind == .xdp && link.ifindex == ifindex }
        if let links = try linksByInterface.get() { return ((links[ifindex] ?? []).filter(isXDP), true) }
        return (pinnedLinks.filter(isXDP), false)
    }

    private var pinnedLinks: [LinkInformation] {
        linkPins.values.compactMap { pins in if case .link(let link) = pins.first?.object { link } else { nil } }
    }

    /// Links of a cgroup in the order in which they were made; of them only those that are pinned if this process may not list
    /// links.
    func links(ofCgroup id: UInt64, _ hook: CgroupHook) throws(BPFError) -> [LinkInformation] {
        (try links.get() ?? pinnedLinks).filter { $0.kind == .cgroup(id, hook) }.sorted { $0.id < $1.id }
    }

    private var qdiscs: [UInt64: [UInt32: (kind: String, isMarked: Bool)]] = [:]

    /// The qdisc that an interface of this thread's network namespace has for filters; nil if none.
    func qdisc(ifindex: UInt32) throws(BPFError) -> (kind: String, isMarked: Bool)? {
        // If the namespace cannot be told from others, nothing is kept.
        guard let here = try? NetworkNamespace.currentCookie() else { return try ClsactQdisc.all()[ifindex] }
        if let known = qdiscs[here] { return known[ifindex] }
        let all = try ClsactQdisc.all()
        qdiscs[here] = all
        return all[ifindex]
    }

    /// - Returns: nil if this process may not list them.
    private static func allLinks() throws(BPFError) -> [LinkInformation]? {
        do throws(BPFError) {
            return try LinkInformation.all()
        } catch {
            if error.errno == .notPermitted { return nil }
            throw error
        }
    }

    private func pins(by number: (PinnedObject.Object) -> UInt32?) -> [UInt32: [PinnedObject]] {
        var pins: [UInt32: [PinnedObject]] = [:]
        for pin in search.found { if let number = number(pin.object) { pins[number, default: []].append(pin) } }
        return pins
    }

    // MARK: libxdp

    /// Where libxdp pins what its dispatcher calls, in the folder `xdp` of a BPF file system (protocol.org in xdp-tools'
    /// lib/libxdp).
    func dispatcherFolder(ifindex: UInt32, program: UInt32) -> FilePath? {
        folders["\(Self.dispatcherPrefix)\(ifindex)-\(program)"]?.first
    }

    private static let dispatcherPrefix = "dispatch-"
    private static func isDispatcherFolder(_ name: String) -> Bool { name.hasPrefix(dispatcherPrefix) }
}
