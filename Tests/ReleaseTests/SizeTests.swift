// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

/// The files that users have, as `make install` strips them.
@Suite struct SizeTests {
    @Test func theCommandIsSmall() throws {
        let folder = try ScratchFolder()
        let stripped = folder.path.appending("pktmeta")
        let outcome = try ChildProcess.run(["strip", "-o", stripped.string, Fixture.releasedCommand.string])
        try #require(outcome.status == 0, "\(outcome.output)")
        let size = try #require(
            try FileManager.default.attributesOfItem(atPath: stripped.string)[.size] as? Int)
        #expect(size <= 14_000_000)
    }

    /// What ArgumentParser writes by an encoder of ours, in the release build, is what it writes by Foundation's.
    @Test func theDumpOfHelpIsFoundations() throws {
        let (one, other) = try (
            ChildProcess.run([Fixture.command, "--experimental-dump-help"]),
            ChildProcess.run([Fixture.releasedCommand.string, "--experimental-dump-help"])
        )
        #expect(one.status == 0 && one.output == other.output)
    }
}
