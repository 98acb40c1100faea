// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

@Suite("Field values")
struct FieldValueTests {
    @Test(arguments: [
        (FieldType.u8, "0", UInt64(0)), (.u8, "255", 255), (.u16, "0", 0), (.u16, "258", 0x102), (.u16, "65535", 65535),
        (.u32, "16909060", 0x0102_0304), (.u32, "4294967295", 0xffff_ffff), (.u64, "0", 0),
        (.u64, "72623859790382856", 0x0102_0304_0506_0708), (.u64, "18446744073709551615", .max), (.be16, "0", 0),
        (.be16, "258", 0x102), (.be16, "65535", 65535), (.be32, "16909060", 0x0102_0304),
        (.be32, "4294967295", 0xffff_ffff),
    ])
    func integersAreReadAndPrinted(type: FieldType, text: String, number: UInt64) throws {
        let value = try FieldValue(text, type: type)
        #expect(value.type == type)
        #expect(value.bytes.count == type.size)
        #expect(value.number == number)
        #expect(value.description == text)
        #expect(FieldValue(type: type, bytes: value.bytes) == value)
    }

    @Test(arguments: [
        (FieldType.u8, "0x0", UInt64(0)), (.u8, "0xff", 255), (.u16, "0xFFfe", 0xfffe), (.u32, "0x0000000001", 1),
        (.u64, "0xffffffffffffffff", .max), (.be16, "0x102", 0x102), (.be32, "0x01020304", 0x0102_0304),
        (.u8, "007", 7),
    ])
    func hexadecimalAndLeadingZeros(type: FieldType, text: String, number: UInt64) throws {
        #expect(try FieldValue(text, type: type).number == number)
    }

    @Test func hostAndNetworkByteOrder() throws {
        #expect(try FieldValue("258", type: .be16).bytes == [1, 2])
        #expect(try FieldValue("0x01020304", type: .be32).bytes == [1, 2, 3, 4])
        #expect(try FieldValue("258", type: .u16).bytes == withUnsafeBytes(of: UInt16(258)) { Array($0) })
        #expect(
            try FieldValue("0x01020304", type: .u32).bytes == withUnsafeBytes(of: UInt32(0x0102_0304)) { Array($0) })
        let eight = withUnsafeBytes(of: UInt64(0x0102_0304_0506_0708)) { Array($0) }
        #expect(try FieldValue("0x0102030405060708", type: .u64).bytes == eight)
    }

    @Test(arguments: [
        (FieldType.flag, "", [UInt8](), "set"),
        (.ipv4, "0.0.0.0", [0, 0, 0, 0], "0.0.0.0"),
        (.ipv4, "192.0.2.1", [192, 0, 2, 1], "192.0.2.1"),
        (.ipv4, "255.255.255.255", [255, 255, 255, 255], "255.255.255.255"),
        (.ipv6, "::", [UInt8](repeating: 0, count: 16), "::"),
        (.ipv6, "2001:0DB8:0:0:0:0:0:1", [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "2001:db8::1"),
        (
            .ipv6, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", [UInt8](repeating: 0xff, count: 16),
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
        ),
        (.ipv6, "::ffff:192.0.2.1", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1], "::ffff:192.0.2.1"),
        (.mac, "02:00:00:00:00:01", [2, 0, 0, 0, 0, 1], "02:00:00:00:00:01"),
        (.mac, "FF:fe:0A:a0:00:99", [0xff, 0xfe, 0x0a, 0xa0, 0, 0x99], "ff:fe:0a:a0:00:99"),
        (.bytes(1), "0x0A", [10], "0x0a"),
        (.bytes(3), "0x0102ff", [1, 2, 255], "0x0102ff"),
        (
            .bytes(64), "0x" + String(repeating: "5a", count: 64), [UInt8](repeating: 0x5a, count: 64),
            "0x" + String(repeating: "5a", count: 64)
        ),
    ])
    func othersAreReadAndPrinted(type: FieldType, text: String, bytes: [UInt8], printed: String) throws {
        let value = try FieldValue(text, type: type)
        #expect(value.bytes == bytes)
        #expect(value.description == printed)
        #expect(value.number == nil)
        if type != .flag { #expect(try FieldValue(printed, type: type) == value) }
    }

    @Test(arguments: [
        (FieldType.u8, "256"), (.u8, "0x100"), (.u16, "65536"), (.u16, "0x10000"), (.be16, "65536"),
        (.u32, "4294967296"), (.be32, "0x100000000"), (.u64, "18446744073709551616"), (.u64, "0x10000000000000000"),
    ])
    func overflowIsRefused(type: FieldType, text: String) throws {
        let error = try #require(refusal { () throws(PacketMetadataError) in try FieldValue(text, type: type) })
        #expect(error.kind == .usage)
        #expect(error.action == .read(.value, text))
        #expect(error.field == .badValue(text, type))
    }

    @Test(
        arguments: [FieldType.u8, .u16, .u32, .u64, .be16, .be32],
        [
            "", " ", "-1", "+1", "0x+1", "0x-1", " 1", "1 ", "\t1", "1\n", "0x", "0x ", "x", "one", "1.0", "1e1", "1_0",
            "0b1", "0X1", "ff", "0xg", "\u{ff11}", "\u{663}", "1\0",
        ])
    func textThatIsNoNumberIsRefused(type: FieldType, text: String) {
        #expect(refusal { () throws(PacketMetadataError) in try FieldValue(text, type: type) }?.kind == .usage)
    }

    @Test(arguments: [
        (FieldType.flag, ["0", "1", "set", " "]),
        (
            .ipv4,
            [
                "", "10.0.0", "10.0.0.256", "10.0.0.1.2", "10.0.0.1 ", " 10.0.0.1", "10.0.0.-1", "0x0a000001",
                "167772161", "::1", "10.0.0.1/8", "host",
            ]
        ),
        (
            .ipv6,
            [
                "", ":::", "1::2::3", "2001:db8::1 ", "::g", "12345::", "1:2:3:4:5:6:7", "fe80::1%lo", "10.0.0.1",
                "[::1]",
            ]
        ),
        (
            .mac,
            [
                "", "02:00:00:00:00", "02:00:00:00:00:00:01", "2:0:0:0:0:1", "02-00-00-00-00-01", "0g:00:00:00:00:01",
                "+2:00:00:00:00:01", "020000000001", "02:00:00:00:00:01:", ":02:00:00:00:00:01", "002:0:00:00:00:01",
                "02:00:00:00:00: 1",
            ]
        ),
        (
            .bytes(2),
            ["", "0x", "0102", "0x01", "0x010203", "0x102", "0x010", "0x01zz", "0X0102", "0x01 2", " 0x0102", "258"]
        ),
        (.bytes(1), ["0x\u{ff11}\u{ff11}", "0x+1", "0x-1"]),
    ])
    func otherBadTextIsRefused(type: FieldType, texts: [String]) {
        for text in texts {
            let error = refusal { () throws(PacketMetadataError) in try FieldValue(text, type: type) }
            #expect(error?.kind == .usage, "\(type) takes '\(text)'")
        }
    }
}
