// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import PktmetaCommands
@testable import RegistryModel

@Suite struct RenderingTests {
    @Test func errorsForPeopleAndPrograms() {
        let error = PacketMetadataError(
            .taken, "cannot register x", reason: "no \"space\"", remedy: "unregister y", details: "line 1\nline 2")
        #expect(
            ErrorRendering(error, isVerbose: false).text == "pktmeta: cannot register x: no \"space\"\n  unregister y")
        #expect(ErrorRendering(error, isVerbose: true).text.hasSuffix("\nline 1\nline 2"))
        #expect(
            ErrorRendering(error, isVerbose: false).json == """
                {
                  "error" : {
                    "details" : "line 1\\nline 2",
                    "exitCode" : 73,
                    "kind" : "taken",
                    "reason" : "no \\"space\\"",
                    "remedy" : "unregister y",
                    "summary" : "cannot register x"
                  },
                  "version" : 1
                }
                """)
    }

    @Test func exitCodesAreThoseOfSysexits() {
        let codes = PacketMetadataError.Kind.allCases.map { ("\($0)", $0.exitCode) }
        #expect(
            Dictionary(uniqueKeysWithValues: codes) == [
                "usage": 64, "badData": 65, "notFound": 66, "unsupported": 69, "system": 70, "taken": 73, "busy": 75,
                "missingPrivilege": 77, "incompatibleABI": 78, "interrupted": 130,
            ])
    }
}
