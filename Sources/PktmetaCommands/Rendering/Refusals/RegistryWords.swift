// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

extension RegistryRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .emptyPath: "it is empty"
        case .dottedName(let name): "a BPF file system takes no dots in names, and \(name) has one (EPERM)"
        case .notInFileSystem(let path): "\(path) is not in a BPF file system"
        case .throughLink(let path, _): "\(path) leads through a symbolic link (ELOOP)"
        case .inOtherRegistry(let path, let other): "\(path) is in the folder of another registry, \(other)"
        case .mountPoint(let path):
            "\(path) is where a file system is mounted, and not a folder for a registry alone"
        case .fleetingMount(let mountPoint):
            "no BPF file system is mounted at \(mountPoint), and one that is mounted in "
                + "this mount namespace, as ip netns exec makes one, goes with it and takes all pins along"
        case .noRegistry: "there is none (ENOENT)"
        case .noFileSystem: "there is none, and no BPF file system is mounted there (ENOENT)"
        case .badCapacity: "the bytes of a packet's area are \(RegistryWord.capacitiesText)"
        case .sizeHeldBySteerings(let names):
            "the size of areas stays while programs steer by them: \(names.joined(separator: ", "))"
        case .sizeHeldBySockets(let places):
            "the size of areas stays while programs answer sockets: of \(places.joined(separator: ", "))"
        case .otherCapacity(let capacity):
            "it exists, with \(capacity) bytes a packet; the capacity is fixed when it is created"
        case .noArea(let capacity, let most):
            "the kernel grants no metadata area of \(capacity) bytes"
                + (most.map { "; \($0) are the most that it grants" } ?? "")
        case .noSuchField(let name, let path, _): "the registry \(path) has no field \(name.text)"
        case .fieldInUse(let uses): uses.map(\.words).joined(separator: ", ")
        case .damagedRegistry(_, let damage): "the registry is damaged: \(damage.words)"
        case .damagedFields(let path, let problem): "the registry \(path) is damaged: \(problem.words)"
        case .othersFolder(let path, let names):
            "\(path) is a folder, with \(names.joined(separator: ", ")) in it, which is not pktmeta's"
        case .holdsRegistry(let path): "another registry, \(path), is in its folder"
        case .registryLocked(_, let holder, let waited):
            "another process is at it (EAGAIN): \(Self.lockHolder(holder))"
                + (waited > .zero ? ", after waiting for \(waited)" : "")
        case .sealNotOpened: "the registry was opened to be read, and what was asked takes its seal"
        case .registryReplaced(let path): "the registry \(path) was removed or replaced meanwhile"
        case .foreignOwner(let path, let owner):
            "the registry \(path) belongs to \(owner), who decides what is loaded for it"
        case .folderNotMade(let refusal), .pinNotOpened(let refusal, _), .accessNotSet(let refusal): refusal.reason
        }
    }

    private static func lockHolder(_ holder: String?) -> String {
        "\(holder ?? "one that cannot be seen from here, of another pid namespace or just gone,") has its lock"
    }
}

extension FieldUse {
    fileprivate var words: String { "program \(program) on \(place) (\(hook)) \(isUsed ? "uses" : "declares") it" }
}

extension RegistryRefusal.Damage {
    fileprivate var words: String {
        switch self {
        case .missing(let pin): "\(pin) is missing (ENOENT)"
        case .otherMap(let pin): "the map pinned at \(pin) is not one of a registry"
        case .noMap(let pin): "what is pinned at \(pin) is not a map (EINVAL)"
        case .folder(let pin): "\(pin) is a folder, and no pin (EISDIR)"
        case .link(let pin): "\(pin) is a symbolic link, and no pin (ELOOP)"
        case .noSeal(let pin): "what is pinned at \(pin) is no seal"
        case .noFolder(let part): "\(part) is no folder (ENOTDIR)"
        case .linkedFolder(let part): "\(part) is a symbolic link, and no folder (ELOOP)"
        }
    }
}
