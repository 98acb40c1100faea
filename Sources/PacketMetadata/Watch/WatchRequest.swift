// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
public import RegistryModel

/// What to watch, and how.
public struct WatchRequest: Sendable, Hashable {
    public var filter = PacketFilter()
    /// Fields to be told of; all if empty, also those that are registered meanwhile.
    public var fields: [FieldName] = []
    /// An event for one matching packet in so many of each CPU.
    public var sample = 1
    /// Bytes of events that may wait to be read: a power of two, and whole pages.
    public var bufferSize = 4 << 20
    /// Whether at TC egress, instead of ingress.
    public var isAtEgress = false
    var direction: TrafficDirection { isAtEgress ? .egress : .ingress }
    /// Where among the programs of the hook the watcher runs: one that ends a packet's way hides it from those behind.
    public var isFirst = true

    public init() {}
}
