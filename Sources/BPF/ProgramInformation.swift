// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import Linux
internal import SystemPackage

/// What the kernel says of a program.
public struct ProgramInformation: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case xdp, schedCls
        /// BPF_PROG_TYPE_* of linux/bpf.h.
        case other(UInt32)
    }

    /// Bytes of a name that the kernel keeps (BPF_OBJ_NAME_LEN in linux/bpf.h, less the NUL).
    public static let nameLength = 15

    public let id: UInt32
    /// At most ``nameLength`` bytes.
    public let name: String
    public let kind: Kind
    /// CLOCK_BOOTTIME, ns.
    public let loadedAt: UInt64
    /// Whether it was compiled to the CPU's own instructions; false also if this process may not know (CAP_BPF).
    public let isCompiled: Bool
    /// How often it ran while the kernel counted that (sysctl kernel.bpf_stats_enabled, ``RunStatistics``).
    public let runs: UInt64
    /// ns that those runs took.
    public let runTime: UInt64
    /// Instructions that the kernel runs or compiles, after the verifier has removed what is never reached; 0 if this
    /// process may not know (CAP_BPF).
    public let instructions: Int
    /// Bytes of the CPU's own instructions; likewise.
    public let compiledSize: Int
    /// Instructions that the verifier looked at, each time it came by (since Linux 5.16).
    public let verifiedInstructions: Int

    /// ns that a run took, of those since an earlier question.
    public func timeOfRuns(since earlier: ProgramInformation) -> Double {
        Double(runTime - earlier.runTime) / Double(runs - earlier.runs)
    }

    /// - Throws: `notPermitted` (EPERM) without CAP_SYS_ADMIN; `noSuchFileOrDirectory` if there is no such program.
    public init(id: UInt32) throws(BPFError) {
        let fd = try libbpf("open program \(id)") { bpf_prog_get_fd_by_id(id) }
        try self.init(OwnedFD(fd))
    }

    /// Numbers of all programs of the kernel, of whatever owner.
    ///
    /// - Throws: `notPermitted` (EPERM) without CAP_SYS_ADMIN.
    public static func allIDs() throws(BPFError) -> [UInt32] {
        try objectNumbers("list programs") { unsafe bpf_prog_get_next_id($0, &$1) }
    }

    /// Of a program that is open; takes no capability.
    public init(_ program: borrowing BPFProgram) throws(BPFError) {
        try self.init(program.fd)
    }

    init(_ fd: borrowing OwnedFD) throws(BPFError) {
        var info = bpf_prog_info()
        var length = UInt32(MemoryLayout<bpf_prog_info>.size)
        let raw = fd.raw
        try libbpf("get a program's information") { unsafe bpf_obj_get_info_by_fd(raw, &info, &length) }
        id = info.id
        // The kernel ends the name with a NUL inside its array.
        name = unsafe withUnsafeBytes(of: info.name) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        kind =
            switch info.type {
            case BPF_PROG_TYPE_XDP.rawValue: .xdp
            case BPF_PROG_TYPE_SCHED_CLS.rawValue: .schedCls
            default: .other(info.type)
            }
        loadedAt = info.load_time
        isCompiled = info.jited_prog_len > 0
        runs = info.run_cnt
        runTime = info.run_time_ns
        instructions = Int(info.xlated_prog_len) / 8  // struct bpf_insn
        compiledSize = Int(info.jited_prog_len)
        verifiedInstructions = Int(info.verified_insns)
    }

    /// Whether it picks the socket of an SO_REUSEPORT group.
    public var picksSockets: Bool { kind == .other(BPF_PROG_TYPE_SK_REUSEPORT.rawValue) }

    /// Whether it is libxdp's, which calls the programs that users see (protocol.org in xdp-tools' lib/libxdp).
    public var isLibxdpDispatcher: Bool { kind == .xdp && name == Self.dispatcherName }

    public static let dispatcherName = "xdp_dispatcher"
}
