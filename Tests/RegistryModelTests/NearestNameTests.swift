// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

@Suite struct NearestNameTests {
    private static let commands = [
        "create-registry", "delete-registry", "register-field", "unregister-field", "attach-to-interface",
        "detach-from-interface", "status", "inspect-map", "watch", "doctor", "demo",
    ]

    @Test(arguments: [
        ("atach-to-interface", "attach-to-interface"), ("inspect", "inspect-map"), ("Status", "status"),
        ("sattus", "status"), ("wtach", "watch"), ("attach", "attach-to-interface"), ("dmeo", "demo"),
        ("delete-regsitry", "delete-registry"),
    ])
    func whatIsClear(typed: String, meant: String) {
        #expect(NearestName.of(typed, among: Self.commands) == meant)
    }

    @Test(arguments: ["list", "x", "", "de", "xyzzy", "register_the_field_please", "status"])
    func whatIsNot(typed: String) {
        #expect(NearestName.of(typed, among: Self.commands) == nil)
    }

    /// Two that are as near.
    @Test func aTieIsNoAnswer() {
        #expect(NearestName.of("u22", among: ["u12", "u32"]) == nil)
        #expect(NearestName.of("ten", among: ["tenant_a", "tenant_b"]) == nil)
        #expect(NearestName.of("any", among: []) == nil)
    }

    @Test func theQuestionGoesBeforeWhatElseHelps() {
        #expect(NearestName.question("u23", among: ["u8", "u32"]) == "Did you mean u32? ")
        #expect(NearestName.question("float", among: ["u8", "u32"]) == "")
    }
}
