// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct RegisterField: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "register-field",
        abstract: "Register a field and print its id.",
        discussion: """
            The field gets a place in front of each packet, and an id that stays good until it is unregistered. \
            Repeating a command is success and prints the same id, also with another --owner: a field that is registered \
            just so is shared, and keeps its first owner, who is named.

            TYPE: \(FieldType.spellings).
            SOURCE: \(FieldSource.spellings). \
            With a source, the prebuilt producer sets the field on each packet; without, applications do. \
            The sources rx-... are for the fields rx_timestamp (u64), rx_hash (u32) and rx_vlan (u16) only, which the \
            driver fills where it can: in native XDP mode, on interfaces whose driver can be asked; elsewhere they are not set.
            A value that differs from packet to packet keeps GRO from merging them; --sample sets it on some only.

            SINK: \(FieldSink.spellings). \
            With a sink, the prebuilt consumer gives it the field's value at TC: of skb->mark, the bits that \
            MASK names (adjacent ones; default: all). A value that does not fit is counted instead. rx-hash, tstamp and \
            vlan give back what an XDP redirect loses: skb->hash; when the packet was received, in ns of CLOCK_REALTIME, \
            but not at TC egress; a VLAN tag, but not of a packet that has one.
            """)

    @Argument(help: "A C identifier of at most \(FieldName.maximumLength) bytes.")
    var name: String

    @Option(help: ArgumentHelp("How to read the value.", valueName: "type"), completion: .types)
    var type: String

    @Option(
        help: ArgumentHelp("Where the prebuilt producer takes the value from.", valueName: "source"),
        completion: .sources)
    var source: String = "none"

    @Option(
        help: ArgumentHelp("Set it on one packet in that many of each CPU; needs a source.", valueName: "packets"))
    var sample: Int = 1

    @Option(
        help: ArgumentHelp("What the prebuilt consumer does with the value.", valueName: "sink"), completion: .sinks)
    var sink: String = "none"

    @Option(help: ArgumentHelp("Who registers it: free text.", valueName: "who"), completion: .owners)
    var owner: String = ""

    @Option(
        help: ArgumentHelp(
            "The id that it is to have, such as 0x01002a03, as it had in another registry (export-fields): refused if it "
                + "was ever another field's here.", valueName: "id"))
    var id: FieldIDArgument?

    @Flag(name: .customLong("private"), help: "Keep it out of namespaces whose interface has the scrub program.")
    var isPrivate = false

    @Flag(help: "Keep it from applications that ask by their sockets.")
    var noSockets = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let type = try FieldType(type)
        let definition = try FieldDefinition(
            name: FieldName(name), type: type, source: FieldSource(source, type: type),
            sink: FieldSink(sink, type: type), sample: sample, owner: owner, isPrivate: isPrivate,
            isForSockets: !noSockets)
        let registry = try Registry.openOrCreate(
            at: self.registry.path(in: context), trustsOwner: writing.trustOwner, waiting: writing.wait(in: context),
            recording: context.record
        ) { context.note($0) }
        let (field, isNew) = try registry.orTakenBack(note: context.note) { () throws(PacketMetadataError) in
            try registry.register(definition, id: id?.id)
        }
        if !isNew, field.definition.owner != owner {
            let first = field.definition.owner
            context.note("\(field.name) was registered before, \(first.isEmpty ? "without an owner" : "by \(first)")")
        }
        if definition.wellKnown != nil {
            // Not to be able to tell does not undo what is done.
            for interface in (try? registry.interfacesWithoutHardwareFields()) ?? [] {
                context.note("\(interface) cannot fill \(field.name): it is not set there")
            }
        }
        context.output(
            isJSON ? RegistrationDocument(field, isNew: isNew).json : field.id.description)
    }
}
