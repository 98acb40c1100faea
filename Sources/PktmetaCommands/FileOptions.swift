// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// Where a command that makes a file puts it.
struct FileOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The file to write, whole or not at all; the output if none or -.", valueName: "file"))
    var file: String?

    @Flag(name: .customLong("json"), help: "Print one JSON document about the file, errors too.")
    var isJSON = false

    /// nil: the output.
    private var path: FilePath? { file.flatMap { $0 == "-" ? nil : FilePath($0) } }

    func validate() throws {
        if file == "" { throw ValidationError("The file's name is empty.") }
        if isJSON, path == nil { throw ValidationError("With --json, name a file: the output takes the document.") }
    }

    /// Refuses to write to a terminal, before there is anything to write.
    func refuseTerminal(_ summary: String, in context: Context) throws(PacketMetadataError) {
        guard path == nil, context.isTerminal else { return }
        throw PacketMetadataError(
            .usage, summary, reason: "it is binary, and the output is a terminal",
            remedy: "Name a file, or redirect the output.")
    }

    /// - Parameter isSecret: whether nobody but the file's owner is to read it.
    func write(
        _ bytes: [UInt8], isSecret: Bool = false, _ summary: String, in context: Context
    ) throws(PacketMetadataError) {
        guard let path else { return context.bytes(bytes) }
        do throws(Errno) {
            try WholeFile.write(bytes, to: path, isSecret: isSecret)
        } catch {
            throw PacketMetadataError(
                Self.kind(of: error), summary, reason: "cannot write \(path): \(error) (\(error.name))")
        }
        if isJSON { context.output(FileDocument(file: path.string, size: bytes.count).json) }
    }

    private static func kind(of errno: Errno) -> PacketMetadataError.Kind {
        switch errno {
        case .noSuchFileOrDirectory, .notDirectory: .notFound
        case .isDirectory, .noSpace, .diskQuotaExceeded, .fileTooLarge: .taken
        case .permissionDenied, .notPermitted, .readOnlyFileSystem: .missingPrivilege
        default: .system
        }
    }
}
