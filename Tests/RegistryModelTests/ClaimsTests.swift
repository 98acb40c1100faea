// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

/// Who declares what beside whom records name.
@Suite struct ClaimsTests {
    static let program = Claims.Subject(programBy: ["1-2", "1", "a.bpf.o", "count"], attachedAt: 1)
    static let other = Claims.Subject(programBy: ["1-2", "1", "a.bpf.o", "drop"], attachedAt: 1)

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

    @Test func theyReadBackFromBytes() throws {
        var claims = Claims()
        claims.settle(Self.program, recordedAs: "acme", on: ["beta", "gamma"])
        claims.settle(Self.other, recordedAs: "acme", on: ["acme", "beta"])
        #expect(Claims(bytes: claims.bytes) == claims)
        #expect(Claims(bytes: claims.bytes + [0, 0, 0]) == claims)
    }

    /// What is made anew is still claimed, and by nobody withdrawn.
    @Test func whatIsMadeAnewIsClaimedStill() {
        var claims = Claims()
        claims.settle(Self.program, recordedAs: "acme", on: ["beta"])
        let again = Claims.Subject(programBy: ["1-2", "1", "a.bpf.o", "count"], attachedAt: 2)
        #expect(claims.declarers(of: again, recordedAs: "acme") == ["acme", "beta"])
        #expect(claims.declarers(of: again, recordedAs: "gamma") == ["gamma", "beta"])
    }

    /// What is gone may come back; nobody keeps track of it for ever.
    @Test func whatIsGoneIsForgottenInTheEnd() {
        var claims = Claims()
        claims.settle(Self.program, recordedAs: "acme", on: ["beta"])
        claims.settle(Self.other, recordedAs: "acme", on: ["acme", "beta"])
        claims.forget(others: [Self.other], claimedBy: [])
        #expect(claims.declarers(of: Self.program, recordedAs: "acme") == ["acme", "beta"])
        claims.forget(others: [Self.other], claimedBy: ["beta"])
        #expect(claims.declarers(of: Self.program, recordedAs: "acme") == ["acme"])
        #expect(claims.declarers(of: Self.other, recordedAs: "acme") == ["acme", "beta"])
        claims.forget(others: [], claimedBy: [], keeping: 1)
        #expect(claims.bytes.count == 8 + 68)
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

    @Test func aFieldIsMeantByItsName() throws {
        let id = FieldID(slot: 3, epoch: 7)
        func field(_ name: String, _ registeredAt: UInt64) throws -> Claims.Subject {
            let definition = try FieldDefinition(name: FieldName(name), type: .u32, owner: "acme")
            let image = RegistryImage(capacity: 64)
            return Claims.Subject(try image.registering(definition, id: id, now: registeredAt).field)
        }
        var claims = Claims()
        claims.settle(try field("tenant", 1), recordedAs: "acme", on: ["beta"])
        #expect(try claims.declarers(of: field("tenant", 1), recordedAs: "acme") == ["beta"])
        #expect(try claims.declarers(of: field("tenant", 2), recordedAs: "acme") == ["acme", "beta"])
        #expect(try claims.declarers(of: field("other", 1), recordedAs: "acme") == ["acme"])
    }
}
