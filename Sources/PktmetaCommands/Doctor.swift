// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct Doctor: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Show what would keep packets from carrying fields here.",
        discussion: """
            Looks at whether a field could be registered, the prebuilt pair attached to the interface, and packets would \
            carry the field: what is broken, what works less well, what could not be found out, and what helps. Of an \
            interface it also tells what loses or displaces fields on the packets' further way: tunnels that they come \
            out of, taps, other programs, merging of packets. Nothing on the machine is changed, and no registry is \
            needed. Without an interface, only the machine is looked at.

            Exit codes: 0 fields would be carried, 69 something is broken, 77 nothing is broken but for want of a \
            privilege, 66 no such interface.
            """)

    @Argument(help: "The interface.", completion: .interfaces)
    var interface: String?

    @OptionGroup var namespace: NamespaceOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) { _ = try answer(in: context) }

    func answer(in context: Context) throws(PacketMetadataError) -> Int32 {
        let path = registry.path(in: context)
        let action = interface.map(Action.examine) ?? .other("cannot examine this machine")
        let diagnosis = try namespace.run(action) { () throws(PacketMetadataError) in
            try Diagnosis(registry: path, interface: interface)
        }
        if isJSON {
            context.output(DiagnosisDocument(diagnosis, context.remedies).json)
        } else {
            context.show(DiagnosisRendering(diagnosis, context.display, context.remedies).text)
        }
        return diagnosis.exitCode
    }
}

extension Diagnosis {
    var exitCode: Int32 { obstacle?.exitCode ?? 0 }
}
