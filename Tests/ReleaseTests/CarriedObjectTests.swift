// SPDX-License-Identifier: BSD-2-Clause

import BPFObjects
import BenchObjects
import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

/// Which BPF objects the programs that users have carry.
@Suite struct CarriedObjectTests {
    /// Names of those of the objects that are in a program, packed as they are there.
    private static func names(of objects: [CarriedObject], in program: FilePath) throws -> [String] {
        let bytes = try Data(contentsOf: URL(filePath: program.string), options: .mappedIfSafe)
        return objects.filter { object in
            object.packed.withUTF8Buffer { bytes.range(of: Data($0)) != nil }
        }.map(\.name.description)
    }

    @Test func onlyTheBenchmarkCarriesWhatIsCompared() throws {
        let (prebuilt, compared) = (CarriedObject.prebuilt, CarriedObject.compared)
        #expect(try Self.names(of: prebuilt, in: Fixture.releasedCommand) == prebuilt.map(\.name.description))
        #expect(try Self.names(of: compared, in: Fixture.releasedBench) == compared.map(\.name.description))
        // The tracer is both.
        #expect(try Self.names(of: compared, in: Fixture.releasedCommand) == ["tracer"])
    }

    /// Each program of bpf/programs and bpf/bench is in one of the lists.
    @Test func noProgramIsForgotten() throws {
        for (folder, objects) in [("programs", CarriedObject.prebuilt), ("bench", CarriedObject.compared)] {
            let files = try Folder.names(in: Fixture.bpf.appending(folder)).filter { $0.hasSuffix(".bpf.c") }
            #expect(
                Set(files.map { String($0.dropLast(".bpf.c".count)) }).isSubset(of: objects.map(\.name.description)))
        }
    }
}
