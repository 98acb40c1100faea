// SPDX-License-Identifier: BSD-2-Clause

/// Programs that are loaded, and the records that they are pinned with.
struct RecordedChain {
    let chain: LoadedChain
    /// One of each program, in their order.
    let records: [AttachmentRecord]

    init(_ chain: LoadedChain, _ records: [AttachmentRecord]) {
        precondition(chain.members.count == records.count)
        (self.chain, self.records) = (chain, records)
    }

    /// Of programs that are new at their hook.
    init(_ chain: LoadedChain, mode: AttachmentMode, at site: RecordedSite, hasEthernetHeader: Bool) {
        self.init(
            chain,
            chain.members.map {
                AttachmentRecord($0, mode: mode, at: site, hasEthernetHeader: hasEthernetHeader)
            })
    }

    var members: [LoadedChain.Member] { chain.members }
    var first: LoadedProgram { chain.first }
}
