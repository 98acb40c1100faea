// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import DeclarationFiles
internal import PacketMetadata
internal import RegistryModel

struct Export: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write down what this host has, as apply takes it.",
        discussion: """
            Fields in the order of their places, and what is attached, so that apply makes a host without them the same: \
            with --layout, down to the places and ids of fields. What cannot be declared is told.
            """)

    @Flag(help: "With the places and ids of fields, for hosts that exchange areas, headers or ids.")
    var layout = false

    @Option(help: ArgumentHelp("Whose are the fields and programs that nobody has declared.", valueName: "who"))
    var owner = "exported"

    @Option(
        help: ArgumentHelp("Only what that one has declared: a document has one owner.", valueName: "who"),
        completion: .owners)
    var of: String?

    @OptionGroup var file: FileOptions
    @OptionGroup var registry: RegistryOptions

    var isJSON: Bool { file.isJSON }

    func validate() throws {
        if owner == ContainerDeclaration.owner {
            throw ValidationError("\(owner) is the owner of what container networks declare, and of no document.")
        }
    }

    func run(in context: Context) throws(PacketMetadataError) {
        let registry = try context.readableRegistry(at: registry.path(in: context))
        let exported = try registry.export(ownedBy: owner, withLayout: layout)
        for omission in exported.omissions { context.note(omission.words) }
        let parts = DeclarationWriter.apart(exported.declaration)
        let chosen = of.map { who in parts.filter { $0.owners == [who] } } ?? parts
        guard chosen.count == 1 else {
            let owners = exported.declaration.owners
            let refusal = of.map { CommandRefusal.noSuchOwner($0, among: owners) } ?? .notOneOwner(owners)
            throw PacketMetadataError(refusal).keeping(from: .exportDeclaration(registry.path))
        }
        try file.write(Array(DeclarationWriter(chosen[0]).yaml.utf8), in: context)
    }
}

extension ExportedHost.Omission {
    fileprivate var words: String {
        switch self {
        case .unnamedNamespace(let program, let place):
            "left out: \(program) at \(place), whose network namespace has no name"
        case .cutPath(let program, let place, let object):
            "left out: \(program) at \(place), of whose object's path no more than \(object) is known"
        case .gone(let program, let place): "left out: \(program) at \(place), which is gone"
        case .ofContainer(let program, let place):
            "left out: \(program) at \(place), which the container's network declares"
        case .steering(let name): "left out: the steering \(name), which create-steering makes"
        }
    }
}
