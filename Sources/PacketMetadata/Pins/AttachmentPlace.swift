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

    init(_ attachment: Attachment) {
        let record = attachment.record
        let hook = record.hook
        self.hook = hook
        recordedName = record.interface
        // An interface takes its links along to another namespace, where its index may be another.
        let ifindex = (try? attachment.ifindex()) ?? record.ifindex
        let program = try? attachment.anchor.programID()
        let isThere = {
            guard let program else { return (try? NetworkNamespace.currentCookie()) == record.netnsCookie }
            return (try? hook.programIDs(ifindex: ifindex))?.contains(program) ?? false
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

extension Attachment {
    /// The name that its interface has now, or else had when it was attached to.
    var interface: String { AttachmentPlace(self).interface }
}
