// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
internal import SystemPackage

// The producer that sets hardware fields asks the driver, and for that is bound to one interface as it is loaded: in
// native mode only, and only in the interface's own network namespace. `bpf_link_update` takes either build in the
// place of the other.

/// The builds of the prebuilt producer.
enum ProducerBuild: Hashable, Sendable {
    case plain
    /// Bound to an interface.
    case hardware

    var object: PrebuiltObject {
        switch self {
        case .plain: .producer
        case .hardware: .hardwareProducer
        }
    }
}

extension RegistryImage {
    var producerBuild: ProducerBuild { hardwareFields.isEmpty ? .plain : .hardware }
}

extension ObjectFile {
    /// Itself; of the prebuilt producer, the build that the registry's fields take.
    func build(for image: RegistryImage) -> ObjectFile {
        guard let producer, producer != image.producerBuild else { return self }
        return ObjectFile(image.producerBuild)
    }
}

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

extension Registry {
    /// Interfaces to which the prebuilt producer is attached and sets no hardware field, because the driver cannot be asked
    /// there.
    public func interfacesWithoutHardwareFields() throws(PacketMetadataError) -> [String] {
        try AttachmentStore(pins).attachments().filter { $0.members.contains(where: \.record.isUnasked) }
            .map(\.record.interface)
    }
}

extension AttachmentStore {
    /// Loads a program of an attachment anew; one that asks its device, in the namespace of that.
    ///
    /// - Parameter isAlone: whether the chain that it is for has no other.
    func load(
        _ loader: borrowing ProgramLoader, _ record: AttachmentRecord, _ maps: FolderEntry, _ attachment: Attachment,
        isAlone: Bool, _ image: RegistryImage, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> ProgramLoader.Loaded {
        let inspected = try loader.inspect(record.program, for: record.hook)
        var terms = ProgramLoader.Terms(
            maps: maps, isGeneric: record.mode == .generic, hasEthernetHeader: record.hasEthernetHeader)
        guard record.object.producer == .hardware else { return try loader.load(inspected, in: registry, terms) }
        let refusal = HardwareRefusal(
            "cannot renew \(record.program) on \(record.interface)", record.interface, image,
            registered: try registry.image(), isAttached: true)
        if record.mode != .native { throw refusal.genericMode }
        if !isAlone { throw refusal.chained }
        guard let program = try? attachment.anchor.programID(), let ifindex = try? attachment.ifindex(),
            let namespace = NetworkNamespace.find(where: { isAttachedHere(program, ifindex) })
        else { throw refusal.namespaceNotFound }
        terms.device = AskedDevice(ifindex: ifindex, refusal: refusal)
        do throws(NamespaceError<PacketMetadataError>) {
            return try namespace.run { () throws(PacketMetadataError) in
                try loader.load(inspected, in: registry, terms)
            }
        } catch {
            switch error {
            case .body(let error): throw error
            case .entering: throw refusal.namespaceNotFound
            }
        }
    }
}

/// Whether an XDP program's interface is in this thread's network namespace: an ifindex says nothing, as it repeats
/// across them, but no other interface has that program.
private func isAttachedHere(_ programID: UInt32, _ ifindex: UInt32) -> Bool {
    (try? attachedXDPProgramID(ifindex: ifindex)) == programID
}
