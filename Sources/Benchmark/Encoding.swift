// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import BPFObjects
internal import BenchObjects
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage
internal import Testbed

/// A way to lay values out on or beside a packet: an object in bpf/bench.
enum Encoding: String, CaseIterable {
    case hardStruct = "struct"
    case bound
    case boundCounted = "bound_counted"
    case dynamic
    case dynamicCounted = "dynamic_counted"
    case keyValue = "keyvalue"
    case keyValueFixed = "keyvalue_fixed"
    case tlv
    case flowMap = "flow"

    var title: String {
        switch self {
        case .hardStruct: "hard-coded struct"
        case .bound: "pktmeta, bound"
        case .boundCounted: "pktmeta, bound, counted"
        case .dynamic: "pktmeta, by id"
        case .dynamicCounted: "pktmeta, by id, counted"
        case .keyValue: "key/value"
        case .keyValueFixed: "key/value, lowest keys, fixed"
        case .tlv: "TLV"
        case .flowMap: "hash map by flow"
        }
    }

    /// What each call makes sure of, besides that it stays inside the area.
    var checks: String {
        switch self {
        case .hardStruct: "none but the area's size"
        case .bound: "registry, generation, at load type; get: is set"
        case .boundCounted: "the same, each call counted"
        case .dynamic: "registry, id, size, generation; get: is set"
        case .dynamicCounted: "the same, each call counted"
        case .keyValue: "key, size; get: is set; keys configured"
        case .keyValueFixed: "key, size; get: is set; keys compiled in"
        case .tlv: "key, size, length; get: is set"
        case .flowMap: "flow; get: is set"
        }
    }

    /// Whether it finds fields by a registry.
    private var usesRegistry: Bool {
        switch self {
        case .bound, .boundCounted, .dynamic, .dynamicCounted: true
        case .hardStruct, .keyValue, .keyValueFixed, .tlv, .flowMap: false
        }
    }

    /// How its object is loaded where fields are found by that registry.
    func loading(in registry: borrowing TemporaryRegistry) -> BenchmarkObject.Loading {
        usesRegistry ? .registry(registry.path) : .alone
    }

    static let compared: [Encoding] = [.hardStruct, .bound, .dynamic, .tlv, .keyValue, .keyValueFixed, .flowMap]
}

/// Fields as bpf/bench/bench_fields.bpf.h has them.
enum BenchmarkFields {
    private static let counts = [1, 3, 8, 31]

    /// How many fields are measured, in an area that has room for them in each encoding, and its size: 31 take most of what
    /// there is; kernels before 6.8 have room for 3.
    static func measured() throws(PacketMetadataError) -> (counts: [Int], capacity: Int) {
        let capacity = try Registry.grantedCapacity(of: [216, 32])
        return (counts.filter { capacity >= 64 || $0 <= 3 }, capacity)
    }
    private static let types: [FieldType] = [.u32, .u64, .u16, .u32, .u16, .u8, .u32, .u8]

    static func register(_ count: Int, in registry: borrowing Registry) throws(PacketMetadataError) {
        for number in 1...count {
            let definition = try FieldDefinition(
                name: FieldName("f\(number)"), type: types[(number - 1) % types.count], owner: "bench")
            _ = try registry.register(definition)
        }
    }
}

/// An object of bpf/bench, which the benchmark carries.
struct BenchmarkObject {
    private let name: String

    init(_ encoding: Encoding) { name = encoding.rawValue }

    init(named name: String) { self.name = name }

    /// Loads programs, which share their maps.
    ///
    /// - Parameter registry: the one that the programs find fields by; nil if they know of none.
    func load(
        _ names: Set<String>, in registry: Loading, constants: [String: [UInt8]] = [:]
    ) throws(PacketMetadataError) -> BPFObject {
        let bytes = bytes
        switch registry {
        case .registry(let path):
            return try Registry.open(at: path, for: .write).load(names, of: bytes, name: name, constants: constants)
        case .alone:
            do throws(BPFError) {
                let object = try bytes.open()
                for (name, value) in constants where !object.setConstant(name, to: value) {
                    throw BPFError("set \(name)", .invalidArgument)
                }
                try object.load(names)
                return object
            } catch {
                throw Benchmark.failure(error)
            }
        }
    }

    private var bytes: ObjectBytes { .carried(.compared(named: name)) }

    /// Loads programs of the tracer for a request.
    func loadTracer(
        _ names: Set<String>, in registry: borrowing TemporaryRegistry, for request: TraceRequest
    ) throws(PacketMetadataError) -> BPFObject {
        try Registry.open(at: registry.path, for: .write).loadTracer(names, of: bytes, name: name, for: request)
    }

    enum Loading {
        case registry(FilePath)
        case alone
    }
}
