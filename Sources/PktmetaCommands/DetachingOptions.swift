// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

/// What commands that detach end with.
struct DetachingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only that program, by its name, its object's, or both as OBJECT:PROGRAM; can be repeated.",
            valueName: "program"), completion: .programs)
    var program: [String] = []

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    func open(in context: Context) throws(PacketMetadataError) -> Registry {
        try Registry.open(
            at: registry.path(in: context), for: .detach, trustsOwner: writing.trustOwner,
            waiting: writing.wait(in: context), recording: context.record)
    }
}
