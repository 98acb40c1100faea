// SPDX-License-Identifier: BSD-2-Clause

import BPF
import SystemPackage
import Testing

@testable import Linux

/// What the kernel calls its own.
@Suite struct KernelNamesTests {
    private static let table = Array(
        """
        0000000000000000 A fixed_percpu_data
        ffffffff81000040 T second
        ffffffff81000000 T first
        ffffffff81000050 d some_data
        ffffffff81000080 t third
        ffffffffc0000000 t of_module\t[module]

        """.utf8)

    @Test(
        arguments: [
            (0xffff_ffff_8100_0000, "first+0x0"), (0xffff_ffff_8100_003f, "first+0x3f"),
            (0xffff_ffff_8100_0060, "second+0x20"), (0xffff_ffff_9000_0000, "third+0xeffff80"),
            (0xffff_ffff_c000_0004, "of_module+0x4 [module]"), (0xffff_ffff_80ff_ffff, nil),
        ] as [(UInt64, String?)])
    func anAddressIsNamedByTheFunctionThatItLiesIn(address: UInt64, name: String?) {
        #expect(KernelSymbols.name(at: address, in: Self.table) == name)
    }

    @Test func hiddenAddressesHaveNoNames() {
        let hidden = Array("0000000000000000 T first\n0000000000000000 T second".utf8)
        #expect(KernelSymbols.name(at: 0xffff_ffff_8100_0000, in: hidden) == nil)
        #expect(KernelSymbols.name(at: 5, in: []) == nil)
    }

    @Test func anEnumerationsNamesAreFoundThroughAWindow() throws {
        let builder = try BTFBuilder()
        for index in 0..<20 {
            try builder.addEnum(
                "enum_\(index)", values: (0...index).map { ("value_\(index)_\($0)", UInt32($0 * 100_000)) })
        }
        let bytes = try builder.bytes()
        let file = try MemoryFile(bytes.span)
        for size in [40, 64, 4096] {
            func names(_ name: String) throws -> [UInt32: String] {
                try KernelEnumeration(named: name, in: FilePath(file.path), windowSize: size).names
            }
            #expect(try names("enum_2") == [0: "value_2_0", 100_000: "value_2_1", 200_000: "value_2_2"])
            #expect(try names("enum_19").count == 20)
            #expect(try names("enum_20").isEmpty && names("value_2_1").isEmpty)
        }
    }
}
