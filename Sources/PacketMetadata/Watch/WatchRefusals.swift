// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

// Why packets cannot be watched, before anything is attached and when the kernel says so.

/// What a request for packets says, wherever they are told of.
protocol PacketRequest {
    var filter: PacketFilter { get }
    var fields: [FieldName] { get }
    var sample: Int { get }
    var bufferSize: Int { get }
}

extension WatchRequest: PacketRequest {}

extension PacketRequest {
    /// All that has to be registered.
    var names: [FieldName] { fields + filter.conditions.map(\.field) }

    /// - Throws: `usage` if it makes no sense.
    func check() throws(PacketMetadataError) {
        try EventBuffer.check(bufferSize)
        try filter.check()
        guard sample >= 1, sample <= Int(UInt32.max) else {
            throw PacketMetadataError(WatchRefusal.badSample(sample))
        }
    }
}

extension PacketFilter {
    func check() throws(PacketMetadataError) {
        let count = conditions.count
        if count > Self.maximumConditions { throw PacketMetadataError(WatchRefusal.tooManyConditions(count)) }
        if let number = self.protocol, !Self.hasPorts(number), sourcePort != nil || destinationPort != nil {
            throw PacketMetadataError(WatchRefusal.noPorts(protocol: number))
        }
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
