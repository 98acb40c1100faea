// SPDX-License-Identifier: BSD-2-Clause

/// Which programs can be reached by tail calls through program arrays that the object itself fills:
/// `.values = {[0] = (void *)&program}`.
///
/// libbpf fills such an array as the object is loaded, with all that it names, and keeps to itself which those are. So they
/// are read here, from the relocations of `.maps`.
public struct TailCalls: Sendable, Hashable {
    /// The programs that each array names, by the array's name; empty arrays are not in it.
    public let arrays: [String: [String]]
    /// The arrays that each program's instructions may lead to.
    private let used: [String: Set<String>]

    init(_ image: ObjectImage) {
        let arrays = image.filledArrays
        self.arrays = arrays
        used = arrays.isEmpty ? [:] : image.usedMaps.mapValues { $0.intersection(arrays.keys) }
    }

    /// The program and all that it can reach.
    public func programs(from program: String) -> Set<String> {
        var (reached, left): (Set<String>, [String]) = ([program], [program])
        while let next = left.popLast() {
            for target in (used[next] ?? []).flatMap({ arrays[$0] ?? [] }) where reached.insert(target).inserted {
                left.append(target)
            }
        }
        return reached
    }

    /// The arrays that those programs use.
    public func arrays(of programs: Set<String>) -> Set<String> {
        programs.reduce(into: []) { $0.formUnion(used[$1] ?? []) }
    }
}

extension ObjectImage {
    /// What program arrays name, by their names.
    fileprivate var filledArrays: [String: [String]] {
        guard let maps = file.section(".maps") else { return [:] }
        let relocations = file.relocations(of: maps).filter { $0.symbol.isFunction }
        if relocations.isEmpty { return [:] }
        let definitions = file.symbols.filter { $0.section == maps.index }
        var arrays: [String: [String]] = [:]
        for relocation in relocations {
            let array = definitions.first { $0.value <= relocation.offset && relocation.offset - $0.value < $0.size }
            guard let array else { continue }
            arrays[file.name(array), default: []].append(file.name(relocation.symbol))
        }
        return arrays
    }
}
