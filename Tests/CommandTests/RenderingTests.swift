// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage
import Testing

@testable import PacketMetadata
@testable import PktmetaCommands
@testable import RegistryModel

/// A refusal of any words.
struct ExampleRefusal: RefusalWords {
    var kind = PacketMetadataError.Kind.taken
    var reason: String
    var remedy: String?
    var details: String?
}

@Suite struct RenderingTests {
    private static func name(_ text: String) throws -> FieldName { try FieldName(text) }

    @Test func errorsForPeopleAndPrograms() throws {
        let refusal = ExampleRefusal(reason: "no \"space\"", remedy: "unregister y", details: "line 1\nline 2")
        let error = PacketMetadataError(refusal).keeping(from: .registerField(try Self.name("x")))
        let text = "pktmeta: cannot register x: no \"space\"\n  unregister y"
        #expect(
            ErrorRendering(error, showsVerifierLog: false).text == "\(text)\n  --verbose shows the whole verifier log.")
        #expect(ErrorRendering(error, showsVerifierLog: true).text == "\(text)\nline 1\nline 2")
        // Of a command without that option.
        #expect(ErrorRendering(error).text == "\(text)\n  --json shows the whole verifier log.")
    }

    @Test func errorsInJSON() throws {
        let refusal = FieldRefusal.spaceTaken(.u64, free: 3, of: 24)
        let error = PacketMetadataError(refusal).keeping(from: .registerField(try Self.name("x")))
        #expect(
            ErrorRendering(error, RemedyCommands(arguments: ["--registry", "/r"])).json == """
                {
                  "error" : {
                    "code" : "space-taken",
                    "exitCode" : 73,
                    "kind" : "taken",
                    "reason" : "it needs 8 bytes, and 3 of 24 are free",
                    "remedy" : "pktmeta unregister-field --registry /r NAME frees space; pktmeta inspect-map --registry /r registry shows who has it.",
                    "summary" : "cannot register x"
                  },
                  "version" : 1
                }
                """)
    }

    @Test(arguments: [
        (FieldRefusal.sampleWithoutSource as any Refusal, "sample-without-source"),
        (FieldRefusal.noSuchType("x"), "no-such-type"),
        (ImageRefusal.otherABI(version: 2, own: 1), "other-abi"),
        (AttachingRefusal.noTCXLinks(.invalidArgument), "no-tcx-links"),
        (AttachingRefusal.orderTakesTCX(kernelHasTCX: true), "order-takes-tcx"),
        (InterfaceRefusal.noNativeXDP(.notSupported), "no-native-xdp"),
        (LoadingRefusal.objectOfOtherABI(object: "x", version: 1, own: 2), "object-of-other-abi"),
    ])
    func codesAreTheNamesOfCases(refusal: any Refusal, code: String) {
        #expect(refusal.code == code)
    }

    /// In words, and for programs with the id.
    @Test func whatWasDoneAllTheSame() throws {
        let name = try Self.name("x")
        let field = RegisteredField(
            slot: 1, layout: LayoutWord(FieldID(rawValue: 0x0100_0001), generation: Generation(1), offset: 8, size: 4),
            definition: try FieldDefinition(name: name, type: .u32), registeredAt: 0)
        let failed = PacketMetadataError(ExampleRefusal(kind: .system, reason: "replace p: EIO"))
        let error = failed.keeping(from: .renew(program: "p", on: "eth0"))
            .unfinished(.registerField(name), .registered(field, in: "/r"))
        #expect(error.kind == .unfinished)
        #expect(
            ErrorRendering(error).text
                == "pktmeta: x is registered, but not all that goes with it is done: cannot renew p on eth0: replace p: EIO\n"
                + "  pktmeta repair --registry /r finishes it.")
        #expect(
            ErrorDocument(error).jsonLine.contains(#""done":{"id":\#(field.id.rawValue),"text":"x is registered"}"#),
            "\(ErrorDocument(error).jsonLine)")
        let own = failed.keeping(from: .registerField(name)).unfinished(.registerField(name), .created("/r"))
        #expect(own.reason == "replace p: EIO")
    }

    /// What was asked, and each step on the way that another name has.
    @Test func stepsAreTold() throws {
        let (x, y) = (Action.registerField(try Self.name("x")), Action.listAttachments)
        let error = PacketMetadataError(ExampleRefusal(reason: "EIO"))
        #expect(error.keeping(from: x).keeping(from: x).message == "cannot register x: EIO")
        #expect(error.keeping(from: y).keeping(from: x).message == "cannot register x: cannot list attachments: EIO")
        let steps = error.keeping(from: .readAttachment("/a")).keeping(from: y).keeping(from: x)
        #expect(
            steps.message == "cannot register x: cannot list attachments: cannot read the attachment /a: EIO")
        do throws(PacketMetadataError) {
            try doing(x) { () throws(PacketMetadataError) in
                try doing(y) { () throws(PacketMetadataError) in throw error }
            }
        } catch {
            #expect(error.action == y && error.steps.isEmpty, "the more exact one stays")
        }
    }

    @Test func exitCodesAreThoseOfSysexits() {
        let codes = PacketMetadataError.Kind.allCases.map { ("\($0)", $0.exitCode) }
        #expect(
            Dictionary(uniqueKeysWithValues: codes) == [
                "usage": 64, "badData": 65, "notFound": 66, "unsupported": 69, "system": 70, "taken": 73, "busy": 75,
                "output": 74, "missingPrivilege": 77, "incompatibleABI": 78, "unfinished": 79, "interrupted": 130,
            ])
    }
}
