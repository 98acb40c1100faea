// SPDX-License-Identifier: BSD-2-Clause

public import Linux
public import PacketMetadata
public import RegistryModel
public import SystemPackage

/// What is wrong in a document, or with its file.
public struct DocumentFault: Sendable, Hashable {
    /// As it was named, or found.
    public let file: String
    /// nil if it is the file itself that is wrong.
    public let place: DocumentPlace?
    public let problem: Problem

    init(at place: DocumentPlace, _ problem: Problem) {
        file = place.file
        self.place = place
        self.problem = problem
    }

    init(file: String, _ problem: Problem) {
        self.file = file
        place = nil
        self.problem = problem
    }

    public enum Problem: Sendable, Hashable {
        // The text.

        case notUTF8
        /// With its number in Unicode.
        case controlCharacter(UInt32)
        /// As libyaml says it.
        case syntax(String)
        /// Of a text that is to be JSON: what it would have there.
        case notJSON(needs: JSONPart)
        /// A tab where the line is indented.
        case tab
        /// A second document begins in the file.
        case secondDocument
        case anchor, alias, mergeKey
        case tag
        /// Lists and mappings in each other, more than that many.
        case tooDeep(most: Int)

        // What stands where.

        case wrongKind(Kind, needs: [Kind])
        case keyIsNoText
        case duplicateKey(String, first: DocumentPlace)
        case unknownKey(String, among: [String])
        case missingKey(String)
        /// Nothing stands behind a key that takes something, or an empty text.
        case emptyValue
        /// Just one of these is to be there.
        case notOneOf([String], areThere: Bool)
        /// At least one of these is to be there.
        case noneOf([String])
        /// The key says something of what is not there.
        case keyWithout(String, of: [String])

        // What a text means.

        case unknownWord(String, among: [String])
        /// It is no whole number in decimal digits, or not from 0 to that.
        case badNumber(String, most: Int)
        case badCapacity(String)
        case badProgram(String)
        case badPriority(String)
        case badInterface(String)
        /// The owner of what a container network declares.
        case reservedOwner(String)
        case badNetns(String)
        case relativePath(String)
        /// Only what a driver fills asks for hardware.
        case hardwareWithoutSource(FieldSource)
        /// What the library says of it.
        case refused(PacketMetadataError)

        // Documents contradict each other.

        case otherField(FieldName, first: DocumentPlace)
        case otherSetting(String, first: DocumentPlace)
        case otherLayout(FieldName, first: DocumentPlace)

        // Files.

        case file(FileProblem)
        /// The same of a file that the document includes.
        case include(FilePath, FileProblem)
        /// Of an include: patterns are for names of files.
        case folderPattern(String)
        /// Each file includes the next one, and the last one the first.
        case cycle([String])
        case tooManyDocuments(most: Int)
    }

    /// Why a file cannot be read as a document.
    public enum FileProblem: Sendable, Hashable {
        case unreadable(Errno)
        /// It is a device, a pipe, a socket: what may have no end.
        case otherKind
        case tooLong(mostBytes: Int)
        /// A symbolic link among the files of a folder.
        case link
        /// Others may change the file, or the folder that it is in.
        case writable(FilePath, FileAccess)
        /// The file, or that folder, is of a user who is not to decide what this process does.
        case foreign(FilePath, FileAccess)
        /// A folder has none.
        case noDocuments
    }

    /// What JSON has somewhere.
    public enum JSONPart: Sendable, Hashable {
        case value, key, colon, commaOrBrace, commaOrBracket, quote, escape
        /// Two escapes, which mean one character beyond U+FFFF.
        case surrogatePair
        /// Nothing more.
        case end
    }

    /// Of what kind a part of a document is.
    public enum Kind: String, Sendable, Hashable {
        case text, list, mapping
    }
}

extension DocumentFault {
    var kind: PacketMetadataError.Kind {
        switch problem {
        case .file(let problem), .include(_, let problem): problem.kind
        default: .badData
        }
    }
}

extension DocumentFault.FileProblem {
    fileprivate var kind: PacketMetadataError.Kind {
        switch self {
        case .unreadable(.noSuchFileOrDirectory), .unreadable(.notDirectory): .notFound
        case .unreadable(let errno): .init(errno, or: .badData)
        case .noDocuments: .notFound
        case .otherKind, .tooLong, .link, .writable, .foreign: .badData
        }
    }
}
