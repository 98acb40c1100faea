// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFShims
internal import Linux
internal import SystemPackage

/// A program on a TCX hook that another is attached beside.
public enum TCXNeighbour: Sendable, Hashable {
    /// By the program's id.
    case program(UInt32)
    /// By its link's id.
    case link(UInt32)

    fileprivate var id: UInt32 {
        switch self {
        case .program(let id), .link(let id): id
        }
    }

    fileprivate var flags: UInt32 {
        switch self {
        case .program: TCX_BY_ID
        case .link: TCX_BY_ID | TCX_BY_LINK
        }
    }
}

/// Where on a TCX hook a program runs.
public enum TCXPosition: Sendable, Hashable {
    case first, last
    case before(TCXNeighbour)
    case after(TCXNeighbour)

    fileprivate var neighbour: TCXNeighbour? {
        switch self {
        case .first, .last: nil
        case .before(let neighbour), .after(let neighbour): neighbour
        }
    }

    fileprivate var flags: UInt32 {
        let side: UInt32
        switch self {
        case .first, .before: side = TCX_BEFORE
        case .last, .after: side = TCX_AFTER
        }
        return side | (neighbour?.flags ?? 0)
    }
}

extension BPFLink {
    /// Attaches a TC program by TCX to an interface of this thread's network namespace (since Linux 6.6).
    ///
    /// - Parameter revision: the hook's, as ``TCXPrograms`` has it, on which the choice of the position rests.
    /// - Throws: `staleNFSFileHandle` (ESTALE) if the hook has changed since that revision; `noSuchFileOrDirectory` if
    ///   the neighbour is not on the hook; `fileExists` if the program is; `outOfRange` if the hook is full;
    ///   `invalidArgument` if the kernel has no TCX.
    public static func tcx(
        _ program: borrowing BPFProgram, ifindex: UInt32, _ direction: TrafficDirection, at position: TCXPosition,
        revision: UInt64? = nil
    ) throws(BPFError) -> BPFLink {
        let result = tcx_create_link(
            program.fd.raw, ifindex, direction.tcxHook, position.flags, position.neighbour?.id ?? 0, revision ?? 0)
        guard result >= 0 else { throw BPFError("attach \(program.name)", Errno(rawValue: -result)) }
        return BPFLink(owning: OwnedFD(result))
    }

    /// Takes over the descriptor of a link.
    init(owning fd: consuming OwnedFD) {
        self.fd = fd
    }
}
