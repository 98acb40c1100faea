// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

/// Where the interface of an attachment is now, as far as this process can find out: it may have another name by now, or be
/// in another network namespace, and takes its links along.
final class InterfacePlace {
    let netnsCookie: UInt64
    let ifindex: UInt32
    let hook: Hook
    /// Whether the interface is in this thread's network namespace.
    let isHere: Bool
    /// As it was recorded.
    private let recordedName: String
    /// nil if the interface is here, or was not found.
    private let elsewhere: NetworkNamespace?

    /// - Parameter isPossible: whether it may be in the network namespace of that cookie.
    private init(_ member: Member, where isPossible: (UInt64) -> Bool = { _ in true }) {
        let (hook, hold) = (member.attachment.record.hook, member.hold)
        self.hook = hook
        recordedName = member.name
        // An interface takes its links along to another namespace, where its index may be another.
        let ifindex = hold?.ifindex ?? member.ifindex
        func isThere() -> Bool {
            guard let hold else { return (try? NetworkNamespace.currentCookie()) == member.netnsCookie }
            guard hook.shows(hold.trace, ifindex: ifindex) else { return false }
            return (try? NetworkNamespace.currentCookie()).map(isPossible) ?? true
        }
        isHere = isThere()
        elsewhere = isHere ? nil : NetworkNamespace.find(where: isThere)
        var cookie = isHere ? try? NetworkNamespace.currentCookie() : nil
        if elsewhere != nil {
            cookie = try? elsewhere?.run { () throws(Errno) in try NetworkNamespace.currentCookie() }
        }
        netnsCookie = cookie ?? member.netnsCookie
        self.ifindex = ifindex
    }

    var isFound: Bool { isHere || elsewhere != nil }

    /// Runs something in the interface's network namespace.
    ///
    /// - Returns: nil if that was not found, or may not be entered.
    func run<Value>(_ body: () -> Value) -> Value? {
        if isHere { return body() }
        return try? elsewhere?.run { () throws(Errno) in body() }
    }

    /// The name that the interface has there; nil if there is none of its index, or it cannot be known.
    var nameNow: String? { run { (try? NetworkInterface(index: ifindex))?.name } ?? nil }

    var site: HookSite { .interface(netnsCookie: netnsCookie, ifindex: ifindex) }

    /// The name that the interface has now; the one that it had when it was attached to, if that cannot be known.
    var interface: String { nameNow ?? recordedName }

    var namespace: NamespaceLabel {
        if isHere { return .here }
        if let name = try? elsewhere?.name() { return .named(name) }
        return .cookie(netnsCookie)
    }
}

// MARK: Of several attachments

extension InterfacePlace {
    /// An attachment to an interface's hook.
    struct Member {
        let attachment: Attachment
        /// As it was recorded.
        let name: String
        let netnsCookie: UInt64
        let ifindex: UInt32
        /// How it is held at its hook; nil if it is not, or this process may not know.
        let hold: Hold?

        /// - Returns: nil for other hooks.
        init?(_ attachment: Attachment) {
            guard case .interface(let name, let netnsCookie, let ifindex) = attachment.record.site else { return nil }
            (self.attachment, self.name, self.netnsCookie, self.ifindex) = (attachment, name, netnsCookie, ifindex)
            hold = try? attachment.hold()
        }

        /// Where it was when a command that writes last looked for it.
        fileprivate var lastSite: HookSite {
            HookPoint(attachmentNamed: attachment.name)?.site ?? attachment.record.site.site
        }
    }

    /// Where attachments are, by their indices.
    ///
    /// Hooks may not tell some from each other (``AttachmentIndex/isAmbiguous``), until the next command that writes has parted
    /// them. Of these, one whose interface has the index that it was attached by is taken to be where it was attached; the
    /// others are where such programs are besides.
    static func all(_ members: [Int: Member]) -> [Int: InterfacePlace] {
        var places: [Int: InterfacePlace] = [:]
        for (trace, alike) in Dictionary(grouping: members, by: { $0.value.hold?.trace }) {
            if trace == nil || alike.count == 1 {
                for (index, member) in alike { places[index] = InterfacePlace(member) }
            } else {
                places.merge(all(alike: alike.sorted { $0.key < $1.key })) { $1 }
            }
        }
        return places
    }

    /// Of attachments that hooks do not tell from each other.
    private static func all(alike members: [(key: Int, value: Member)]) -> [Int: InterfacePlace] {
        var places: [Int: InterfacePlace] = [:]
        var taken: Set<UInt64> = []
        func put(_ place: InterfacePlace, at index: Int) {
            places[index] = place
            taken.insert(place.netnsCookie)
        }
        for (index, member) in members {
            guard case .interface(let netnsCookie, let ifindex) = member.lastSite, member.hold?.ifindex == ifindex
            else {
                continue
            }
            let place = InterfacePlace(member) { $0 == netnsCookie }
            if place.isFound { put(place, at: index) }
        }
        for (index, member) in members where places[index] == nil {
            put(InterfacePlace(member) { !taken.contains($0) }, at: index)
        }
        return places
    }
}
