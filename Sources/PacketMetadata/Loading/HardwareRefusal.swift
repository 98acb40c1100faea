// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// An interface of this thread's network namespace, whose driver a program asks.
struct AskedDevice {
    let ifindex: UInt32
    let refusal: HardwareRefusal
}

/// Why hardware fields cannot be had on an interface, in the words of the user.
struct HardwareRefusal {
    let summary: String
    let interface: String
    let fields: [FieldName]
    /// What would help.
    let remedy: String

    /// - Parameters:
    ///   - image: with the hardware fields.
    ///   - registered: the registry as it is, whose fields can be unregistered.
    ///   - isAttached: whether the producer is attached already.
    init(
        _ summary: String, _ interface: String, _ image: RegistryImage, registered: RegistryImage,
        isAttached: Bool = false
    ) {
        self.summary = summary
        self.interface = interface
        fields = image.hardwareFields.map(\.name)
        let commands =
            registered.hardwareFields.map { "pktmeta unregister-field \($0.name)" }
            + (isAttached ? ["pktmeta detach-from-interface \(ShellWord.quoted(interface)) --xdp"] : [])
        remedy = "What helps: \(commands.joined(separator: ", or "))."
    }

    var genericMode: PacketMetadataError { error("its XDP mode is generic, where no driver can be asked") }

    var noDriver: PacketMetadataError { error("its driver cannot be asked by XDP programs (EOPNOTSUPP)") }

    var chained: PacketMetadataError {
        error("several programs share its XDP hook, and the kernel lets none of a chain ask a driver (EINVAL)")
    }

    /// Not a cause to do without: somewhere else, or with more privileges, the driver can be asked.
    var namespaceNotFound: PacketMetadataError {
        error("its network namespace cannot be entered from here; run this inside it, or as root", .missingPrivilege)
    }

    /// Whether an error says that no driver can be asked there, whoever tries.
    static func isCause(of error: PacketMetadataError) -> Bool { error.kind == .unsupported }

    /// - Returns: nil if the kernel's answer is about something else.
    func kernelSaid(_ error: BPFError) -> PacketMetadataError? {
        if let log = error.verifierLog?.text {
            guard log.contains("invalid kernel function call") else { return nil }
            return self.error("the kernel cannot ask drivers for it (EINVAL); for rx_vlan, that came with Linux 6.8")
        }
        return switch error.errno {
        case .notSupported: noDriver
        case .invalidArgument: self.error("the kernel cannot bind the program to it (EINVAL); that came with Linux 6.3")
        default: nil
        }
    }

    private func error(
        _ reason: String, _ kind: PacketMetadataError.Kind = .unsupported
    ) -> PacketMetadataError {
        let names = fields.map(\.text).joined(separator: ", ")
        return PacketMetadataError(
            kind, summary, reason: "\(interface) cannot fill \(names): \(reason)", remedy: remedy)
    }
}
