// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFShims
internal import Linux
internal import SystemPackage

/// A way that packets take through an interface.
public enum TrafficDirection: String, Sendable, Hashable, CaseIterable {
    case ingress, egress

    /// BPF_TCX_INGRESS and BPF_TCX_EGRESS.
    var tcxHook: UInt32 {
        switch self {
        case .ingress: UInt32(TCX_INGRESS)
        case .egress: UInt32(TCX_EGRESS)
        }
    }
}

/// The programs that an interface has by TCX, in the order in which they run.
public struct TCXPrograms: Sendable, Hashable {
    public struct Program: Sendable, Hashable {
        public let id: UInt32
        /// nil if it was attached without a link.
        public let linkID: UInt32?
        /// BPF_F_* of linux/bpf.h, as it was attached with.
        public let flags: UInt32
    }

    /// Raised by the kernel with each change; ``BPFLink/tcx(_:ifindex:_:at:revision:)`` takes it.
    public let revision: UInt64
    public let programs: [Program]

    /// Asks about an interface of this thread's network namespace.
    ///
    /// - Returns: nil if the kernel has no TCX (it came with Linux 6.6).
    /// - Throws: `notPermitted` without CAP_NET_ADMIN; `noSuchDevice` if there is no such interface.
    public static func query(ifindex: UInt32, _ direction: TrafficDirection) throws(BPFError) -> TCXPrograms? {
        var answer = tcx_programs()
        let result = unsafe tcx_query(ifindex, direction.tcxHook, &answer)
        switch -result {
        case Errno.invalidArgument.rawValue: return nil
        // Linux 6.6 before its first corrections, for a hook that never held a program.
        case Errno.noSuchFileOrDirectory.rawValue: return TCXPrograms(revision: 1, programs: [])
        default: break
        }
        guard result == 0 else { throw BPFError("ask for TCX programs", Errno(rawValue: -result)) }
        return TCXPrograms(answer)
    }

    private init(revision: UInt64, programs: [Program]) {
        self.revision = revision
        self.programs = programs
    }

    private init(_ answer: tcx_programs) {
        // C arrays of TCX_PROGRAMS_MAX numbers, which Swift imports as tuples; the kernel wrote the first `count`.
        func numbers<Tuple>(_ tuple: Tuple) -> [UInt32] {
            unsafe withUnsafeBytes(of: tuple) { unsafe Array($0.bindMemory(to: UInt32.self)) }
        }
        let programIDs = numbers(answer.program_ids)
        let linkIDs = numbers(answer.link_ids)
        let programFlags = numbers(answer.program_flags)
        let linkFlags = numbers(answer.link_flags)
        let programs = (0..<(Int(answer.count))).map { index in
            Program(
                id: programIDs[index], linkID: linkIDs[index] == 0 ? nil : linkIDs[index],
                flags: programFlags[index] | linkFlags[index])
        }
        self.init(revision: answer.revision, programs: programs)
    }
}

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
        _ program: borrowing BPFProgram, ifindex: UInt32, _ direction: TrafficDirection,
        at position: TCXPosition = .last,
        revision: UInt64? = nil
    ) throws(BPFError) -> BPFLink {
        let result = tcx_create_link(
            program.fd.raw, ifindex, direction.tcxHook, position.flags, position.neighbour?.id ?? 0, revision ?? 0)
        guard result >= 0 else { throw BPFError("attach \(program.name)", Errno(rawValue: -result)) }
        return BPFLink(owning: OwnedFD(result))
    }
}
