// SPDX-License-Identifier: BSD-2-Clause

/// What the instructions of an object's programs name, by the program: an object may hold programs of which only one is
/// attached, and others that this one leads to by tail calls.
public struct ProgramUses: Sendable, Hashable {
    public let tailCalls: TailCalls
    private let maps: [String: Set<String>]
    private let types: [String: Set<String>]

    /// - Parameter bytes: an ELF object.
    public init(inObject bytes: Span<UInt8>) throws(BPFError) {
        do throws(ObjectFault) {
            self = try ObjectImage.read(bytes) { ProgramUses($0) }
        } catch {
            throw BPFError("read the object's programs", fault: error)
        }
    }

    private init(_ image: ObjectImage) {
        tailCalls = TailCalls(image)
        maps = image.usedMaps
        types = image.usedTypes
    }

    /// Names of the maps that a program uses, and those that its tail calls through the object's own program arrays lead to.
    public func maps(reachedFrom program: String) -> Set<String> { reached(program, maps) }

    /// Likewise of the types that their CO-RE relocations begin at.
    public func types(reachedFrom program: String) -> Set<String> { reached(program, types) }

    private func reached(_ program: String, _ used: [String: Set<String>]) -> Set<String> {
        tailCalls.programs(from: program).reduce(into: []) { $0.formUnion(used[$1] ?? []) }
    }
}

extension ObjectImage {
    /// The maps that each program's instructions name, by the program's name.
    var usedMaps: [String: Set<String>] {
        guard let maps = file.section(".maps") else { return [:] }
        return used { section, range in
            let relocations = file.relocations(of: section)
            return Set(
                relocations.filter { range.contains($0.offset) && $0.symbol.section == maps.index }
                    .map { file.name($0.symbol) })
        }
    }

    /// The types that each program's CO-RE relocations begin at, by the program's name.
    fileprivate var usedTypes: [String: Set<String>] {
        guard let types, let `extension` else { return [:] }
        let relocations = Dictionary(grouping: `extension`.relocations(), by: \.section)
        return used { section, range in
            Set(
                (relocations[section.name] ?? []).filter { range.contains(UInt64($0.offset)) }
                    .map { types.name(types.entries[$0.type]) })
        }
    }

    /// Functions of `.text` may be called by any program that calls one of them: what one of them uses counts as used by
    /// each of those.
    private func used(
        _ names: (_ section: ELFFile.Section, _ instructions: Range<UInt64>) -> Set<String>
    ) -> [String: Set<String>] {
        let text = file.section(".text")
        let shared = text.map { names($0, 0..<UInt64.max) } ?? []
        var used: [String: Set<String>] = [:]
        for section in file.sections where section.isCode && section.index != text?.index {
            let relocations = file.relocations(of: section)
            for program in file.functions(in: section) {
                // A function's end was checked to be in its section.
                let range = program.value..<program.value + program.size
                var found = names(section, range)
                let callsText = relocations.contains {
                    range.contains($0.offset) && $0.symbol.section == text?.index
                }
                if callsText { found.formUnion(shared) }
                used[file.name(program)] = found
            }
        }
        return used
    }
}
