// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
internal import SystemPackage

/// Names for addresses in the kernel, by /proc/kallsyms.
public struct KernelSymbols: ~Copyable {
    private var found: [UInt64: String?] = [:]

    public init() {}

    /// The function that an address lies in, and how many bytes in, as the kernel writes it: `tcp_v4_rcv+0x2b`, with the
    /// module behind it if it is one's.
    ///
    /// - Returns: nil if the kernel does not tell this process addresses (kernel.kptr_restrict, CAP_SYSLOG) or has no
    ///   symbols.
    public mutating func name(at address: UInt64) -> String? {
        if let known = found[address] { return known }
        let name = (try? WholeFile.read("/proc/kallsyms")).flatMap { Self.name(at: address, in: $0) }
        found[address] = .some(name)
        return name
    }

    /// Where functions begin: those that the kernel has, if it tells this process.
    public static func addresses(of names: Set<String>) -> [String: UInt64] {
        guard let table = try? WholeFile.read("/proc/kallsyms") else { return [:] }
        return addresses(of: names, in: table)
    }

    /// Of a name that several have, the kernel's own: those of modules come behind it.
    static func addresses(of names: Set<String>, in table: [UInt8]) -> [String: UInt64] {
        let wanted = Dictionary(uniqueKeysWithValues: names.map { (ArraySlice($0.utf8), $0) })
        var found: [String: UInt64] = [:]
        visitFunctions(in: table) { address, words in
            guard let name = wanted[table[words].prefix { !isSpace($0) }], found[name] == nil else { return }
            found[name] = address
        }
        return found
    }

    /// - Parameter table: as the file has it: an address, a letter, a name and, of a module, its name in brackets, on each
    ///   line; in no order.
    static func name(at address: UInt64, in table: [UInt8]) -> String? {
        var best: (address: UInt64, words: Range<Int>)?
        visitFunctions(in: table) { symbol, words in
            if symbol <= address, symbol >= best?.address ?? 0 { best = (symbol, words) }
        }
        guard let best else { return nil }
        let words = table[best.words].split(whereSeparator: isSpace)
        let name = String(decoding: words[0], as: UTF8.self) + "+0x" + String(address - best.address, radix: 16)
        return words.count > 1 ? name + " " + String(decoding: words[1], as: UTF8.self) : name
    }

    /// Calls a closure with the address of each function that is told, and where in the table its name and its module are.
    private static func visitFunctions(in table: [UInt8], _ body: (UInt64, Range<Int>) -> Void) {
        // Text that ends with NUL, which strtoull(3) does not pass.
        let text = table + [0]
        unsafe text.withUnsafeBytes { bytes in
            guard let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
            var position = 0
            while position < table.count {
                let line = unsafe start + position
                let rest = table.count - position
                let end = unsafe memchr(line, CInt(UInt8(ascii: "\n")), rest)
                let length = unsafe end.map { unsafe UnsafeRawPointer($0) - UnsafeRawPointer(line) } ?? rest
                defer { position += length + 1 }
                let address = UInt64(unsafe strtoull(line, nil, 16))
                guard address != 0, length > 19, unsafe isFunction(line[17]) else { continue }
                body(address, position + 19..<position + length)
            }
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\t") || byte == UInt8(ascii: " ") }

    private static func isFunction(_ letter: CChar) -> Bool {
        "tTwW".utf8.contains(UInt8(bitPattern: letter))
    }
}
