// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// Where a command that makes a file puts it.
struct FileOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The file to write, whole or not at all; the output if none or -.", valueName: "file"),
        completion: .file())
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
    func refuseTerminal(in context: Context) throws(PacketMetadataError) {
        if path == nil, context.isTerminal { throw PacketMetadataError(CommandRefusal.binaryToTerminal) }
    }

    /// - Parameter isSecret: whether nobody but the file's owner is to read it.
    func write(_ bytes: [UInt8], isSecret: Bool = false, in context: Context) throws(PacketMetadataError) {
        guard let path else { return context.bytes(bytes) }
        try Self.write(bytes, to: path, isSecret: isSecret)
        if isJSON { context.output(FileDocument(file: path.string, size: bytes.count).json) }
    }

    /// - Throws: `output`, or what keeps the file from being made.
    static func write(_ bytes: [UInt8], to path: FilePath, isSecret: Bool = false) throws(PacketMetadataError) {
        do throws(Errno) {
            try WholeFile.write(bytes, to: path, isSecret: isSecret)
        } catch {
            throw PacketMetadataError(CommandRefusal.fileNotWritten(error)).keeping(from: .writeFile(path))
        }
    }
}
