// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

struct CreateSteering: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "create-steering",
        abstract: "Pin a program that picks an application's socket by a field.",
        discussion: """
            For sockets that share a port (SO_REUSEPORT), UDP ones or TCP ones that listen. The application opens the pins \
            below steering/NAME in the registry's folder: it puts its sockets into the map sockets, by their index, and \
            attaches program to one of them (SO_ATTACH_REUSEPORT_EBPF), which holds for all of the group. From then on a \
            packet whose field has the value V goes to socket V modulo --sockets, or to the index that the map values \
            has for V. Packets without the field, and those whose socket is not there, the kernel deals out as before.

            A flag is 1 where it is set, and else 0. A field that moves is followed. The application needs no capability \
            (Linux 5.19) if --share-with names a group of its own, whose members may open these pins and nothing else of \
            the registry. If the steering exists just so, this is success; without --share-with it stays open to whom it \
            is, and another group takes the place of the one before.
            """)

    @Argument(help: "The steering's name: letters, digits, _ and -.")
    var name: String

    @Option(help: ArgumentHelp("The field: an integer or a flag.", valueName: "name"), completion: .fields)
    var field: String

    @Option(help: ArgumentHelp("How many sockets there may be.", valueName: "number"))
    var sockets: Int

    @Option(
        help: ArgumentHelp("A group whose members may open it, by name or number.", valueName: "group"),
        completion: .groups)
    var shareWith: String?

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let request = try SteeringRequest(
            SteeringName(name), by: FieldName(field), sockets: sockets, sharedWith: shareWith)
        let registry = try Registry.open(
            at: registry.path(in: context), for: .write, trustsOwner: writing.trustOwner,
            waiting: writing.wait(in: context), recording: context.record)
        let (steering, isNew) = try registry.createSteering(request)
        if let folder = steering.closedAncestor {
            context.note(
                "the group cannot pass \(folder), whose mode does not let it look up names: chmod o+x \(folder)")
        }
        if isJSON {
            context.output(SteeringDocument(steering, isNew: isNew).json)
        } else {
            context.output(steering.pins.string)
        }
    }
}
