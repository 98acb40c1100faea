// SPDX-License-Identifier: BSD-2-Clause

/// What a program that names its fields is loaded with: the registry as it is then, for just those fields.
public struct Binding: Hashable, Sendable {
    public struct Place: Hashable, Sendable {
        public let name: FieldName
        /// nil for a stale use: the field is gone.
        public let field: RegisteredField?
        /// The field's bit in an area's header; 0 while the field is moving, when no packet has it.
        public let bit: UInt32
    }

    /// In the order of the names.
    public let places: [Place]
    /// The registry's word at that moment.
    let word: RegistryWord
    /// First generation in which all the fields lie where they lie.
    let oldest: Generation
    /// Whether the program is loaded anew whenever the generation changes.
    let isRenewed: Bool

    /// Bytes of a packet's area.
    public var capacity: Int { word.capacity }
    /// Which registry it is (``RegistryWord/registry``).
    package var registry: UInt32 { word.registry }
    /// Generations from the oldest to the newest that packets may have before the program is loaded anew.
    public var span: UInt16 { oldest.lag(behind: word.pending) }

    /// The stamp of the oldest areas that have all the fields where they lie.
    package func oldestStamp(_ seal: Seal) -> UInt64 { seal.stamp(of: oldest, word) }

    /// The stamp that the program gives areas that it makes; 0: that of the registry at that moment.
    ///
    /// A program that is loaded anew whenever the generation changes need not ask. Until it is, its areas are a generation
    /// older than they could be, as those of packets under way are.
    package func newStamp(_ seal: Seal) -> UInt64 { isRenewed ? seal.stamp(of: word.generation, word) : 0 }
}

extension RegistryImage {
    /// Binds names to the registry as it is.
    ///
    /// - Parameters:
    ///   - names: of the fields that the program names.
    ///   - isRenewed: whether the program is loaded anew whenever the generation changes.
    public func binding(_ names: [FieldName], isRenewed: Bool = false) -> Binding {
        let places = names.sorted().map { name in
            let field = field(named: name)
            let isMoving = field.map { word.generation.isOlder(than: $0.layout.generation) } ?? true
            return Binding.Place(name: name, field: field, bit: isMoving ? 0 : 1 << UInt32(field?.slot ?? 0))
        }
        let generations = places.filter { $0.bit != 0 }.compactMap { $0.field?.layout.generation }
        let oldest = generations.max { $0.isOlder(than: $1) } ?? word.generation
        return Binding(places: places, word: word, oldest: oldest, isRenewed: isRenewed)
    }
}
