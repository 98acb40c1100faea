// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel

/// Programs in the kernel that nothing is attached to yet: one or, in XDP, several that run one after the other.
///
/// Each one's way to the next is laid before anyone can get there, and never changed: a chain that changes is loaded
/// anew as a whole and takes the place of the old one by one link update. So a packet meets the old order or the new
/// one, and what a killed process leaves is one of them.
final class LoadedChain {
    struct Member {
        /// What was loaded: where the driver cannot be asked, another than what was wanted.
        let spec: ProgramSpec
        let loaded: LoadedProgram
        /// What the program does not do here that it does elsewhere, and why.
        var fallbacks: [AttachmentReport.Fallback] = []
    }

    /// In the order in which they run; never empty.
    let members: [Member]

    init(_ members: [Member]) throws(PacketMetadataError) {
        self.members = members
        try refuseExcess()
        try refuseMixedFragments()
        for (member, successor) in zip(members, members.dropFirst()) {
            try connect(member, successor)
        }
    }

    var first: LoadedProgram { members[0].loaded }

    /// Whether packets on their way through it lose their way when it goes.
    var makesTailCalls: Bool { members.count > 1 || first.makesTailCalls }

    private func connect(_ member: Member, _ successor: Member) throws(PacketMetadataError) {
        guard member.loaded.hasSuccessor else {
            throw PacketMetadataError(
                LoadingRefusal.noSuccessor(program: member.spec.name, next: successor.spec.name))
        }
        do throws(BPFError) {
            try member.loaded.setSuccessor(successor.loaded.program)
        } catch {
            throw PacketMetadataError(error, needs: [.bpf])
        }
    }

    /// Programs beyond would never run, without a word: a packet has 33 tail calls (MAX_TAIL_CALL_CNT in linux/bpf.h), and
    /// 32 before Linux 5.16.
    static let maximumCount = 33

    private func refuseExcess() throws(PacketMetadataError) {
        guard members.count > Self.maximumCount else { return }
        throw PacketMetadataError(LoadingRefusal.tooManyPrograms(members.count, most: Self.maximumCount))
    }

    /// The kernel has a program with fragments and one without them not call each other (EINVAL).
    private func refuseMixedFragments() throws(PacketMetadataError) {
        let plain = members.filter { !$0.loaded.takesFragments }
        guard !plain.isEmpty, plain.count < members.count else { return }
        let others = members.filter(\.loaded.takesFragments)
        throw PacketMetadataError(
            LoadingRefusal.mixedFragments(without: plain.map(\.spec.name), with: others.map(\.spec.name)))
    }
}
