// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
public import SystemPackage

extension NetworkInterface {
    /// What `ethtool -i` tells.
    public struct Driver: Sendable, Hashable {
        /// As `virtio_net`.
        public let name: String
        /// The driver's own; many have none of their own, and tell the kernel's release.
        public let version: String
        /// The device that it drives, as `0000:00:03.0`; empty if there is none.
        public let bus: String
    }

    /// Any process may ask.
    ///
    /// - Throws: `notSupportedOnSocket` or the like if the interface has no driver that tells.
    public func driver() throws(Errno) -> Driver {
        let socket = try Self.controlSocket()
        var names = linux_driver_names()
        try check(unsafe linux_ethtool_driver(socket.raw, kernelName, &names))
        return Driver(name: Self.text(names.driver), version: Self.text(names.version), bus: Self.text(names.bus))
    }

    /// Of an array of a C struct that ends at a NUL.
    private static func text<Characters: BitwiseCopyable>(_ characters: Characters) -> String {
        Netlink.text(Netlink.bytes(of: characters)[...])
    }
}
