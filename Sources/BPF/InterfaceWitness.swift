// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
public import Linux
internal import SystemPackage

/// Tells whether an interface is still where it was, in whatever network namespace that is and whoever asks.
///
/// It is a map of interfaces (BPF_MAP_TYPE_DEVMAP) with one element, that the kernel removes when the interface goes or
/// moves to another namespace (`dev_map_notification` in kernel/bpf/devmap.c): when its filters go too.
public struct InterfaceWitness: ~Copyable {
    private let map: BPFMap

    /// - Parameter ifindex: of this thread's network namespace.
    public init(of ifindex: UInt32) throws(BPFError) {
        let map = try BPFMap(
            creating: "pktmeta_witness", .init(kind: .other(BPF_MAP_TYPE_DEVMAP.rawValue), valueSize: 4, entries: 1))
        try map.update(at: 0, Netlink.bytes(of: ifindex))
        self.map = map
    }

    public init(pinnedAt entry: FolderEntry) throws(BPFError) {
        map = try BPFMap(pinnedAt: entry, readOnly: true)
    }

    public func pin(at entry: FolderEntry) throws(BPFError) { try map.pin(at: entry) }

    public func isGone() throws(BPFError) -> Bool {
        do throws(BPFError) {
            _ = try map.values(at: 0)
            return false
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return true
        }
    }
}
