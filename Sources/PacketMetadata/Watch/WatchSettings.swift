// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI
internal import RegistryModel

// What a load of the watcher is told.

extension pktmeta_watch_settings {
    /// - Throws: `usage` if a value is not one of its field's type, or the type has no such comparison.
    init(
        _ filter: PacketFilter, sample: Int, wakeAfter: Int, table: WatchTable, image: RegistryImage
    ) throws(PacketMetadataError) {
        self.init()
        self.table = table.number
        self.sample = sample == 1 ? 0 : UInt32(sample)
        event_size = UInt32(table.eventSize)
        words = table.words
        wake_after = UInt32(wakeAfter)
        self.filter = try pktmeta_filter(filter, image)
        encodeBytes(table.offsets.flatMap { encode(UInt16($0)) }, into: &offsets)
    }
}
