// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct Compact: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact",
        abstract: "Close holes between fields, under traffic.",
        discussion: """
            Moves fields together where that makes a larger hole than any there is. Ids stay good, attached programs \
            follow. Packets under way give -EFAULT for a field that moves; other fields are readable all the time.
            """)

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let registry = try Registry.open(
            at: registry.path(in: context), for: .write, trustsOwner: writing.trustOwner,
            waiting: writing.wait(in: context), recording: context.record)
        let moved = try registry.compact()
        if isJSON {
            context.output(CompactionDocument(moved).json)
        } else if moved.isEmpty {
            context.output("nothing to gain: the largest hole is as large as it can be")
        } else {
            context.output(moved.map { "\($0.name): moved to offset \($0.layout.offset)" }.joined(separator: "\n"))
        }
    }
}
