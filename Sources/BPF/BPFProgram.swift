// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
public import Linux
internal import SystemPackage

/// A loaded program.
public struct BPFProgram: ~Copyable, Sendable {
    public let fd: OwnedFD
    /// The kernel's number of this program.
    public let id: UInt32
    /// At most 15 bytes.
    public let name: String

    init(_ fd: consuming OwnedFD) throws(BPFError) {
        var info = bpf_prog_info()
        var length = UInt32(MemoryLayout<bpf_prog_info>.size)
        let raw = fd.raw
        try libbpf("get a program's information") { unsafe bpf_obj_get_info_by_fd(raw, &info, &length) }
        self.fd = fd
        id = info.id
        name = unsafe withUnsafeBytes(of: info.name) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// - Parameter readOnly: the pin's mode then only has to let this process read.
    public init(pinnedAt entry: FolderEntry, readOnly: Bool = false) throws(BPFError) {
        try self.init(BPFFileSystem.open(entry, readOnly: readOnly))
    }

    /// - Throws: `EPERM` without CAP_SYS_ADMIN.
    public init(id: UInt32) throws(BPFError) {
        let fd = try libbpf("open program \(id)") { bpf_prog_get_fd_by_id(id) }
        try self.init(OwnedFD(fd))
    }

    /// Numbers of the maps that it uses, those that it was bound to among them.
    public var mapIDs: [UInt32] {
        get throws(BPFError) {
            // Asked first how many there are: maps that a program is bound to come behind all that it uses.
            var info = bpf_prog_info()
            try getInformation(&info)
            var ids = [UInt32](repeating: 0, count: Int(info.nr_map_ids))
            let count = try unsafe ids.withUnsafeMutableBufferPointer { (buffer) throws(BPFError) in
                // The kernel writes at most as many ids as it is told there is room for.
                info = bpf_prog_info()
                info.nr_map_ids = UInt32(buffer.count)
                info.map_ids = UInt64(UInt(bitPattern: buffer.baseAddress))
                try getInformation(&info)
                return Int(min(info.nr_map_ids, UInt32(buffer.count)))
            }
            return Array(ids.prefix(count))
        }
    }

    private func getInformation(_ info: inout bpf_prog_info) throws(BPFError) {
        var length = UInt32(MemoryLayout<bpf_prog_info>.size)
        try libbpf("get the maps of program \(name)") { unsafe bpf_obj_get_info_by_fd(fd.raw, &info, &length) }
    }

    /// Has the kernel count a map among those of the program, and keep it for as long as there is the program (since
    /// Linux 5.10).
    public func bind(_ map: borrowing BPFMap) throws(BPFError) {
        let mapFD = map.fd.raw
        try libbpf("bind map \(map.name) to program \(name)") { bpf_prog_bind_map(fd.raw, mapFD, nil) }
    }

    public func pin(at entry: FolderEntry) throws(BPFError) {
        try BPFFileSystem.pin(fd.raw, at: entry)
    }

    /// What a run under `BPF_PROG_TEST_RUN` gave back.
    public struct TestRun: Sendable {
        /// ns a run, as the kernel counts them: cut to whole ones.
        public let time: Int
        /// What the program returned: `XDP_*` or `TC_ACT_*`.
        public let verdict: UInt32
        /// The packet afterwards, with the metadata in front if there is any.
        public let packet: [UInt8]
        /// Bytes of metadata in front of the packet afterwards.
        public let metadataSize: Int
    }

    /// Runs an XDP program on a packet.
    ///
    /// - Parameters:
    ///   - metadata: bytes to lie in front of the packet: a multiple of 4.
    ///   - wantsContext: needed for metadata, in or out; kernels before 5.14 refuse it.
    ///   - repeats: how often; the kernel puts neither packet nor metadata back in between (net/bpf/test_run.c).
    public func testRunXDP(
        packet: [UInt8], metadata: [UInt8] = [], wantsContext: Bool = true, repeats: Int = 1
    ) throws(BPFError) -> TestRun {
        let input = metadata + packet
        var output = [UInt8](repeating: 0, count: input.count + 256)
        var context = xdp_md()
        context.data = UInt32(metadata.count)
        context.data_end = UInt32(input.count)
        var contextOut = xdp_md()
        var options = unsafe bpf_test_run_opts()
        unsafe options.sz = MemoryLayout<bpf_test_run_opts>.size(through: \.batch_size)
        try libbpf("test run of \(name)") {
            // All buffers outlive the call, and the sizes are theirs.
            unsafe input.withUnsafeBytes { inputBytes in
                unsafe output.withUnsafeMutableBytes { outputBytes in
                    unsafe withUnsafePointer(to: context) { contextPointer in
                        unsafe withUnsafeMutablePointer(to: &contextOut) { contextOutPointer in
                            unsafe options.data_in = inputBytes.baseAddress
                            unsafe options.data_size_in = UInt32(inputBytes.count)
                            unsafe options.data_out = outputBytes.baseAddress
                            unsafe options.data_size_out = UInt32(outputBytes.count)
                            if wantsContext {
                                unsafe options.ctx_in = UnsafeRawPointer(contextPointer)
                                unsafe options.ctx_size_in = UInt32(MemoryLayout<xdp_md>.size)
                                unsafe options.ctx_out = UnsafeMutableRawPointer(contextOutPointer)
                                unsafe options.ctx_size_out = UInt32(MemoryLayout<xdp_md>.size)
                            }
                            unsafe options.`repeat` = CInt(repeats)
                            return unsafe bpf_prog_test_run_opts(fd.raw, &options)
                        }
                    }
                }
            }
        }
        return TestRun(
            time: unsafe Int(options.duration), verdict: unsafe options.retval,
            packet: Array(output.prefix(unsafe Int(options.data_size_out))),
            metadataSize: Int(contextOut.data))
    }

    /// Runs an XDP program on packets of which the kernel then does what its verdict says: what it redirects is sent
    /// (since Linux 5.18).
    ///
    /// - Parameter count: how many; the call returns when all are on their way.
    /// - Returns: ns a packet on this CPU, cut to whole ones, without what the kernel waits for before and behind them:
    ///   with what else the CPU does for a packet before it gets to the next ones, as a veth pair's other end does.
    @discardableResult
    public func testRunLiveFrames(packet: [UInt8], count: Int) throws(BPFError) -> Int {
        var options = unsafe bpf_test_run_opts()
        unsafe options.sz = MemoryLayout<bpf_test_run_opts>.size(through: \.batch_size)
        unsafe options.`repeat` = CInt(count)
        unsafe options.flags = Self.liveFrames
        try libbpf("send packets by \(name)") {
            // The packet outlives the call.
            unsafe packet.withUnsafeBytes { bytes in
                unsafe options.data_in = bytes.baseAddress
                unsafe options.data_size_in = UInt32(bytes.count)
                return unsafe bpf_prog_test_run_opts(fd.raw, &options)
            }
        }
        return unsafe Int(options.duration)
    }

    /// BPF_F_TEST_XDP_LIVE_FRAMES of linux/bpf.h.
    private static let liveFrames: UInt32 = 1 << 1
}
