// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import PacketMetadata
internal import RegistryModel

struct Follow: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "follow",
        abstract: "Keep this host as it is declared, as interfaces come.",
        discussion: """
            Applies what is declared, and stays: an interface or a network namespace that comes, is made anew or gets another \
            name has its programs right then. The kernel tells of them; nothing is asked again and again. What is refused of \
            one interface is told, and keeps no other from its programs. Ends on SIGINT and SIGTERM, and leaves all that is \
            attached as it is.

            For hosts without systemd; with it, pktmeta@NAME.service does so for one interface.
            """)

    @OptionGroup var declaration: DeclarationOptions

    var isJSON: Bool { declaration.output.isJSON }
    var isJSONStream: Bool { true }

    func run(in context: Context) throws(PacketMetadataError) {
        let declared = try declaration.declaration()
        Interruption.watch()
        let isJSON = isJSON
        let follower = try HostFollower(
            declared, at: declaration.path(declared, in: context), trustsOwner: declaration.writing.trustOwner,
            waiting: declaration.writing.wait(in: context), recording: context.record
        ) { event in
            switch event {
            case .applied(let plan, _):
                if isJSON {
                    context.output(PlanDocument(plan, isDone: true).jsonLine)
                } else {
                    context.show(PlanRendering(plan, .done).text)
                }
            case .attached(let reports):
                if isJSON {
                    context.output(AttachmentsDocument(reports).jsonLine)
                } else {
                    context.show(AttachmentRendering(reports).text)
                }
            case .refused(let error):
                let rendered = ErrorRendering(error, context.remedies, program: "pktmeta", showsVerifierLog: nil)
                if isJSON { context.output(rendered.jsonLine) } else { context.errors(rendered.text) }
            }
        }
        try follower.begin()
        while Interruption.signal == nil { try follower.next() }
    }
}
