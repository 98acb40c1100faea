// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

// Why packets cannot be watched, before anything is attached and when the kernel says so.

extension WatchRequest {
    func check() throws(PacketMetadataError) {
        try EventBuffer.check(bufferSize)
        try WatchRequest.check(sample: sample)
        try filter.check()
    }

    static func check(sample: Int) throws(PacketMetadataError) {
        guard sample >= 1, sample <= Int(UInt32.max) else {
            throw PacketMetadataError(WatchRefusal.badSample(sample))
        }
    }
}

extension PacketFilter {
    func check() throws(PacketMetadataError) {
        let count = conditions.count
        if count > Self.maximumConditions { throw PacketMetadataError(WatchRefusal.tooManyConditions(count)) }
    }
}

extension RegistryImage {
    func refuseUnknown(_ names: [FieldName]) throws(PacketMetadataError) {
        for name in names where field(named: name) == nil {
            throw PacketMetadataError(WatchRefusal.noSuchField(name, among: fields.map(\.name)))
        }
    }
}

extension PacketStream {
    static func refusal(_ error: BPFError, at hook: Hook) -> any Refusal {
        switch error.errno {
        case .invalidArgument: WatchRefusal.noTCXLinks(error.errno)
        case .outOfRange: AttachingRefusal.hookFull(hook, error.errno)
        default: KernelRefusal(error, needs: [.bpf, .netAdmin])
        }
    }
}
