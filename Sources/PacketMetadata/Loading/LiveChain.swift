// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel

/// Programs that a link of this process holds at the hook of an interface, for as long as this value lives: nothing is
/// pinned.
final class LiveChain {
    private(set) var chain: LoadedChain
    private let link: BPFLink
    private let interface: String?

    /// - Parameter interface: to be named when it has gone; nil if what is asked for names it.
    init(_ chain: LoadedChain, _ link: consuming BPFLink, on interface: String? = nil) {
        self.chain = chain
        self.interface = interface
        self.link = link
    }

    /// Puts other programs in the place of these, with no packet unprocessed in between.
    func swap(to new: LoadedChain) throws(PacketMetadataError) {
        do throws(BPFError) {
            try link.update(to: new.first.program, replacing: chain.first.program)
            // A packet that is still on its way along the old programs must find its end.
            if chain.makesTailCalls { try waitForRunningPrograms() }
        } catch {
            try refuseIfGone()
            throw PacketMetadataError(error, needs: [.bpf, .netAdmin])
        }
        chain = new
    }

    /// - Throws: `notFound` if the interface has gone.
    func refuseIfGone() throws(PacketMetadataError) {
        do throws(BPFError) {
            if try link.information.isAttached { return }
        } catch {
            throw PacketMetadataError(error)
        }
        throw PacketMetadataError(LoadingRefusal.interfaceGone(interface))
    }
}
