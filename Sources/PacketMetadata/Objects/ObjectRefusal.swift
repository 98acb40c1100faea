// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel
public import SystemPackage

/// Why a file cannot be read as a BPF object.
public enum ObjectRefusal: Refusal {
    /// It may have no end.
    case noRegularFile(FilePath)
    case tooLargeFile(FilePath, mostMebibytes: Int)
    case unreadableFile(FilePath, Errno)

    public var kind: PacketMetadataError.Kind {
        switch self {
        case .noRegularFile, .tooLargeFile: .badData
        case .unreadableFile(_, let errno): .init(errno, or: .badData)
        }
    }
}
