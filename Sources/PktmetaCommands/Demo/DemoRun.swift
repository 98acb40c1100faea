// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage
internal import Testbed

/// The steps of the demo, each said before it is done.
struct DemoRun {
    let context: Context
    let registryPath: FilePath
    let packets: Int

    private static let port: UInt16 = 4739
    private typealias Field = (name: String, type: String, source: String)

    private static let fields: [Field] = [
        ("tenant", "u32", "constant:7"),
        ("trusted", "flag", "constant"),
        ("ingress", "u32", "ifindex"),
        ("number", "u32", "sequence"),
        ("flow", "u32", "flow-hash"),
        ("length", "u32", "packet-length"),
        ("sender", "ipv4", "payload:26"),
        ("port", "be16", "payload:36"),
        ("seen_at", "u64", "ktime"),
        ("trace_id", "u64", "payload:42"),
    ]

    /// What fits into an area of 32 bytes, all that kernels before 6.8 grant.
    private static let namesOfFew: Set = ["tenant", "sender", "trace_id"]

    func run() throws(PacketMetadataError) {
        try doing(.other("the demo stopped")) { () throws(PacketMetadataError) in try runSteps() }
    }

    private func runSteps() throws(PacketMetadataError) {
        say("Two network namespaces, joined by a veth pair:")
        let topology = try VethTopology.make()
        context.output(
            "  \(VethTopology.senderAddress) (\(VethTopology.senderInterface))"
                + " -> \(VethTopology.receiverAddress) (\(VethTopology.receiverInterface))")

        say("Fields, registered by name; the registry gives each a place in front of the packet:")
        let registry = try Registry.openOrCreate(at: registryPath)
        for field in try fields(for: registry) { try register(field, in: registry) }

        say("The prebuilt programs, attached to \(VethTopology.receiverInterface):")
        let reports = try topology.receiver.run("of the receiver") { () throws(PacketMetadataError) in
            try registry.attach(AttachmentRequest(), to: [VethTopology.receiverInterface])
        }
        context.output(
            AttachmentRendering(reports).text.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))

        say("\(packets.of("UDP packet")), sent to port \(Self.port):")
        try topology.sender.run("of the sender") { () throws(PacketMetadataError) in
            try send(0..<packets, to: Self.port)
        }
        try waitUntilRead(registry)

        say("pktmeta inspect-map")
        context.output(InspectionRendering(InspectionReport(try registry.inspect(), .both), context.display).text)
        try ApplicationAct(context: context).run(registry, topology) { number throws(PacketMetadataError) in
            try topology.sender.run("of the sender") { () throws(PacketMetadataError) in
                try stopIfInterrupted()
                try send([number], to: ApplicationAct.port)
            }
        }

        say("All of it is removed again. What next? The same with an interface of yours:")
        context.output(NextSteps(in: context).text)
    }

    private func fields(for registry: borrowing Registry) throws(PacketMetadataError) -> [Field] {
        let capacity = try registry.image().word.capacity
        guard capacity < 64 else { return Self.fields }
        context.output("  (few of them: this kernel grants \(capacity) bytes a packet)")
        return Self.fields.filter { Self.namesOfFew.contains($0.name) }
    }

    private func register(
        _ field: Field, in registry: borrowing Registry
    ) throws(PacketMetadataError) {
        try stopIfInterrupted()
        let type = try FieldType(field.type)
        let definition = try FieldDefinition(
            name: FieldName(field.name), type: type, source: FieldSource(field.source, type: type), owner: "demo")
        let (registered, _) = try registry.register(definition)
        context.output(
            "  pktmeta register-field \(field.name) --type \(field.type) --source \(field.source)"
                + "  ->  \(registered.id)")
    }

    /// Begins with what the field trace_id repeats.
    private static func payload(_ number: Int) -> [UInt8] {
        let id = 0x7261_6365_0000_0000 + UInt64(number)
        return (0..<8).map { UInt8(truncatingIfNeeded: id.littleEndian >> ($0 * 8)) } + [UInt8](repeating: 0, count: 56)
    }

    private func send(_ numbers: some Sequence<Int>, to port: UInt16) throws(PacketMetadataError) {
        do throws(Errno) {
            let sender = try UDPSender(to: VethTopology.receiverAddressBytes, port: port)
            for number in numbers {
                try sender.send(Self.payload(number))
                if number % 32 == 31 { Pause.sleep(milliseconds: 1) }
                if Interruption.signal != nil { break }
            }
        } catch {
            throw PacketMetadataError(CommandRefusal.packetNotSent(error))
        }
        try stopIfInterrupted()
    }

    /// Packets are read when the kernel gets to it: soon, but later than they are sent.
    private func waitUntilRead(_ registry: borrowing Registry) throws(PacketMetadataError) {
        let deadline = ContinuousClock.now + .seconds(5)
        while true {
            try stopIfInterrupted()
            let area = try registry.areaState()
            if area.found >= UInt64(packets) { return }
            guard ContinuousClock.now < deadline else {
                throw PacketMetadataError(CommandRefusal.packetsNotArrived(area.found, of: packets))
            }
            Pause.sleep(milliseconds: 10)
        }
    }

    private func stopIfInterrupted() throws(PacketMetadataError) {
        if let signal = Interruption.signal { throw PacketMetadataError(TestbedRefusal.interrupted(signal)) }
    }

    private func say(_ text: String) { context.output("\n# \(text)") }
}
