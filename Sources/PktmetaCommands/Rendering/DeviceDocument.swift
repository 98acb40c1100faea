// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel

// What `doctor --json` tells of the machine, the interface and areas, beside the findings: a row of a table of drivers.
// Members are absent where it could not be found out.

extension SystemNames {
    var json: JSONValue {
        [
            // The kernel's release.
            "release": .text(release),
            "machine": .text(machine),
            // The version of the command.
            "pktmeta": .text(Pktmeta.builtVersion),
        ]
    }
}

extension InterfaceDescription {
    var json: JSONValue {
        [
            "driver": driver.map { .text($0.name) },
            "driverVersion": driver.map { .text($0.version) },
            // Bytes.
            "mtu": mtu.map { .number($0) },
            "receiveQueues": receiveQueues.map { .number($0) },
            "sendQueues": sendQueues.map { .number($0) },
            "gro": mergesPackets.map { .flag($0) },
            // What the driver says that it can do, by names of the kernel's netdev.yaml (since Linux 6.3).
            "xdpFeatures": (xdp?.features).map { .texts($0) },
            // Since Linux 6.7.
            "hardwareFields": (xdp?.hardwareFields).map { .texts($0) },
            // Of the program that the interface has now, whoever's it is: `native`, `generic` or `offloaded`.
            "xdpMode": xdpMode.map { .text($0.rawValue) },
        ]
    }
}

extension AreaDescription {
    var json: JSONValue {
        [
            // Bytes of the largest that the kernel grants; a driver may grant less.
            "largestOfKernel": largestOfKernel.map { .number($0) },
            // Bytes of the registry's.
            "capacity": capacity.map { .number($0) },
            // Of the registry, on all interfaces together.
            "made": (state?.made).map { .number($0) },
            "found": (state?.found).map { .number($0) },
            "refused": (state?.refused.nonzero).map { .counts($0) },
        ]
    }
}
