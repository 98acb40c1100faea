// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

@Suite("Field names")
struct FieldNameTests {
    @Test(arguments: [
        "a", "Z", "_", "_9", "tenant_id", "a__b__c", "TENANT2", String(repeating: "x", count: 31),
    ])
    func goodNamesAreKept(text: String) throws {
        let name = try FieldName(text)
        #expect(name.text == text)
        #expect(name.description == text)
    }

    @Test(arguments: [
        ("", "it is empty"),
        (String(repeating: "x", count: 32), "it has 32 bytes"),
        (String(repeating: "ü", count: 16), "it has 32 bytes"),
        ("9lives", "it starts with a digit"),
        ("0", "it starts with a digit"),
        ("tenant-id", "only A-Z, a-z, 0-9 and _ are allowed"),
        ("tenant id", "only A-Z, a-z, 0-9 and _ are allowed"),
        ("tenant.id", "only A-Z, a-z, 0-9 and _ are allowed"),
        ("tenant\0", "only A-Z, a-z, 0-9 and _ are allowed"),
        ("größe", "only A-Z, a-z, 0-9 and _ are allowed"),
        ("a\u{663}", "only A-Z, a-z, 0-9 and _ are allowed"),
        ("@", "only A-Z, a-z, 0-9 and _ are allowed"),
        ("a[", "only A-Z, a-z, 0-9 and _ are allowed"),
        ("a`", "only A-Z, a-z, 0-9 and _ are allowed"),
        ("a{", "only A-Z, a-z, 0-9 and _ are allowed"),
        ("a/", "only A-Z, a-z, 0-9 and _ are allowed"),
        ("a:", "only A-Z, a-z, 0-9 and _ are allowed"),
        ("a___b", "three underscores in a row mean something else to CO-RE"),
        ("___", "three underscores in a row mean something else to CO-RE"),
        ("__", "it starts with two underscores, which mean something else to CO-RE"),
        ("__tenant", "it starts with two underscores, which mean something else to CO-RE"),
        ("tenant____", "three underscores in a row mean something else to CO-RE"),
    ])
    func badNamesAreRefused(text: String, reason: String) throws {
        let error = try #require(refusal { () throws(PacketMetadataError) in try FieldName(text) })
        #expect(error.kind == .usage)
        #expect(error.reason == reason)
        #expect(error.summary == "bad field name '\(text)'")
        #expect(error.remedy?.contains("1 to 31 bytes") == true)
    }

    @Test func namesSortByText() throws {
        let names = try ["b", "a_", "a", "B"].map { try FieldName($0) }
        #expect(names.sorted().map(\.text) == ["B", "a", "a_", "b"])
    }

    @Test func namesThatDifferInCaseDiffer() throws {
        #expect(try FieldName("tenant") != FieldName("Tenant"))
    }
}
