// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import Testing

@Suite struct KernelTypesTests {
    /// With as little of the file in memory as has room for the longest name, and with all of it.
    @Test(arguments: [32, 33, 47, 100, 4096]) func structsAreFoundThroughAWindow(size: Int) throws {
        let builder = try BTFBuilder()
        let number = try builder.addInteger("number", size: 4)
        for index in 0..<40 {
            let members = (0..<index % 5).map { (name: "member_\($0)", type: number, offset: 4 * $0) }
            try builder.addStruct("struct_\(index)", size: 20, members: members)
            try builder.addEnum("enum_\(index)", values: [("value_\(index)", 7)])
        }
        let bytes = try builder.bytes()
        let file = try MemoryFile(bytes.span)
        let there = (0..<40).map { "struct_\($0)" }
        let others = (0..<40).map { "enum_\($0)" } + ["struct", "struct_40", "member_1", "value_3", "number", ""]
        let types = try KernelTypes(
            functions: ["struct_1"], structs: Set(there + others), in: FilePath(file.path), windowSize: size)
        for name in there { #expect(types.hasStruct(name), "\(name)") }
        for name in others { #expect(!types.hasStruct(name), "\(name)") }
        #expect(!types.hasFunction("struct_1"))
        #expect(!types.hasStruct("struct_41"), "nobody asked for it")
    }

    @Test func whatIsNoBTFIsRefused() throws {
        let bytes = [UInt8](repeating: 7, count: 100)
        let file = try MemoryFile(bytes.span)
        let error = #expect(throws: BPFError.self) {
            try KernelTypes(functions: [], structs: ["a"], in: FilePath(file.path), windowSize: 64)
        }
        #expect(error?.errno == .invalidArgument)
        let missing = #expect(throws: BPFError.self) {
            try KernelTypes(functions: [], structs: ["a"], in: "/sys/kernel/btf/none", windowSize: 64)
        }
        #expect(missing?.errno == .noSuchFileOrDirectory)
    }

    /// As another reader of the same file has it.
    @Test func theKernelsOwnAreThoseThatBPFToolFinds() throws {
        let dump = try ChildProcess.run(["bpftool", "btf", "dump", "file", "/sys/kernel/btf/vmlinux"])
        #expect(dump.status == 0)
        var (functions, structs): ([String], [String]) = ([], [])
        for line in dump.output.split(separator: "\n") where line.first == "[" {
            let words = line.split(separator: " ", maxSplits: 3)
            guard words.count > 2, words[2] != "'(anon)'" else { continue }
            if words[1] == "FUNC" { functions.append(String(words[2].dropFirst().dropLast())) }
            if words[1] == "STRUCT" { structs.append(String(words[2].dropFirst().dropLast())) }
        }
        func some(_ names: [String]) -> Set<String> {
            Set(stride(from: 0, to: names.count, by: 97).map { names[$0] } + names.suffix(1))
        }
        let (wantedFunctions, wantedStructs) = (some(functions), some(structs))
        #expect(wantedFunctions.count > 100)
        #expect(wantedStructs.count > 20)
        let types = try KernelTypes(
            functions: wantedFunctions.union(["no_such_function"]), structs: wantedStructs.union(["no_such_struct"]))
        #expect(wantedFunctions.allSatisfy(types.hasFunction))
        #expect(wantedStructs.allSatisfy(types.hasStruct))
        #expect(!types.hasFunction("no_such_function"))
        #expect(!types.hasStruct("no_such_struct"))
    }
}
