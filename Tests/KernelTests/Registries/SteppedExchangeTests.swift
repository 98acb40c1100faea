// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

/// Kernels before 5.16 cannot exchange two folders of a bpffs at once: processes killed between the steps that take its
/// place. `make test-kernels` has the steps themselves, on 5.10.
@Suite(Kernel.required) struct SteppedExchangeTests {
    enum Stage: CaseIterable {
        /// The old programs' folder has left its place, the new ones' is not there yet.
        case placeIsEmpty
        /// The new one is there, the old one not yet where it is removed from.
        case oldIsInBetween
    }

    @Test(arguments: Stage.allCases) func aKilledExchangeIsFinished(stage: Stage) throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            _ = try bench.command("register-field", "tenant", "--type", "u32", "--source", "constant:7")
            #expect(try bench.command("attach-to-interface", "far0", "--tc", "none").exitCode == 0)
            let program = try bench.attachedXDP()
            let pins = bench.scratch.pins
            let attachment = try #require(pins.first { $0.hasSuffix("/current") }).dropLast("/current".count)
            let folder = bench.scratch.path.appending(String(attachment))
            try Folder.make(folder.appending("previous"))
            if stage == .placeIsEmpty {
                try Folder.rename(folder.appending("current"), to: folder.appending("next"))
            }

            // Whoever only reads sees what is attached.
            let status = try bench.command("status")
            #expect(status.exitCode == 0 && status.output.contains("producer"), "\(status.errors)")
            // Whoever writes finishes it.
            let write = try bench.command("register-field", "other", "--type", "u32")
            #expect(write.exitCode == 0, "\(write.errors)")
            #expect(bench.scratch.pins == pins)
            #expect(try bench.attachedXDP() != nil && program != nil)
            #expect(try bench.command("detach-from-interface", "far0").exitCode == 0)
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
        }
    }
}
