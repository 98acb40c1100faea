// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import SystemPackage

/// Reads documents by their files, and what these include, each file once.
struct DocumentSearch {
    /// In their order: what a document includes comes before it.
    private(set) var documents: [DocumentContent] = []
    private(set) var faults: [DocumentFault] = []
    private let trust: DocumentTrust
    private var seen: Set<FileIdentity> = []
    /// Those that include each other, the outermost first.
    private var including: [(identity: FileIdentity?, name: String)] = []
    private var count = 0

    static let mostBytes = 1 << 20
    static let mostDocuments = 256
    private static let endings = [".yaml", ".yml", ".json"]

    init(trust: DocumentTrust = .ofProcess) { self.trust = trust }

    // MARK: What was named

    /// - Parameter path: of a file, or of a folder with files; `-` for what comes in.
    mutating func read(_ path: FilePath) {
        if path == "-" { return readInput() }
        do throws(Errno) {
            let folder = try OpenFolder(path.isEmpty ? "." : path, followsLinks: true)
            return readAll(in: folder)
        } catch .notDirectory {
            readFile(path, nil)
        } catch {
            faults.append(DocumentFault(file: path.string, .file(.unreadable(error))))
        }
    }

    /// - Parameter folder: where relative paths begin.
    mutating func read(_ bytes: [UInt8], named name: String, in folder: FilePath, _ identity: FileIdentity? = nil) {
        let reader = DocumentReader(bytes, named: name, in: folder)
        including.append((identity, name))
        for include in reader.content.includes { read(include) }
        including.removeLast()
        faults += reader.faults
        documents.append(reader.content)
    }

    private mutating func readInput() {
        let name = "(standard input)"
        do throws(RegularFile.Fault) {
            read(try RegularFile.standardInput(upTo: Self.mostBytes), named: name, in: Folder.current)
        } catch {
            faults.append(DocumentFault(file: name, .file(.init(error))))
        }
    }

    private mutating func readAll(in folder: OpenFolder) {
        let problem: DocumentFault.FileProblem?
        do throws(Errno) {
            let names = try folder.entry.contents().filter { name in
                !name.hasPrefix(".") && Self.endings.contains { name.hasSuffix($0) }
            }
            problem = trust.problem(folder.path, folder.access) ?? (names.isEmpty ? .noDocuments : nil)
            if problem == nil { for name in Self.sorted(names) { readEntry(name, of: folder, nil) } }
        } catch {
            problem = .unreadable(error)
        }
        if let problem { faults.append(DocumentFault(file: folder.path.string, .file(problem))) }
    }

    /// By their bytes, which is the same everywhere.
    private static func sorted(_ names: [String]) -> [String] {
        names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    // MARK: What documents include

    private mutating func read(_ include: Placed<String>) {
        let path = FilePath(include.place.file).removingLastComponent().pushing(FilePath(include.value))
        let parent = path.removingLastComponent()
        if NamePattern.isPattern(FilePath(include.value).removingLastComponent().string) {
            return faults.append(DocumentFault(at: include.place, .folderPattern(include.value)))
        }
        guard let name = path.lastComponent?.string, NamePattern.isPattern(name) else {
            return readFile(path, include.place)
        }
        do throws(Errno) {
            let folder = try OpenFolder(parent.isEmpty ? "." : parent, followsLinks: true)
            if let problem = trust.problem(folder.path, folder.access) {
                return faults.append(DocumentFault(at: include.place, .include(folder.path, problem)))
            }
            let names = try folder.entry.contents().filter { !$0.hasPrefix(".") && NamePattern.matches($0, name) }
            for name in Self.sorted(names) { readEntry(name, of: folder, include.place) }
        } catch .noSuchFileOrDirectory {
            // As a folder in which nothing is.
        } catch {
            faults.append(DocumentFault(at: include.place, .include(parent, .unreadable(error))))
        }
    }

    // MARK: Files

    /// - Parameter place: of what includes it; nil if it was named.
    private mutating func readFile(_ path: FilePath, _ place: DocumentPlace?) {
        do throws(RegularFile.Fault) {
            let contents = try RegularFile.contents(path, upTo: Self.mostBytes)
            // Who may write to the folder that the name is in, or that the file is in, decides which file it is.
            for folder in Set([path, contents.realPath ?? path].map { $0.removingLastComponent() }) {
                let folder: FilePath = folder.isEmpty ? "." : folder
                guard let access = try? FileAccess(of: folder.appending(".")),
                    let problem = trust.problem(folder, access, isShared: true)
                else { continue }
                return refuse(path, problem, place)
            }
            read(contents, path, place)
        } catch {
            refuse(path, .init(error), place)
        }
    }

    private mutating func readEntry(_ name: String, of folder: OpenFolder, _ place: DocumentPlace?) {
        let path = folder.path == "." ? FilePath(name) : folder.path.appending(name)
        do throws(RegularFile.Fault) {
            let entry = folder.entry.appending(name)
            read(try RegularFile.contents(of: entry, upTo: Self.mostBytes), path, place)
        } catch .system(.tooManySymbolicLinkLevels) {
            refuse(path, .link, place)
        } catch {
            refuse(path, .init(error), place)
        }
    }

    private mutating func read(_ contents: RegularFile.Contents, _ path: FilePath, _ place: DocumentPlace?) {
        if let problem = trust.problem(path, contents.access) { return refuse(path, problem, place) }
        if let place, let first = including.firstIndex(where: { $0.identity == contents.identity }) {
            let cycle = including[first...].map(\.name) + [path.string]
            return faults.append(DocumentFault(at: place, .cycle(cycle)))
        }
        guard seen.insert(contents.identity).inserted else { return }
        if seen.count > Self.mostDocuments {
            let problem = DocumentFault.Problem.tooManyDocuments(most: Self.mostDocuments)
            // Once is enough.
            if seen.count > Self.mostDocuments + 1 { return }
            return faults.append(
                place.map { DocumentFault(at: $0, problem) } ?? DocumentFault(file: path.string, problem))
        }
        let whole = (path.isAbsolute ? path : Folder.current.pushing(path)).lexicallyNormalized()
        read(contents.bytes, named: path.string, in: whole.removingLastComponent(), contents.identity)
    }

    private mutating func refuse(
        _ path: FilePath, _ problem: DocumentFault.FileProblem, _ place: DocumentPlace?
    ) {
        if let place {
            faults.append(DocumentFault(at: place, .include(path, problem)))
        } else {
            faults.append(DocumentFault(file: path.string, .file(problem)))
        }
    }
}

extension DocumentFault.FileProblem {
    init(_ fault: RegularFile.Fault) {
        switch fault {
        case .system(let errno): self = .unreadable(errno)
        case .otherKind: self = .otherKind
        case .tooLarge: self = .tooLong(mostBytes: DocumentSearch.mostBytes)
        }
    }
}
