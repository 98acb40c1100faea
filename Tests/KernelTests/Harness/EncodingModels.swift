// SPDX-License-Identifier: BSD-2-Clause

/// The key/value encoding as a dictionary, with the bytes that an area of it must have.
struct KeyValueModel {
    static let headerSize = 16

    /// Values as they are stored: 1 byte as 2.
    private(set) var values: [Int: [UInt8]] = [:]

    static func room(_ size: Int) -> Int { max(size, 2) }

    var size: Int { Self.headerSize + values.values.reduce(0) { $0 + $1.count } }

    mutating func set(_ key: Int, _ value: [UInt8]) {
        values[key] = value + [UInt8](repeating: 0, count: Self.room(value.count) - value.count)
    }

    func offset(of key: Int) -> Int { values.reduce(0) { $1.key < key ? $0 + $1.value.count : $0 } }

    func area(of size: Int) -> [UInt8] {
        var (low, high): (UInt64, UInt64) = (0, 0)
        for (key, value) in values {
            if value.count != 4 { low |= 1 << UInt64(key) }
            if value.count != 2 { high |= 1 << UInt64(key) }
        }
        let packed = values.sorted { $0.key < $1.key }.flatMap(\.value)
        let used = ContractScript.little(low) + ContractScript.little(high) + packed
        return used + [UInt8](repeating: 0, count: size - used.count)
    }
}

/// The fields of bpf/bench/bench.bpf.h, and what fill_N sets them to.
struct BenchFields {
    let count: Int

    static func size(_ number: Int) -> Int { [4, 8, 2, 4, 2, 1, 4, 1][(number - 1) % 8] }

    static func value(_ number: Int) -> [UInt8] {
        Array(ContractScript.little(0x0123_4567_89ab_cdef &* UInt64(2 * number + 1)).prefix(size(number)))
    }

    var numbers: ClosedRange<Int> { 1...count }

    /// The values at places that the encoding chose.
    func place(in area: [UInt8], _ offset: (Int) -> Int) -> [UInt8] {
        var area = area
        for number in numbers {
            area.replaceSubrange(offset(number)..<offset(number) + Self.size(number), with: Self.value(number))
        }
        return area
    }

    /// 8 fields in 32 bytes, the largest first.
    var structArea: [UInt8] {
        let size = count <= 3 ? 32 : count <= 8 ? 64 : 128
        let places = [8, 0, 12, 16, 14, 24, 20, 25]
        return place(in: [UInt8](repeating: 0, count: size)) { 32 * (($0 - 1) / 8) + places[($0 - 1) % 8] }
    }

    /// - Parameter key: that of a field, by its number.
    func keyValueArea(key: (Int) -> Int) -> [UInt8] {
        var model = KeyValueModel()
        for number in numbers { model.set(key(number), Self.value(number)) }
        return model.area(of: areaSize)
    }

    var tlvArea: [UInt8] {
        let entries = numbers.flatMap { [UInt8($0), UInt8(Self.size($0))] + Self.value($0) }
        let used = ContractScript.little(UInt32(entries.count)) + entries
        return used + [UInt8](repeating: 0, count: areaSize - used.count)
    }

    private var areaSize: Int { count <= 3 ? 32 : count <= 8 ? 64 : count <= 16 ? 128 : 216 }
}

/// The same numbers in each run: a linear congruential generator modulo 2^64 (Knuth, TAOCP 2, 3.3.4), upper half.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    private mutating func half() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 32
    }

    mutating func next() -> UInt64 { half() << 32 | half() }
}
