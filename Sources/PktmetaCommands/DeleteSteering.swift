// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct DeleteSteering: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete-steering",
        abstract: "Have the kernel choose an application's sockets again.",
        discussion: """
            Takes the sockets out of the steering's map, by which groups that have the program get the kernel's choice from \
            the next packet on, and removes the pins. The program itself is in the kernel until the application's sockets \
            are closed or it attaches another.
            """)

    @Argument(help: "The steering's name.", completion: .steerings)
    var name: String

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let name = try SteeringName(name)
        let registry = try Registry.open(
            at: registry.path(in: context), for: .write, trustsOwner: writing.trustOwner,
            waiting: writing.wait(in: context), recording: context.record)
        let steering = try registry.deleteSteering(name)
        if isJSON { context.output(SteeringDocument(steering, isNew: nil).json) }
    }
}
