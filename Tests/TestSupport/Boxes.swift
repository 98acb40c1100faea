// SPDX-License-Identifier: BSD-2-Clause

public import BPF

// For tuples, arrays and closures, which hold no noncopyable values.

public final class Box<Value: ~Copyable> {
    public let value: Value
    public init(_ value: consuming Value) { self.value = value }
}

public final class LinkBox: Sendable {
    public let link: BPFLink
    public init(_ link: consuming BPFLink) { self.link = link }
}

public final class ProgramBox: Sendable {
    public let program: BPFProgram
    public init(_ program: consuming BPFProgram) { self.program = program }
}

public final class MapBox: Sendable {
    public let map: BPFMap
    public init(_ map: consuming BPFMap) { self.map = map }
}
