// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

/// Which BPF objects the programs that users have carry.
@Suite struct CarriedObjectTests {
    /// Names of the objects in a folder, and those whose bytes are in that program.
    private static func objects(in folder: String, of program: FilePath) throws -> (all: [String], carried: [String]) {
        let path = Fixture.object("x").removingLastComponent().removingLastComponent().appending(folder)
        let bytes = try Data(contentsOf: URL(filePath: program.string))
        let all = try Folder.names(in: path).filter { $0.hasSuffix(".bpf.o") }
        let carried = try all.filter { bytes.range(of: Data(try Fixture.bytes(path.appending($0)))) != nil }
        return (all, carried)
    }

    @Test func onlyTheBenchmarkCarriesWhatIsCompared() throws {
        let prebuilt = try Self.objects(in: "", of: Fixture.releasedCommand)
        #expect(prebuilt.all.count > 4 && prebuilt.carried == prebuilt.all)
        let compared = try Self.objects(in: "bench", of: Fixture.releasedBench)
        #expect(compared.all.count > 9 && compared.carried == compared.all)
        #expect(try Self.objects(in: "bench", of: Fixture.releasedCommand).carried == [])
    }
}
