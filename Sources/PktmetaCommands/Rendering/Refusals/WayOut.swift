// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import SystemPackage

extension HookOccupant {
    /// What the program's owner can do, for a user who needs the hook.
    func wayOut(_ interfaceName: String) -> String {
        let interface = ShellWord.quoted(interfaceName)
        if let registry {
            return
                "pktmeta detach-from-interface \(interface) --xdp --registry \(ShellWord.quoted(registry.string)) detaches it."
        }
        if isDispatcher {
            return """
                xdp-loader status \(interface) shows the programs that it calls, and can unload them. For it to call one that makes \
                an area takes libxdp 1.5.5; on Linux 6.1 and before, an earlier one will do.
                """
        }
        switch mechanism {
        case .xdpNetlink:
            let option = mode == .generic ? "xdpgeneric" : "xdp"
            return "Its owner detaches it by ip link set dev \(interface) \(option) off, or what has attached it."
        case .xdpLink where !pins.isEmpty:
            return "It goes when its owner removes the pins; several programs share the hook only within one registry."
        case .xdpLink:
            return
                "It goes with the process that holds its link; several programs share the hook only within one registry."
        default:
            return "ip link show dev \(interface) tells more; only its owner should detach it."
        }
    }
}
