// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

/// A link that is pinned. Good in whatever network namespace this thread is, but for netfilter, whose links cannot have
/// another program put in: there a second link stands in while the first is made anew.
///
/// A packet that comes by meanwhile meets the old program and the new one, or the new one twice, and never none: what a
/// program drops is dropped, and what it counts may be counted twice (Design.md).
struct LinkAnchor: Sendable {
    let folders: Attachment.Folders

    private var pin: FolderEntry { folders.link }
    /// Of netfilter, while the link is being made anew: at another priority, with the new program.
    private var standIn: FolderEntry { folders.standIn }

    func state() throws(BPFError) -> Anchor.State {
        let link = try Self.information(pin)
        switch link?.kind {
        case .netfilter, nil:
            // A stand-in has the newer program.
            if let standIn = try Self.information(standIn) { return .attached(Hold(standIn)) }
        default: break
        }
        guard let link, link.isAttached else { return .gone }
        return .attached(Hold(link))
    }

    func update(to program: borrowing BPFProgram, replacing attached: borrowing BPFProgram) throws(BPFError) {
        let link = try BPFLink(pinnedAt: pin)
        let information = try link.information
        guard case .netfilter = information.kind, let place = folders.netfilterPlace else {
            return try link.update(to: program, replacing: attached)
        }
        guard information.programID == attached.id else { throw BPFError("replace \(attached.name)", .notPermitted) }
        try replace(by: program, place)
    }

    /// Detaches now. A link whose last pin goes is let go of only after a while: the hook would be taken until then. If this
    /// fails, unlinking does it.
    func letGo() {
        for pin in [pin, standIn] { try? BPFLink(pinnedAt: pin).detach() }
    }

    private static func information(_ pin: FolderEntry) throws(BPFError) -> LinkInformation? {
        do throws(BPFError) {
            return try BPFLink(pinnedAt: pin).information
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }

    // MARK: Netfilter

    private func replace(by program: borrowing BPFProgram, _ place: NetfilterPlace) throws(BPFError) {
        let isDone: Void? = try place.run { () throws(BPFError) in
            try Self.attach(program, beside: place).pin(at: standIn)
            finishReplacement(by: program, place)
        }
        if isDone == nil { throw BPFError("find and enter the network namespace of \(program.name)", .notPermitted) }
    }

    /// Goes on with a replacement that was cut short.
    ///
    /// - Parameter program: where the new program is pinned, which the stand-in has if there is one.
    func finishReplacement(by program: FolderEntry) throws(BPFError) {
        guard try standIn.isThere() else { return }
        let program = try BPFProgram(pinnedAt: program)
        guard let place = folders.netfilterPlace else { return makeDo() }
        let isDone: Void? = try place.run { () throws(BPFError) in finishReplacement(by: program, place) }
        if isDone == nil { makeDo() }
    }

    /// Makes the link anew, and lets the stand-in go; if others have taken the place meanwhile, the stand-in becomes the
    /// link.
    private func finishReplacement(by program: borrowing BPFProgram, _ place: NetfilterPlace) {
        try? BPFLink(pinnedAt: pin).detach()
        do throws(BPFError) {
            try Self.unlink(pin)
            try BPFLink.netfilter(program, at: place.position).pin(at: pin)
            try? BPFLink(pinnedAt: standIn).detach()
            try Self.unlink(standIn)
        } catch {
            makeDo()
        }
    }

    /// Where the link is, if that is not where its attachment is to be: others had its place when it was made anew.
    func displacement() throws(BPFError) -> NetfilterHook? {
        var link = try Self.information(standIn)
        if link == nil { link = try Self.information(pin) }
        guard case .netfilter(let position) = link?.kind, let place = folders.netfilterPlace?.position,
            position.priority != place.priority
        else { return nil }
        return NetfilterHook(position)
    }

    /// Goes back to where the attachment is to be, unless others still have that place.
    ///
    /// - Parameter program: where the program is pinned that the link has.
    /// - Returns: whether it is there.
    func goBack(with program: FolderEntry) throws(BPFError) -> Bool {
        if try !standIn.isThere() {
            do throws(Errno) {
                try pin.rename(to: standIn)
            } catch {
                throw BPFError("rename \(pin)", error)
            }
        }
        try finishReplacement(by: program)
        return try displacement() == nil
    }

    /// The stand-in stays, at its other priority, until the next command that writes has it go back.
    private func makeDo() {
        try? BPFLink(pinnedAt: pin).detach()
        try? standIn.rename(to: pin)
    }

    /// At the nearest free priority: behind the program's own at first.
    private static func attach(
        _ program: borrowing BPFProgram, beside place: NetfilterPlace
    ) throws(BPFError) -> BPFLink {
        var position = place.position
        var refusal: BPFError?
        for distance in 1...farthest {
            for (priority, isTooFar) in [
                place.position.priority.addingReportingOverflow(distance),
                place.position.priority.subtractingReportingOverflow(distance),
            ] where !isTooFar {
                position.priority = priority
                do throws(BPFError) {
                    return try BPFLink.netfilter(program, at: position)
                } catch {
                    guard error.errno == .resourceBusy || error.errno == .outOfRange else { throw error }
                    refusal = refusal ?? error
                }
            }
        }
        throw refusal ?? BPFError("attach \(program.name)", .resourceBusy)
    }

    /// Away from the program's own priority, that a stand-in may be.
    private static let farthest: Int32 = 32

    private static func unlink(_ pin: FolderEntry) throws(BPFError) {
        do throws(Errno) {
            try pin.unlink()
        } catch {
            throw BPFError("unlink \(pin)", error)
        }
    }
}

/// Where in netfilter an attachment's link is to be, as its record says.
struct NetfilterPlace: Sendable {
    let position: NetfilterPosition
    let netnsCookie: UInt64

    /// Runs something in the network namespace.
    ///
    /// - Returns: nil if it is not found, or this process may not enter it.
    func run<Value>(_ body: () throws(BPFError) -> Value) throws(BPFError) -> Value? {
        try NetworkNamespace.run(where: { (try? NetworkNamespace.currentCookie()) == netnsCookie }, body)
    }
}

extension Attachment.Folders {
    /// nil of other hooks.
    fileprivate var netfilterPlace: NetfilterPlace? {
        guard let record, case .netfilter(let hook, let netnsCookie) = record.site else { return nil }
        return NetfilterPlace(position: hook.position(record.mode), netnsCookie: netnsCookie)
    }
}
