// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel

/// Which packets to follow, and how.
public struct TraceRequest: Sendable, Hashable {
    /// All of it has to hold where a packet is seen first; from there on the packet is known by its address.
    public var filter = PacketFilter()
    /// Fields to be told of; all if empty, also those that are registered meanwhile.
    public var fields: [FieldName] = []
    /// One of the packets that match in so many of each CPU is followed.
    public var sample = 1
    /// Bytes of events that may wait to be read: a power of two, and whole pages.
    public var bufferSize = 4 << 20
    /// Follow no more than so many packets, and their copies; nil: all.
    public var count: Int?

    public init() {}
}

extension TraceRequest: PacketRequest {}
