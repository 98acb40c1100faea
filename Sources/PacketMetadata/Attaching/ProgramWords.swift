// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
public import SystemPackage

extension ProgramChoice {
    /// Reads `prebuilt`, `scrub`, or a program of an object: `OBJECT`, `OBJECT:PROGRAM`.
    ///
    /// - Parameters:
    ///   - text: as an option or a document has it.
    ///   - folder: where relative paths begin; empty for this process's.
    /// - Returns: nil if it is none of these.
    public init?(_ text: String, in folder: FilePath = "") {
        switch text {
        case Self.prebuiltWord: self = .prebuilt
        case Self.scrubWord: self = .scrub
        default: self.init(object: text, in: folder)
        }
    }

    /// Reads a program of an object.
    ///
    /// A path may have colons, and a program's name has none: the name is what is behind the last one, unless the whole is
    /// a file's path.
    public init?(object text: String, in folder: FilePath = "") {
        let whole = folder.pushing(FilePath(text))
        guard let colon = text.lastIndex(of: ":"), !Folder.exists(whole) else {
            if text.isEmpty { return nil }
            self = .object(whole, program: nil)
            return
        }
        let (path, program) = (text[..<colon], text[text.index(after: colon)...])
        guard !path.isEmpty, !program.isEmpty else { return nil }
        self = .object(folder.pushing(FilePath(String(path))), program: String(program))
    }

    /// As it is read; nil for what answers sockets, which is named by its ways.
    public var text: String? {
        switch self {
        case .prebuilt: Self.prebuiltWord
        case .scrub: Self.scrubWord
        case .object(let path, nil): path.string
        case .object(let path, let program?): "\(path):\(program)"
        case .sockets: nil
        }
    }

    private static let prebuiltWord = "prebuilt"
    private static let scrubWord = "scrub"
}
