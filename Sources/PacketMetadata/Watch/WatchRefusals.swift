// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

// Why packets cannot be watched, before anything is attached and when the kernel says so.

extension PacketStream {
    private static let pageSize = 4096

    static func check(_ request: WatchRequest) throws(PacketMetadataError) {
        let size = request.bufferSize
        guard size >= pageSize, size & (size - 1) == 0, size <= 1 << 30 else {
            throw PacketMetadataError(WatchRefusal.badBufferSize(size))
        }
        guard request.sample >= 1, request.sample <= Int(UInt32.max) else {
            throw PacketMetadataError(WatchRefusal.badSample(request.sample))
        }
        let count = request.filter.conditions.count
        if count > PacketFilter.maximumConditions { throw PacketMetadataError(WatchRefusal.tooManyConditions(count)) }
    }

    static func refuseUnknown(_ request: WatchRequest, _ image: RegistryImage) throws(PacketMetadataError) {
        for name in request.fields + request.filter.conditions.map(\.field) where image.field(named: name) == nil {
            throw PacketMetadataError(WatchRefusal.noSuchField(name, among: image.fields.map(\.name)))
        }
    }

    static func refusal(_ error: BPFError, at hook: Hook) -> any Refusal {
        switch error.errno {
        case .invalidArgument: WatchRefusal.noTCXLinks(error.errno)
        case .outOfRange: AttachingRefusal.hookFull(hook, error.errno)
        default: KernelRefusal(error, needs: [.bpf, .netAdmin])
        }
    }
}
