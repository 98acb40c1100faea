// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// What this process may do, and where it may pin.
struct ProcessChecks {
    private let folder: RegistryFolder

    init(_ folder: RegistryFolder) { self.folder = folder }

    var findings: [Finding] { [capabilities, fileSystem] }

    /// All but the last are needed to attach the prebuilt pair.
    private static let useful: [Capability] = [.bpf, .netAdmin, .perfmon, .sysAdmin]

    private var capabilities: Finding {
        if !UserNamespace.isInitial {
            return Finding(
                .capabilities, .broken, .userNamespace, remedy: .initialUserNamespace, isPrivilege: true)
        }
        let missing = Capability.missing(of: Self.useful)
        guard !missing.isEmpty else {
            let all = Self.useful.map(\.description).joined(separator: ", ")
            return Finding(.capabilities, .ok, "this process has \(all)")
        }
        return Finding(
            .capabilities, missing == [.sysAdmin] ? .weaker : .broken,
            .missingCapabilities(missing.map(\.description)),
            remedy: "Run it as root, or with these capabilities.", isPrivilege: true)
    }

    private var fileSystem: Finding {
        let mountPoint = BPFFileSystem.defaultMountPoint
        let ancestor = Folder.lowestExisting(on: folder.path) ?? "/"
        guard (try? BPFFileSystem.contains(ancestor)) == true else {
            guard folder.path.starts(with: mountPoint) else {
                return Finding(
                    .bpffs, .broken, "\(folder.path) is not in a BPF file system",
                    remedy: .folderInFileSystem)
            }
            let text = "no BPF file system is mounted at \(mountPoint)"
            if MountNamespace.outer != nil {
                return Finding(
                    .bpffs, .broken,
                    "\(text), and one that is mounted in this mount namespace, as ip netns exec makes one, goes with it",
                    remedy: .mountOutside, isPrivilege: true)
            }
            if Folder.exists(mountPoint), Capability.missing(of: [.sysAdmin]).isEmpty {
                return Finding(.bpffs, .ok, .mountsFileSystem(at: mountPoint))
            }
            let hidden =
                MountNamespace.isOuterHidden
                ? "; this process may not look whether a mount namespace around its own, as ip netns exec leaves one, has one"
                : ""
            return Finding(
                .bpffs, .broken, text + hidden, remedy: "As root: mount -t bpf bpf \(mountPoint)", isPrivilege: true)
        }
        guard ancestor == folder.path || Folder.isWritable(ancestor) else {
            return Finding(
                .bpffs, .broken, "this process may not make a folder in \(ancestor)",
                remedy: .ownFolder, isPrivilege: true)
        }
        if BPFFileSystem.isPrivate(folder.path) {
            return Finding(
                .bpffs, .weaker,
                "\(ancestor) is in a BPF file system that is mounted in this mount namespace only, and goes with it")
        }
        if let outer = MountNamespace.outer, folder.path.starts(with: outer.root) {
            return Finding(
                .bpffs, .ok,
                "\(ancestor) is in a BPF file system; this mount namespace, as ip netns exec makes one, hides it")
        }
        return Finding(.bpffs, .ok, "\(ancestor) is in a BPF file system")
    }
}
