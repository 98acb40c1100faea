// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

extension RegistryRefusal {
    var remedy: String? {
        switch self {
        case .emptyPath, .dottedName, .badCapacity, .noArea, .sealNotOpened: nil
        case .notInFileSystem:
            "Name a folder below one, such as \(Self.mountPoint); mount -t bpf bpf PATH makes another."
        case .throughLink(_, let real):
            "Name the folder that is meant itself" + (real.map { ": --registry \($0)" } ?? ".")
        case .inOtherRegistry: "--registry names a folder beside that one."
        case .mountPoint(let path):
            "Name a folder below it: --registry \(ShellWord.quoted(path.appending("pktmeta").string))."
        case .fleetingMount: "\(Self.mountingOutside), or use --netns in place of ip netns exec."
        case .folderNotMade(let refusal):
            refusal.remedy(
                beside: "--registry names a folder that you may write to: an administrator mounts a BPF file system "
                    + "for you (mount -t bpf bpf PATH; chown YOU PATH).")
        case .noRegistry: "pktmeta register-field NAME --type TYPE creates it with its first field."
        case .noFileSystem:
            "If one was unmounted, what was pinned in it is still there only where another mount namespace has it "
                + "mounted; mount -t bpf bpf PATH makes an empty one."
        case .otherCapacity:
            "Use it as it is, or another with --registry; pktmeta apply --replace changes it as declared."
        case .sizeHeldBySteerings: "pktmeta delete-steering takes them off, and create-steering makes them anew."
        case .sizeHeldBySockets: "pktmeta detach-from-cgroup takes them off; attached again, they are for the new size."
        case .noSuchField(_, _, let names) where names.isEmpty: nil
        case .noSuchField(let name, _, let names):
            NearestName.question(name.text, among: names.map(\.text))
                + "It has \(names.map(\.text).joined(separator: ", "))."
        case .fieldInUse: "Detach first, or use --force: programs that use it then get -ENOENT for it."
        case .damagedRegistry(let path, _):
            "\(Self.removingCommand(path)) detaches what is attached, and removes what is left of it."
        case .damagedFields:
            "pktmeta inspect-map registry lists all damage; pktmeta repair unregisters what is damaged."
        case .othersFolder(let path, _): "Whose it is removes it: rm -r \(ShellWord.quoted(path.string))."
        case .holdsRegistry(let path): "\(Self.removingCommand(path)) removes that one first."
        case .registryLocked: "Try again, or wait longer with --lock-timeout."
        case .registryReplaced: "Try again."
        case .foreignOwner:
            "Run this as that user; or, if you trust that user with your privileges, say --trust-owner."
        case .pinNotOpened(let refusal, let isToChange):
            refusal.remedy(
                beside: isToChange
                    ? "That is for the registry's owner, or root."
                    : "Its owner, or root, opens it to readers of a group: pktmeta create-registry --group GROUP.")
        case .accessNotSet(let refusal):
            refusal.remedy(beside: "Their owner may, for groups that it is a member of; so may root.")
        }
    }

    private static let mountPoint = Registry.defaultPath.removingLastComponent()
    /// Where all see it.
    static let mountingOutside = "As root, outside of this mount namespace: mount -t bpf bpf \(mountPoint)"

    /// What removes a registry, whatever is left of it.
    static func removingCommand(_ path: FilePath) -> String {
        "pktmeta delete-registry --force --registry \(ShellWord.quoted(path.string))"
    }
}
