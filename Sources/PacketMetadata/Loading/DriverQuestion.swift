// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// An interface of this thread's network namespace, whose driver a program asks.
struct AskedDevice {
    let ifindex: UInt32
    let question: DriverQuestion
}

/// What a program asks an interface's driver: for the hardware fields of a registry.
struct DriverQuestion {
    private let interface: String
    private let fields: [FieldName]
    private let hints: Set<XDPFeatures.Hint>
    private let registered: [FieldName]
    private let isAttached: Bool

    /// - Parameters:
    ///   - image: with the hardware fields.
    ///   - registered: the registry as it is, whose fields can be unregistered.
    ///   - isAttached: whether the producer is attached already.
    init(_ interface: String, _ image: RegistryImage, registered: RegistryImage, isAttached: Bool = false) {
        self.interface = interface
        self.isAttached = isAttached
        fields = image.hardwareFields.map(\.name)
        hints = Set(image.hardwareFields.compactMap { $0.definition.wellKnown?.hint })
        self.registered = registered.hardwareFields.map(\.name)
    }

    /// Drivers that fill none of the fields take the program all the same. It would not run beside others, for nothing.
    ///
    /// - Parameter ifindex: of this thread's network namespace.
    func refuseIfUnknown(toDriverOf ifindex: UInt32) throws(PacketMetadataError) {
        guard let known = (try? XDPFeatures.query(ifindex: ifindex))?.hints else { return }
        if known.isDisjoint(with: hints) { throw refused(.unknownToDriver) }
    }

    func refused(_ cause: DriverRefusal.Cause) -> PacketMetadataError {
        PacketMetadataError(
            LoadingRefusal.driverNotAsked(
                DriverRefusal(
                    cause: cause, interface: interface, fields: fields, registered: registered,
                    isAttached: isAttached)))
    }

    /// - Returns: nil if the kernel's answer is about something else.
    func refused(_ error: BPFError) -> PacketMetadataError? {
        if let log = error.verifierLog?.text {
            return log.contains(text: "invalid kernel function call") ? refused(.noQuestion) : nil
        }
        return switch error.errno {
        case .notSupported: refused(.noDriver)
        case .invalidArgument: refused(.noBinding)
        default: nil
        }
    }

    /// Whether an error says that no driver can be asked there, whoever tries: somewhere else, or with more privileges, it
    /// can.
    static func isUnanswerable(_ error: PacketMetadataError) -> Bool { error.kind == .unsupported }
}
