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
            attached as it is; on SIGHUP the documents are read again.

            For hosts without systemd; with it, pktmeta@NAME.service does so for one interface.
            """)

    @OptionGroup var limits: LimitOptions
    @OptionGroup var declaration: DeclarationOptions

    var isJSON: Bool { declaration.output.isJSON }
    var isJSONStream: Bool { true }

    func run(in context: Context) throws(PacketMetadataError) {
        Interruption.watch()
        var follower = try follower(in: context)
        try follower.begin()
        while Interruption.signal == nil || Interruption.takeHangUp() {
            try follower.next()
            guard Interruption.takeHangUp() else { continue }
            do throws(PacketMetadataError) {
                let next = try self.follower(in: context)
                try next.begin()
                follower = next
            } catch {
                show(error, in: context)
                context.note("what was read before still counts")
            }
        }
    }

    private func follower(in context: Context) throws(PacketMetadataError) -> HostFollower {
        let declared = try declaration.declaration()
        let isJSON = isJSON
        return try HostFollower(
            declared, at: declaration.path(declared, in: context), limits.limits,
            trustsOwner: declaration.writing.trustOwner, waiting: declaration.writing.wait(in: context),
            recording: context.record
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
            case .refused(let error): show(error, in: context)
            }
        }
    }

    private func show(_ error: PacketMetadataError, in context: Context) {
        let rendered = ErrorRendering(error, context.remedies, program: "pktmeta", showsVerifierLog: nil)
        if isJSON { context.output(rendered.jsonLine) } else { context.errors(rendered.text) }
    }
}
