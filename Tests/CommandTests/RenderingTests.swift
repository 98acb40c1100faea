// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import PktmetaCommands
@testable import RegistryModel

@Suite struct RenderingTests {
    @Test func errorsForPeopleAndPrograms() {
        let error = PacketMetadataError(
            .taken, "cannot register x", reason: "no \"space\"", remedy: "unregister y", details: "line 1\nline 2")
        let text = "pktmeta: cannot register x: no \"space\"\n  unregister y"
        #expect(
            ErrorRendering(error, showsVerifierLog: false).text == "\(text)\n  --verbose shows the whole verifier log.")
        #expect(ErrorRendering(error, showsVerifierLog: true).text == "\(text)\nline 1\nline 2")
        // Of a command without that option.
        #expect(ErrorRendering(error).text == "\(text)\n  --json shows the whole verifier log.")
        #expect(
            ErrorRendering(error).json == """
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

    /// In words, and for programs with the id.
    @Test func whatWasDoneAllTheSame() {
        let error = PacketMetadataError(.system, "cannot renew p on eth0", reason: "replace p: EIO")
            .unfinished("cannot register x", "x is registered", id: FieldID(rawValue: 0x0100_0001), remedy: "repair")
        #expect(
            error.description
                == "x is registered, but not all that goes with it is done: cannot renew p on eth0: replace p: EIO\n  repair"
        )
        #expect(
            ErrorDocument(error).jsonLine.contains(#""done":{"id":16777217,"text":"x is registered"}"#),
            "\(ErrorDocument(error).jsonLine)")
        let own = PacketMetadataError(.system, "cannot register x", reason: "EIO").unfinished(
            "cannot register x", "x is registered", remedy: "repair")
        #expect(own.reason == "EIO")
    }

    @Test func exitCodesAreThoseOfSysexits() {
        let codes = PacketMetadataError.Kind.allCases.map { ("\($0)", $0.exitCode) }
        #expect(
            Dictionary(uniqueKeysWithValues: codes) == [
                "usage": 64, "badData": 65, "notFound": 66, "unsupported": 69, "system": 70, "taken": 73, "busy": 75,
                "missingPrivilege": 77, "incompatibleABI": 78, "unfinished": 79, "interrupted": 130,
            ])
    }
}
