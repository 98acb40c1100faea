// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import RegistryModel

/// How programs get to one hook, as far as hooks differ: a further kind of hook is one more of these.
protocol HookAttaching {
    var hook: Hook { get }

    /// The modes to try, one after the other.
    ///
    /// - Parameter asked: nil for the best there is.
    func modes(_ asked: AttachmentMode?) throws(PacketMetadataError) -> CandidateModes

    /// What to do to the hook.
    ///
    /// - Parameters:
    ///   - specs: the programs wanted.
    ///   - existing: the attachments that this registry has there, in the order in which they run.
    /// - Throws: `notFound` or `usage` if the request's place among other programs is not clear.
    func plan(
        _ specs: [ProgramSpec], _ existing: [Attachment], _ request: AttachmentRequest
    ) throws(PacketMetadataError) -> HookPlan

    /// Whether the hook can have a new attachment, as far as that can be known beforehand.
    ///
    /// - Throws: `taken` if it has room for one, and somebody else is there.
    func refuseIfTaken() throws(PacketMetadataError)

    /// Attaches a program by a link that is not pinned.
    ///
    /// - Parameter position: among all programs of the hook; nil for the usual place.
    func link(
        _ program: borrowing BPFProgram, _ mode: AttachmentMode, at position: TCXPosition?
    ) throws(BPFError) -> BPFLink

    /// Attaches a program so that it stays, with all that has to be pinned for that.
    func attach(
        _ program: borrowing BPFProgram, _ mode: AttachmentMode, at position: TCXPosition?,
        pinnedIn folders: Attachment.Folders
    ) throws(BPFError)

    /// Why the next of the candidate modes is the way out of an error; nil if it is not.
    func reasonToFallBack(from mode: AttachmentMode, _ error: BPFError) -> AttachmentReport.Fallback?

    /// What the kernel refused, for what it means at this hook.
    func refusal(_ error: BPFError, in mode: AttachmentMode) -> any Refusal
}

/// Modes to try, one after the other.
struct CandidateModes {
    /// Never empty.
    let modes: [AttachmentMode]
    /// Why the first is not the hook's preferred one, if nobody asked for it.
    var reason: AttachmentReport.Fallback?
}

extension HookAttaching {
    func refuseIfTaken() {}

    func attach(
        _ program: borrowing BPFProgram, _ mode: AttachmentMode, at position: TCXPosition?,
        pinnedIn folders: Attachment.Folders
    ) throws(BPFError) {
        try link(program, mode, at: position).pin(at: folders.link)
    }

    /// In what order programs are to run, which join those that are there or take their place.
    ///
    /// - Parameter placement: of those that join, if the hook's order is that of the arrangement.
    func arrangement(
        _ specs: [ProgramSpec], _ existing: [AttachmentRecord], _ request: AttachmentRequest,
        at placement: Placement? = nil
    ) throws(PacketMetadataError) -> Arrangement {
        let (there, wanted) = (existing.map(\.identity), specs.map(\.identity))
        do throws(ArrangementError) {
            return switch request.standing {
            case .replacing: Arrangement(existing: there, replacedBy: wanted)
            case .joining: try Arrangement(existing: there, joinedBy: wanted, at: placement)
            case .declared(let upkeep):
                Arrangement(existing: there, declared: wanted) { !upkeep.removes(existing[$0]) }
            }
        } catch {
            throw PacketMetadataError(AttachingRefusal(error))
        }
    }
}

extension AttachingRefusal {
    init(_ error: ArrangementError) {
        self =
            switch error {
            case .notThere(let word, let there): .programNotAttached(word, among: there)
            case .ambiguous(let word, let meant): .ambiguousProgram(word, meant)
            case .isWanted(let word): .neighbourIsWanted(word)
            }
    }
}
