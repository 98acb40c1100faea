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
        ("", FieldName.Fault.empty),
        (String(repeating: "x", count: 32), .tooLong(32)),
        (String(repeating: "ü", count: 16), .tooLong(32)),
        ("9lives", .beginsWithDigit),
        ("0", .beginsWithDigit),
        ("tenant-id", .badCharacter),
        ("tenant id", .badCharacter),
        ("tenant.id", .badCharacter),
        ("tenant\0", .badCharacter),
        ("größe", .badCharacter),
        ("a\u{663}", .badCharacter),
        ("@", .badCharacter),
        ("a[", .badCharacter),
        ("a`", .badCharacter),
        ("a{", .badCharacter),
        ("a/", .badCharacter),
        ("a:", .badCharacter),
        ("a___b", .threeUnderscores),
        ("___", .threeUnderscores),
        ("__", .beginsWithUnderscores),
        ("__tenant", .beginsWithUnderscores),
        ("tenant____", .threeUnderscores),
    ])
    func badNamesAreRefused(text: String, fault: FieldName.Fault) throws {
        let error = try #require(refusal { () throws(PacketMetadataError) in try FieldName(text) })
        #expect(error.kind == .usage)
        #expect(error.action == .read(.fieldName, text))
        #expect(error.field == .badName(text, fault))
    }

    @Test func namesSortByText() throws {
        let names = try ["b", "a_", "a", "B"].map { try FieldName($0) }
        #expect(names.sorted().map(\.text) == ["B", "a", "a_", "b"])
    }

    @Test func namesThatDifferInCaseDiffer() throws {
        #expect(try FieldName("tenant") != FieldName("Tenant"))
    }
}
