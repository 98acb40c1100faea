// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

extension WatchRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .badAddress: "it is no address"
        case .badPrefixLength(_, let bits): "its prefix is not of 0 to \(bits) bits"
        case .badCondition: "it is neither a field's name nor NAME=VALUE"
        case .badBufferSize(let size): "a buffer of \(size.of("byte")) cannot be"
        case .badSample(let number): "a sample is of one packet in 1 or more, and not in \(number)"
        case .tooManyConditions: "there are more than \(PacketFilter.maximumConditions) conditions"
        case .noSuchField(let name, _): "the registry has no field \(name)"
        case .mixedFamilies: "no packet has an IPv4 and an IPv6 address at its two ends"
        case .neverHolds(let conditions):
            "no packet can have \(conditions.map { "\($0.field)\($0.comparison.rawValue)\($0.value)" }.joined(separator: " and "))"
        case .noPorts(let number): "packets of \(IPProtocol.names[number] ?? "protocol \(number)") have no ports"
        case .noSuchComparison(let type): "a \(type) has no such comparison"
        case .noTCXLinks(let errno): "the kernel has no TCX links (\(errno.name)); they came with Linux 6.6"
        }
    }

    var remedy: String? {
        switch self {
        case .badAddress, .badPrefixLength: "Such as 192.0.2.1, 192.0.2.0/24, 2001:db8::1 or 2001:db8::/32."
        case .badCondition: "Comparisons: = != < <= > >=; a name alone: packets that carry the field."
        case .badBufferSize: "Its size is a power of two, from 4096 to 1 GiB."
        case .noSuchField(let name, let names):
            NearestName.question(name.text, among: names.map(\.text))
                + "pktmeta inspect-map registry lists its fields."
        case .noSuchComparison(let type): type.size == 0 ? "Name the flag alone." : "Use = or !=."
        case .noTCXLinks: "A filter of clsact would outlive a process that is killed, so that is no way out."
        case .neverHolds: "All conditions have to hold."
        case .noPorts: "TCP, UDP and SCTP have."
        case .badSample, .tooManyConditions, .mixedFamilies: nil
        }
    }
}
