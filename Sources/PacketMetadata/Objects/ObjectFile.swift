// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

/// The bytes of a BPF object, and its name for users: a path, or "prebuilt producer".
struct ObjectFile: Hashable, Sendable {
    let name: String
    let bytes: ObjectBytes
    let isPrebuilt: Bool
    /// nil for all but the prebuilt producer.
    let producer: ProducerBuild?

    /// Most are told apart by their names.
    func hash(into hasher: inout Hasher) { hasher.combine(name) }

    init(name: String, bytes: ObjectBytes, isPrebuilt: Bool, producer: ProducerBuild? = nil) {
        self.name = name
        self.bytes = bytes
        self.isPrebuilt = isPrebuilt
        self.producer = producer
    }

    init(_ prebuilt: PrebuiltObject) {
        self.init(name: prebuilt.title, bytes: prebuilt.bytes, isPrebuilt: true)
    }

    init(_ build: ProducerBuild) {
        self.init(
            name: build.object.title, bytes: build.object.bytes, isPrebuilt: true, producer: build)
    }

    /// The same, with bytes that are kept once.
    func kept(in pool: ObjectPool) -> ObjectFile {
        ObjectFile(name: name, bytes: pool.keep(bytes), isPrebuilt: isPrebuilt, producer: producer)
    }

    /// Not marked as prebuilt: the user chose it, so it stays until another is named.
    static let scrub = ObjectFile(
        name: PrebuiltObject.scrub.title, bytes: PrebuiltObject.scrub.bytes, isPrebuilt: false)

    /// What answers sockets.
    static let sockets = ObjectFile(PrebuiltObject.sockets)

    /// Named by its whole path, since others may attach one of the same name from another folder.
    init(path: FilePath) throws(PacketMetadataError) {
        let whole = (path.isAbsolute ? path : Folder.current.pushing(path)).lexicallyNormalized()
        let bytes = try doing(.readObject(path)) { () throws(PacketMetadataError) in try Self.bytes(path) }
        self.init(name: whole.string, bytes: .read(bytes[...]), isPrebuilt: false)
    }

    private static func bytes(_ path: FilePath) throws(PacketMetadataError) -> [UInt8] {
        do throws(RegularFile.Fault) {
            return try RegularFile.read(path, upTo: maximumMebibytes << 20)
        } catch {
            let refusal: ObjectRefusal =
                switch error {
                case .otherKind: .noRegularFile(path)
                case .tooLarge: .tooLargeFile(path, mostMebibytes: maximumMebibytes)
                case .system(let errno): .unreadableFile(path, errno)
                }
            throw PacketMetadataError(refusal)
        }
    }

    /// Objects have some 10 to 500 KiB; one of the size of a disk would fill the memory.
    private static let maximumMebibytes = 64

    /// The name without its folders, as much of it as an owner may have.
    var ownerName: String {
        var text = (FilePath(name).lastComponent?.string ?? name).filter { !$0.isNewline && $0 >= " " }
        while text.utf8.count >= Int(PKTMETA_NAME_SIZE) { text.removeLast() }
        return text
    }

    /// As much of the name, from its end, as a record holds.
    var shortName: String {
        let room = MemoryLayout.size(ofValue: pktmeta_attachment().object) - 1
        let isContinuation = { (byte: UInt8) in byte & 0xc0 == 0x80 }
        return String(decoding: name.utf8.suffix(room).drop(while: isContinuation), as: UTF8.self)
    }
}
