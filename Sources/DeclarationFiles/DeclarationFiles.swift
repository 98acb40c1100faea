// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
public import PacketMetadata
public import RegistryModel
public import SystemPackage

/// Documents in YAML or JSON, read as one declaration.
public enum DeclarationFiles {
    /// Reads files, and what they include.
    ///
    /// - Parameter paths: of files, and of folders whose files that end in `.yaml`, `.yml` or `.json` are read, sorted by the
    ///   bytes of their names; `-` is what comes in.
    /// - Throws: ``DeclarationRefusal`` with all that is wrong, up to a limit.
    public static func read(paths: [FilePath]) throws(PacketMetadataError) -> HostDeclaration {
        try doing(.readDeclaration) { () throws(PacketMetadataError) in
            var search = DocumentSearch()
            for path in paths { search.read(path) }
            return try declaration(search)
        }
    }

    /// Reads one document that is in memory, and what it includes.
    ///
    /// - Parameters:
    ///   - name: for places in it.
    ///   - folder: where relative paths in it begin; nil for this process's.
    public static func read(
        bytes: [UInt8], named name: String, in folder: FilePath? = nil
    ) throws(PacketMetadataError) -> HostDeclaration {
        try doing(.readDeclaration) { () throws(PacketMetadataError) in
            var search = DocumentSearch()
            search.read(bytes, named: name, in: folder ?? Folder.current)
            return try declaration(search)
        }
    }

    /// Reads the same from a text, whose relative paths begin where this process's do.
    public static func read(text: String, named name: String) throws(PacketMetadataError) -> HostDeclaration {
        try read(bytes: Array(text.utf8), named: name)
    }

    private static func declaration(_ search: DocumentSearch) throws(PacketMetadataError) -> HostDeclaration {
        let merge = DeclarationMerge(search.documents)
        // What could not be read may be what the rest only seems to contradict.
        let faults = search.faults.isEmpty ? merge.faults : search.faults
        if !faults.isEmpty { throw PacketMetadataError(DeclarationRefusal(faults)) }
        return merge.declaration
    }
}
