// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel

/// An interface as its driver and the kernel describe it: with ``Diagnosis``, all that a row of a table of drivers takes.
/// What is nil, this process could not find out, or the kernel does not tell.
public struct InterfaceDescription: Sendable, Hashable {
    public struct Driver: Sendable, Hashable {
        /// As `virtio_net` (`ethtool -i`).
        public let name: String
        /// The driver's own; many have none of their own, and tell the kernel's release.
        public let version: String

        package init(name: String, version: String) { (self.name, self.version) = (name, version) }
    }

    /// What the driver says that it can do for XDP.
    public struct XDP: Sendable, Hashable {
        /// Names of include/uapi/linux/netdev.h, enum netdev_xdp_act, as `basic` and `rx-sg`; none: no native XDP.
        public let features: [String]
        /// Well-known fields that it fills; nil before Linux 6.7.
        public let hardwareFields: [String]?

        package init(features: [String], hardwareFields: [String]?) {
            (self.features, self.hardwareFields) = (features, hardwareFields)
        }
    }

    public let driver: Driver?
    /// Bytes behind the link-layer header.
    public let mtu: Int?
    public let receiveQueues: Int?
    public let sendQueues: Int?
    /// Whether packets of a flow that come in are merged (GRO).
    public let mergesPackets: Bool?
    /// nil before Linux 6.3.
    public let xdp: XDP?
    /// How the program that the interface has now is attached, whoever's it is; nil if it has none.
    public let xdpMode: AttachmentMode?

    /// - Parameter interface: of this thread's network namespace.
    init(_ interface: NetworkInterface) {
        driver = (try? interface.driver()).map { Driver(name: $0.name, version: $0.version) }
        mtu = (try? interface.state())?.mtu
        let queues = try? interface.queues()
        receiveQueues = queues?.receiving
        sendQueues = queues?.sending
        mergesPackets = try? interface.mergesPackets()
        xdp = (try? XDPFeatures.query(ifindex: interface.index)).map { XDP($0) }
        let programs = (try? AttachedXDPProgram.query(ifindex: interface.index)) ?? []
        xdpMode = (programs.first { $0.mode != .offloaded } ?? programs.first).map { AttachmentMode($0.mode) }
    }

    package init(
        driver: Driver?, mtu: Int?, receiveQueues: Int?, sendQueues: Int?, mergesPackets: Bool?, xdp: XDP?,
        xdpMode: AttachmentMode?
    ) {
        (self.driver, self.mtu, self.mergesPackets) = (driver, mtu, mergesPackets)
        (self.receiveQueues, self.sendQueues) = (receiveQueues, sendQueues)
        (self.xdp, self.xdpMode) = (xdp, xdpMode)
    }
}

extension InterfaceDescription.XDP {
    fileprivate init(_ features: XDPFeatures) {
        let hints = features.hints
        self.init(
            features: features.actions,
            hardwareFields: hints.map { hints in
                WellKnownField.allCases.filter { hints.contains($0.hint) }.map(\.name)
            })
    }
}

/// The areas of a registry, as a row of a table of drivers has them.
public struct AreaDescription: Sendable, Hashable {
    /// Bytes of the largest that the kernel grants; a driver may grant less.
    public let largestOfKernel: Int?
    /// Bytes of the registry's; nil if there is no registry.
    public let capacity: Int?
    /// What happened to them, on all interfaces together; nil if this process may not look.
    public let state: AreaState?

    package init(largestOfKernel: Int?, capacity: Int?, state: AreaState?) {
        (self.largestOfKernel, self.capacity, self.state) = (largestOfKernel, capacity, state)
    }
}
