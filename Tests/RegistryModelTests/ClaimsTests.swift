// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

/// Who declares what beside whom records name.
@Suite struct ClaimsTests {
    static let program = Claims.Subject(programBy: ["1-2", "1", "a.bpf.o", "count"])
    static let other = Claims.Subject(programBy: ["1-2", "1", "a.bpf.o", "drop"])

    @Test func whoIsRecordedComesFirstUnlessWithdrawn() {
        var claims = Claims()
        #expect(claims.declarers(of: Self.program, recordedAs: "acme") == ["acme"])
        claims.settle(Self.program, recordedAs: "acme", on: ["beta", "acme"])
        #expect(claims.declarers(of: Self.program, recordedAs: "acme") == ["acme", "beta"])
        claims.settle(Self.program, recordedAs: "acme", on: ["beta"])
        #expect(claims.declarers(of: Self.program, recordedAs: "acme") == ["beta"])
        claims.settle(Self.program, recordedAs: "acme", on: ["acme"])
        #expect(claims.isEmpty)
    }

    @Test func whatWasMadeByHandIsNobodys() {
        var claims = Claims()
        claims.settle(Self.program, recordedAs: "", on: ["beta"])
        #expect(claims.isEmpty && claims.declarers(of: Self.program, recordedAs: "") == [])
    }

    @Test func theyReadBackFromBytesAndForgetWhatIsGone() throws {
        var claims = Claims()
        claims.settle(Self.program, recordedAs: "acme", on: ["beta", "gamma"])
        claims.settle(Self.other, recordedAs: "acme", on: ["acme", "beta"])
        #expect(Claims(bytes: claims.bytes) == claims)
        #expect(Claims(bytes: claims.bytes + [0, 0, 0]) == claims)
        claims.keep(only: [Self.other])
        #expect(claims.declarers(of: Self.program, recordedAs: "acme") == ["acme"])
        #expect(claims.declarers(of: Self.other, recordedAs: "acme") == ["acme", "beta"])
    }

    /// Cut off anywhere, of another ABI, or with an owner that has no end, they are none.
    @Test func damagedBytesAreNoClaims() {
        var claims = Claims()
        claims.settle(Self.program, recordedAs: "acme", on: ["beta"])
        let bytes = claims.bytes
        for count in bytes.indices { #expect(Claims(bytes: Array(bytes[..<count])) == nil) }
        var otherABI = bytes
        otherABI[0] &+= 1
        #expect(Claims(bytes: otherABI) == nil)
        var endless = bytes
        endless.replaceSubrange(8 + 32..<8 + 64, with: [UInt8](repeating: 97, count: 32))
        #expect(Claims(bytes: endless) == nil)
        var many = bytes
        many.replaceSubrange(4..<8, with: [255, 255, 255, 255])
        #expect(Claims(bytes: many) == nil)
    }

    /// A field that has another's id and name, since that one is gone, is another.
    @Test func aFieldThatIsRegisteredAnewIsAnother() throws {
        let definition = try FieldDefinition(name: FieldName("tenant"), type: .u32, owner: "acme")
        let id = FieldID(slot: 3, epoch: 7)
        func field(_ registeredAt: UInt64) throws -> RegisteredField {
            var random = SystemRandomNumberGenerator()
            let image = RegistryImage.empty(capacity: 64, statistics: .sampled, createdAt: 0, using: &random)
            return try image.registering(definition, id: id, now: registeredAt).field
        }
        #expect(try Claims.Subject(field(1)) == Claims.Subject(field(1)))
        #expect(try Claims.Subject(field(1)) != Claims.Subject(field(2)))
    }
}
