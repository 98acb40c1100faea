// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage
import TestSupport
import Testing

/// What a program's section says of where it runs (sections.bpf.c).
@Suite(Kernel.required) struct SectionTests {
    static let object = AttachmentTests.object("sections")

    @Test(arguments: ["plain_tc", "old_tc", "tc_ingress", "tcx_ingress", "on_request"])
    func allSectionsOfTCIngressAreKnown(program: String) throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            _ = try bench.command("create-registry")
            for mode in ["tcx", "clsact"] {
                let run = try bench.command(
                    "attach-to-interface", "far0", "--xdp", "none", "--tc", "\(Self.object):\(program)", "--tc-mode",
                    mode)
                #expect(run.output == "far0: TC ingress: \(program) attached (\(mode))", "\(run.errors)")
                #expect(try bench.command("detach-from-interface", "far0").exitCode == 0)
            }
        }
    }

    @Test(arguments: ["plain_tc", "old_tc", "tc_egress", "tcx_egress"])
    func allSectionsOfTCEgressAreKnown(program: String) throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            _ = try bench.command("create-registry")
            let run = try bench.command("attach-to-interface", "far0", "--tc-egress", "\(Self.object):\(program)")
            #expect(run.output == "far0: TC egress: \(program) attached (tcx)", "\(run.errors)")
        }
    }

    static let refused = [
        ("--tc-egress", "tcx_ingress", "SEC(\"tcx/ingress\"), for TC ingress"),
        ("--tc", "tc_egress", "SEC(\"tc/egress\"), for TC egress"),
        ("--tc", "tcx_egress", "SEC(\"tcx/egress\"), for TC egress"),
        ("--tc", "act", "SEC(\"action\"), not for TC ingress"),
        ("--tc", "netkit", "SEC(\"netkit/primary\"), not for TC ingress"),
        ("--tc", "probe", "SEC(\"kprobe/do_exit\"), not for TC ingress"),
        ("--tc", "devmap", "SEC(\"xdp/devmap\"), for packets that a device map sends"),
        ("--xdp", "devmap", "SEC(\"xdp/devmap\"), for packets that a device map sends"),
        ("--xdp", "devmap_frags", "SEC(\"xdp.frags/devmap\"), for packets that a device map sends"),
        ("--xdp", "cpumap", "SEC(\"xdp/cpumap\"), for packets that a CPU map hands over"),
        ("--xdp", "cpumap_frags", "SEC(\"xdp.frags/cpumap\"), for packets that a CPU map hands over"),
        ("--xdp", "custom", "SEC(\"xdp_custom\"), not for XDP"),
        ("--xdp", "plain_tc", "SEC(\"tc\"), for TC"),
    ]

    @Test(arguments: refused)
    func aRefusalNamesTheSectionThatWasFound(option: String, program: String, text: String) throws {
        try Kernel.run {
            let bench = try RefusalTests.bench()
            let other = option == "--xdp" ? "--tc" : "--xdp"
            let sections =
                ["--tc": "SEC(\"tcx/ingress\")", "--tc-egress": "SEC(\"tcx/egress\")"][option] ?? "SEC(\"xdp.frags\")"
            try RefusalTests.expectRefusal(
                bench, ["attach-to-interface", "far0", other, "none", option, "\(Self.object):\(program)"],
                exitCode: 65,
                saying: "its program \(program) is \(text)", sections)
        }
    }

    @Test func allProgramsAreNamedIfNoneFits() throws {
        try Kernel.run {
            let bench = try RefusalTests.bench()
            try RefusalTests.expectRefusal(
                bench, ["attach-to-interface", "far0", "--tc", "none", "--xdp", AttachmentTests.object("contract_tc")],
                exitCode: 65, saying: "it has no XDP program: program contract is SEC(\"tc\"), for TC")
        }
    }
}
