// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
public import RegistryModel

/// Why applications cannot be answered.
public enum SocketRefusal: Refusal {
    /// Where the kernel's functions are that read from sockets is not told: CAP_SYSLOG and kernel.kptr_restrict decide.
    case noKernelSymbols([String])

    public var kind: PacketMetadataError.Kind { .missingPrivilege }
}

/// What the prebuilt programs that answer sockets know in frozen .rodata.
struct SocketSettings {
    let ways: SocketWays
    /// Bytes of an area.
    let capacity: Int

    /// By this name, among an object's constants.
    static let variable = PKTMETA_SOCKETS_VARIABLE

    /// Functions of the kernel by which plain sockets are read; the last is not there without IPv6.
    private static let readers = ["tcp_recvmsg", "udp_recvmsg", "udpv6_recvmsg"]

    /// The same for all programs that this process loads, and a look through all symbols of the kernel.
    private static let addresses = KernelSymbols.addresses(of: Set(readers))

    /// - Throws: `missingPrivilege` if the kernel does not tell addresses.
    func encoded() throws(PacketMetadataError) -> [UInt8] {
        let addresses = Self.addresses
        let missing = Self.readers.prefix(2).filter { addresses[$0] == nil }
        if !missing.isEmpty { throw PacketMetadataError(SocketRefusal.noKernelSymbols(missing)) }
        var settings = pktmeta_sockets()
        settings.ways = ways.implied.rawValue
        settings.slots = pktmeta_kept_slots(UInt32(capacity))
        settings.tcp_recvmsg = addresses[Self.readers[0]] ?? 0
        settings.udp_recvmsg = addresses[Self.readers[1]] ?? 0
        settings.udpv6_recvmsg = addresses[Self.readers[2]] ?? 0
        return encode(settings)
    }
}
