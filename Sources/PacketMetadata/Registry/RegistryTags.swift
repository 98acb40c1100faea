// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

/// Tags tell the areas of one registry from those of another, so no two registries of a host may have the same.
enum RegistryTags {
    /// Tags in use, with the numbers of the registry maps that have them; nil if this process
    /// may not list maps (CAP_SYS_ADMIN).
    static func used() throws(BPFError) -> [UInt8: [UInt32]]? {
        var tags: [UInt8: [UInt32]] = [:]
        do throws(BPFError) {
            try forEachMap(named: PKTMETA_REGISTRY_MAP) { (map) throws(BPFError) in
                guard map.shape == RegistryFolder.registryShape else { return }
                let word = RegistryWord(rawValue: RegistryImage.word(0, of: try map.value))
                if word.abiVersion != nil { tags[word.tag, default: []].append(map.id) }
            }
        } catch {
            if error.errno == .notPermitted { return nil }
            throw error
        }
        return tags
    }
}

extension Registry {
    /// One registry would read the other's areas as its own.
    func refuseIfTagIsShared(_ image: RegistryImage) throws(PacketMetadataError) {
        let owners: [UInt32]
        do throws(BPFError) {
            owners = try RegistryTags.used()?[image.word.tag] ?? []
        } catch {
            throw PacketMetadataError(error)
        }
        guard let owner = owners.first(where: { $0 != fieldsMap.id }) else { return }
        throw PacketMetadataError(RegistryRefusal.tagTaken(image.word.tag, map: owner))
    }
}
