// SPDX-License-Identifier: BSD-2-Clause

import Linux
import PacketMetadata
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import BPF

/// What a refused load says: program, place in the source, and the reason that was given.
@Suite(Kernel.required) struct RefusedLoadTests {
    typealias Bench = AttachmentTests.Bench

    static func expect(
        _ bench: Bench, _ option: String, _ object: String, saying texts: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let other = option == "--tc" ? "--xdp" : "--tc"
        let run = try bench.command(
            "attach-to-interface", "far0", other, "none", option, AttachmentTests.object(object))
        #expect(run.exitCode == 65, "\(run.errors)", sourceLocation: sourceLocation)
        for text in texts { #expect(run.errors.contains(text), "\(run.errors)", sourceLocation: sourceLocation) }
    }

    @Test func programFileLineAndReason() throws {
        try Kernel.run {
            try Self.expect(
                RefusalTests.bench(), "--xdp", "refused",
                saying:
                    "the verifier refused program out_of_bounds at refused.bpf.c:13: R1 offset is outside of the packet"
            )
        }
    }

    @Test func aLicenceThatIsNotCompatible() throws {
        try Kernel.run {
            try Self.expect(
                RefusalTests.bench(fields: [["shared", "--type", "u32"]]), "--tc", "unlicensed_tc",
                saying:
                    "the verifier refused program stamp: cannot call kernel function from non-GPL compatible program",
                "char LICENSE[] SEC(\"license\") = \"Dual BSD/GPL\";", "bpf_dynptr_from_skb_meta()",
                "#define PKTMETA_STORES_AT_TC")
        }
    }

    @Test func withoutTheVerifierLibbpfsReason() throws {
        try Kernel.run {
            let bench = try RefusalTests.bench()
            let run = try bench.command(
                "attach-to-interface", "far0", "--tc", "none", "--xdp", AttachmentTests.object("unmakeable_map"))
            #expect(run.exitCode == 70)
            #expect(
                run.errors.contains(
                    "load program looker (map 'traces': failed to create: Invalid argument(-22)): Invalid argument"),
                "\(run.errors)")
        }
    }

    // MARK: Logs

    /// Kernels before 6.10 give the line without its place, which the object's own table then has.
    @Test func theLogOfAnOlderKernel() throws {
        let bytes = try Fixture.bytes(Fixture.object("refused"))
        let text = """
            ; return *(__u32 *)(long)ctx->data; /* not compared with data_end */
            27: (61) r0 = *(u32 *)(r1 +0)
            invalid access to packet, off=0 size=4, R1(id=0,off=0,r=0)
            R1 offset is outside of the packet
            processed 25 insns (limit 1000000) max_states_per_insn 0 total_states 2 peak_states 2 mark_read 0
            """
        let log = VerifierLog(text: text, program: "out_of_bounds") { line in
            (try? ObjectImage.read(bytes.span) { $0.place(ofLine: line) }) ?? nil
        }
        #expect(
            log.description
                == "the verifier refused program out_of_bounds at refused.bpf.c:13: R1 offset is outside of the packet")
    }

    @Test func logsThatSayLittle() {
        func describe(_ text: String) -> String { VerifierLog(text: text, program: "p") { _ in nil }.description }
        #expect(describe("processed 3 insns") == "the verifier refused program p: the verifier said nothing")
        #expect(describe("; a = b @ c; @ x.c:y\nbad") == "the verifier refused program p: bad")
        #expect(describe("; f(); @ dir/x.c:7\nbad\nprocessed 1") == "the verifier refused program p at dir/x.c:7: bad")
        #expect(!VerifierLog.isAboutProgram("magic: 0xeb9f\nversion: 1"))
    }

    @Test func theReasonIsNotWhatFollowedFromIt() {
        let error = BPFError(
            "load program p", .badFileDescriptor,
            messages: [
                "map 'jumps': failed to initialize slot [0] to prog 'q' fd=-2: -9", "prog 'p': failed to load: -9",
                "failed to load object 'pktmeta'",
            ])
        #expect(error.reason == "map 'jumps': failed to initialize slot [0] to prog 'q' fd=-2: -9")
        #expect(error.refusedProgram == nil)
        let refused = BPFError(
            "load", .invalidArgument, messages: ["prog 'a_b': BPF program load failed: Invalid argument"])
        #expect(refused.refusedProgram == "a_b")
    }
}
