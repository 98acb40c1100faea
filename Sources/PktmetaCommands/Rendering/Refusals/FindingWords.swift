// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

extension Finding {
    var text: String {
        switch evidence {
        case .text(let text): text
        case .refusal(let error): error.reason
        case .userNamespace: KernelRefusal.userNamespaceReason
        case .missingCapabilities(let names): "this process lacks \(names.map(Self.withUse).joined(separator: ", "))"
        case .mountsFileSystem(let mountPoint):
            "no BPF file system is mounted at \(mountPoint); register-field mounts it"
        case .noRegistry(let path): "none at \(path) yet; the first register-field creates it"
        case .vethQueues(let queues): "\(queues.words): programs run in generic mode, which is slower"
        case .nativeXDPLimit(let limit): "\(limit.words): programs run in generic mode, which is slower"
        case .nativeXDP: "its driver has native XDP; the area it grants shows in inspect-map as packets come"
        }
    }

    /// A capability, with what takes it.
    private static func withUse(_ capability: String) -> String {
        let uses = [
            "CAP_BPF": "maps and programs", "CAP_NET_ADMIN": "XDP and TC",
            "CAP_PERFMON": "the prebuilt programs and access by id",
            "CAP_SYS_ADMIN": "--netns, mounting a BPF file system, and who else is on a hook",
        ]
        return uses[capability].map { "\(capability) (\($0))" } ?? capability
    }

    /// What helps, usually a command.
    var help: String? {
        if case .refusal(let error) = evidence { return error.remedy }
        return remedy?.words
    }
}

extension NativeXDPLimit {
    fileprivate var words: String {
        switch self {
        case .noArea(let driver): driver.words
        case .hostOffloads(let names):
            "the driver, virtio_net, refuses native XDP while the host may hand over packets that it has merged or not "
                + "checked (\(names.joined(separator: ", "))), which this machine cannot turn off"
        }
    }
}

extension Finding.Remedy {
    fileprivate var words: String {
        switch self {
        case .text(let text): text
        case .initialUserNamespace: KernelRefusal.userNamespaceRemedy
        case .folderInFileSystem: "Name a folder below one with --registry; mount -t bpf bpf PATH makes one."
        case .mountOutside: "\(RegistryRefusal.mountingOutside)."
        case .ownFolder: "Have root make a folder of your own there, and name one in it with --registry."
        case .repairAttachment(let path): DamagedAttachment.remedy(path)
        case .closePins(let path): "pktmeta repair --registry \(path) closes it."
        case .trustOwner: "Commands that write take --trust-owner."
        case .smallerArea:
            "--mode generic, or a registry of 32 bytes (create-registry --capacity 32), takes less of the driver."
        case .freeHook(let holder, let interface): holder.wayOut(interface)
        case .otherBits: "Ask its owner for its bits; --sink mark:MASK names ours."
        case .smallerMTU(let largest, let interface?):
            "--mode generic, or ip link set dev \(ShellWord.quoted(interface)) mtu \(largest)"
        case .smallerMTU(let largest, nil): "--mode generic, or where the peer is: ip link set dev PEER mtu \(largest)"
        case .genericModeForPages: "Native XDP then needs an MTU that a page holds; --mode generic does not."
        case .otherVirtioFeatures:
            """
            Where the virtual machine is configured: let the guest turn them off (of QEMU's device: \
            ctrl_guest_offloads=on), or turn them off there (guest_csum=off).
            """
        case .scrubAtEgress(let interfaces):
            """
            pktmeta attach-to-interface \(interfaces.map(ShellWord.quoted).joined(separator: " ")) --tc-egress scrub --join \
            keeps them here, but on packets that bpf_redirect_peer, a device map or a macvlan takes away.
            """
        case .sampling: "Register it anew with --sample 100, which sets it on one packet in 100."
        }
    }
}
