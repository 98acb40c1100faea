// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

/// What commands that attach end with.
struct AttachingOptions: ParsableArguments {
    @Flag(help: "With an error, print the whole verifier log.")
    var verbose = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions
}

/// What commands that attach have in common, around the attaching itself.
struct AttachingRun {
    let request: AttachmentRequest
    let options: AttachingOptions
    let context: Context

    /// Attaches for a registry that is made if there is none, and says what is not in the answer.
    ///
    /// - Parameter attach: does it; returns nil if it is over and told already.
    func callAsFunction(
        _ attach: (borrowing Registry, [NamedPin]) throws(PacketMetadataError) -> [AttachmentReport]?
    ) throws(PacketMetadataError) -> [AttachmentReport]? {
        // A mistyped object must not leave a new registry behind.
        try request.checkObjects()
        let registry = try Registry.openOrCreate(
            at: options.registry.path(in: context), trustsOwner: options.writing.trustOwner,
            waiting: options.writing.wait(in: context), recording: context.record
        ) { context.note($0) }
        let pins = try request.namedPins()
        let before = Set(try registry.image().fields.map(\.name))
        guard let reports = try attach(registry, pins) else { return nil }
        if request.registersMissing { note(try registry.image(), before) }
        note(pins)
        return reports
    }

    /// What is registered that was not before.
    private func note(_ image: RegistryImage, _ before: Set<FieldName>) {
        for field in image.fields where !before.contains(field.name) {
            context.note("registered \(field.name), type \(field.type), id \(field.id)")
        }
    }

    /// What is outside of the registry.
    func note(_ pins: [NamedPin]) {
        for pin in pins {
            context.note(
                "map \(pin.map) is pinned at \(pin.path), where its object asks for it: "
                    + (pin.isThere ? "the one that was there is used" : "a new one")
                    + "; it stays there when all is detached")
        }
    }
}

extension Context {
    func show(_ reports: [AttachmentReport], isJSON: Bool) {
        if isJSON {
            output(AttachmentsDocument(reports).json)
        } else {
            show(AttachmentRendering(reports).text)
        }
    }
}
