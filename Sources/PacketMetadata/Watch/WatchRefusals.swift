// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

// Why packets cannot be watched, before anything is attached and when the kernel says so.

extension PacketStream {
    private static let pageSize = 4096

    static func check(_ request: WatchRequest, _ summary: String) throws(PacketMetadataError) {
        let size = request.bufferSize
        guard size >= pageSize, size & (size - 1) == 0, size <= 1 << 30 else {
            throw PacketMetadataError(
                .usage, summary, reason: "a buffer of \(size.of("byte")) cannot be",
                remedy: "Its size is a power of two, from 4096 to 1 GiB.")
        }
        guard request.sample >= 1, request.sample <= Int(UInt32.max) else {
            throw PacketMetadataError(.usage, summary, reason: "a sample is of one packet in 1 or more")
        }
        guard request.filter.conditions.count <= PacketFilter.maximumConditions else {
            throw PacketMetadataError(
                .usage, summary, reason: "there are more than \(PacketFilter.maximumConditions) conditions")
        }
    }

    static func refuseUnknown(
        _ request: WatchRequest, _ image: RegistryImage, _ summary: String
    ) throws(PacketMetadataError) {
        for name in request.fields + request.filter.conditions.map(\.field) where image.field(named: name) == nil {
            throw PacketMetadataError(
                .notFound, summary, reason: "the registry has no field \(name)",
                remedy: NearestName.question(name.text, among: image.fields.map(\.name.text))
                    + "pktmeta inspect-map registry lists its fields.")
        }
    }

    static func refusal(_ error: BPFError, _ summary: String) -> PacketMetadataError {
        switch error.errno {
        case .invalidArgument:
            PacketMetadataError(
                .unsupported, summary, reason: "the kernel has no TCX links (EINVAL); they came with Linux 6.6",
                remedy: "A filter of clsact would outlive a process that is killed, so that is no way out.")
        case .outOfRange:
            PacketMetadataError(
                .taken, summary, reason: "as many programs as the kernel allows are attached to its TC ingress (ERANGE)"
            )
        default: PacketMetadataError(error, summary, needs: [.bpf, .netAdmin])
        }
    }
}
