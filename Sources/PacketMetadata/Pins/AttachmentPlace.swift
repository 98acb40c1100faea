// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

/// Where an attachment is now, as far as this process can find out: an interface may have another name by now, or be in
/// another network namespace, and takes its links along.
final class AttachmentPlace {
    let netnsCookie: UInt64
    let ifindex: UInt32
    let hook: Hook
    /// Whether the interface is in this thread's network namespace.
    let isHere: Bool
    /// As it was recorded.
    private let recordedName: String
    /// nil if the interface is here, or was not found.
    private let elsewhere: NetworkNamespace?

    /// - Parameters:
    ///   - hold: how it is held at its hook; nil if it is not, or this process may not know.
    ///   - isPossible: whether it may be in the network namespace of that cookie.
    private init(_ attachment: Attachment, _ hold: Hold?, where isPossible: (UInt64) -> Bool = { _ in true }) {
        let record = attachment.record
        let hook = record.hook
        self.hook = hook
        recordedName = record.interface
        // An interface takes its links along to another namespace, where its index may be another.
        let ifindex = hold?.ifindex ?? record.ifindex
        func isThere() -> Bool {
            guard let hold else { return (try? NetworkNamespace.currentCookie()) == record.netnsCookie }
            guard hook.shows(hold.trace, ifindex: ifindex) else { return false }
            return (try? NetworkNamespace.currentCookie()).map(isPossible) ?? true
        }
        isHere = isThere()
        elsewhere = isHere ? nil : NetworkNamespace.find(where: isThere)
        var cookie = isHere ? try? NetworkNamespace.currentCookie() : nil
        if elsewhere != nil {
            cookie = try? elsewhere?.run { () throws(Errno) in try NetworkNamespace.currentCookie() }
        }
        netnsCookie = cookie ?? record.netnsCookie
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

    /// The name that the interface has now; the one that it had when it was attached to, if that cannot be known.
    var interface: String { nameNow ?? recordedName }

    var namespace: NamespaceLabel {
        if isHere { return .here }
        if let name = try? elsewhere?.name() { return .named(name) }
        return .cookie(netnsCookie)
    }
}

// MARK: Of several attachments

extension AttachmentPlace {
    /// Where attachments are, in their order.
    ///
    /// Hooks may not tell some from each other (``AttachmentIndex/isAmbiguous``), until the next command that writes has parted
    /// them. Of these, one whose interface has the index that it was attached by is taken to be where it was attached; the
    /// others are where such programs are besides.
    static func all(_ attachments: [Attachment]) -> [AttachmentPlace] {
        let held = attachments.map { (attachment: $0, hold: try? $0.hold()) }
        var places: [Int: AttachmentPlace] = [:]
        for (trace, indices) in Dictionary(grouping: held.indices, by: { held[$0].hold?.trace }) {
            if trace == nil || indices.count == 1 {
                for index in indices { places[index] = AttachmentPlace(held[index].attachment, held[index].hold) }
            } else {
                places.merge(alike(indices.map { ($0, held[$0].attachment, held[$0].hold) })) { $1 }
            }
        }
        return held.indices.compactMap { places[$0] }
    }

    /// Of attachments that hooks do not tell from each other.
    private static func alike(
        _ members: [(index: Int, attachment: Attachment, hold: Hold?)]
    ) -> [Int: AttachmentPlace] {
        var places: [Int: AttachmentPlace] = [:]
        var taken: Set<UInt64> = []
        func put(_ place: AttachmentPlace, at index: Int) {
            places[index] = place
            taken.insert(place.netnsCookie)
        }
        for (index, attachment, hold) in members {
            let point = attachment.point
            guard hold?.ifindex == point.ifindex else { continue }
            let place = AttachmentPlace(attachment, hold) { $0 == point.netnsCookie }
            if place.isFound { put(place, at: index) }
        }
        for (index, attachment, hold) in members where places[index] == nil {
            put(AttachmentPlace(attachment, hold) { !taken.contains($0) }, at: index)
        }
        return places
    }
}

extension Attachment {
    /// Where it was when a command that writes last looked for it.
    fileprivate var point: HookPoint { HookPoint(attachmentNamed: name) ?? record.point }
}
