// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PktmetaABI
internal import RegistryModel

// The watcher, loaded for a request and a table.

extension PacketStream {
    static func load(
        _ frames: Set<Frames>, _ request: WatchRequest, _ table: WatchTable, _ image: RegistryImage,
        _ registry: borrowing Registry, after earlier: LoadedChain?
    ) throws(PacketMetadataError) -> [Frames: LoadedChain] {
        var loaded: [Frames: LoadedChain] = [:]
        for frames in frames {
            loaded[frames] = try load(
                frames, request, table, image, registry, after: loaded.values.first ?? earlier)
        }
        return loaded
    }

    private static func load(
        _ frames: Frames, _ request: WatchRequest, _ table: WatchTable, _ image: RegistryImage,
        _ registry: borrowing Registry, after earlier: LoadedChain?
    ) throws(PacketMetadataError) -> LoadedChain {
        var spec = try ProgramSpec(ObjectFile(.watcher), nil, for: .tcIngress, image, isStrict: true)
        spec.constants = try constants(request, table, image)
        spec.entries = [PKTMETA_EVENTS_MAP: request.bufferSize]
        let loader = ChainLoader(mode: .tcx, hasEthernetHeader: frames == .ethernet, device: nil)
        let maps = earlier.map { MapsSource.program($0.first) } ?? .new
        return try loader.load([ChainLoader.Entry(spec: spec, maps: maps)], in: registry)
    }

    private static func constants(
        _ request: WatchRequest, _ table: WatchTable, _ image: RegistryImage
    ) throws(PacketMetadataError) -> [String: [UInt8]] {
        let (wakeAfter, places): (Int, [UInt8])
        do throws(BPFError) {
            wakeAfter = try EventBuffer.wakeAfter(request.bufferSize, recordSize: table.recordSize)
            places = try image.table(table.fields)
        } catch {
            throw PacketMetadataError(error)
        }
        let settings = try pktmeta_watch_settings(
            request.filter, sample: request.sample, wakeAfter: wakeAfter, table: table, image: image)
        return [PKTMETA_WATCH_SETTINGS_VARIABLE: encode(settings), PKTMETA_TABLE_VARIABLE: places]
    }
}
