// SPDX-License-Identifier: BSD-2-Clause

extension BTFTypes {
    /// What libbpf and the kernel go through without looking: names, numbers of types, and ends of what is nested.
    func check() throws(ObjectFault) {
        for number in 1..<max(1, entries.count) {
            let entry = entries[number]
            guard entry.nameOffset < strings.count else { throw fault(number, "has its name beyond the strings") }
            try checkRest(number, entry)
        }
        try checkNesting()
    }

    private func checkRest(_ number: Int, _ entry: Entry) throws(ObjectFault) {
        switch entry.kind {
        case .integer, .float:
            guard 1...16 ~= entry.sizeOrType else { throw fault(number, "has \(entry.sizeOrType) bytes") }
        case .forward: break
        case .pointer, .typedef, .volatile, .const, .restrict, .typeTag:
            try checkType(entry.sizeOrType, of: number)
        case .variable, .declarationTag:
            try checkType(entry.sizeOrType, of: number, orVoid: false)
        case .array:
            try checkType(self.number(entry.rest), of: number, orVoid: false)
            try checkType(self.number(entry.rest + 4), of: number, orVoid: false)
        case .structure, .union: try checkMembers(number, entry)
        case .enumeration, .enumeration64:
            guard [1, 2, 4, 8].contains(entry.sizeOrType) else { throw fault(number, "has \(entry.sizeOrType) bytes") }
            let size = entry.kind == .enumeration ? 8 : 12
            for index in 0..<entry.memberCount { try checkName(self.number(entry.rest + size * index), of: number) }
        case .function:
            try checkType(entry.sizeOrType, of: number, orVoid: false)
            guard entries[entry.sizeOrType].kind == .prototype else { throw fault(number, "has no prototype") }
        case .prototype:
            try checkType(entry.sizeOrType, of: number)
            for index in 0..<entry.memberCount {
                try checkName(self.number(entry.rest + 8 * index), of: number)
                try checkType(self.number(entry.rest + 8 * index + 4), of: number)
            }
        case .dataSection:
            for index in 0..<entry.memberCount {
                let variable = place(index, of: entry).variable
                try checkType(variable, of: number, orVoid: false)
                // Functions of other objects are listed, too.
                guard [.variable, .function].contains(entries[variable].kind) else {
                    throw fault(number, "has type \(variable) in it, which is no variable")
                }
            }
        }
    }

    private func checkMembers(_ number: Int, _ entry: Entry) throws(ObjectFault) {
        for index in 0..<entry.memberCount {
            let member = member(index, of: entry)
            try checkName(member.nameOffset, of: number)
            try checkType(member.type, of: number, orVoid: false)
            guard member.bitOffset <= 8 * entry.sizeOrType else {
                throw fault(number, "has member \(index) at bit \(member.bitOffset), and \(entry.sizeOrType) bytes")
            }
        }
    }

    private func checkName(_ offset: Int, of number: Int) throws(ObjectFault) {
        guard offset < strings.count else { throw fault(number, "has a name beyond the strings") }
    }

    private func checkType(_ type: Int, of number: Int, orVoid: Bool = true) throws(ObjectFault) {
        guard type < entries.count, orVoid || type > 0 else {
            throw fault(number, "leads to type \(type), and there are 1 to \(entries.count - 1)")
        }
    }

    // MARK: Nesting

    /// The kernel follows 32; each level is a call in libbpf.
    private static let deepest = 128

    /// Refuses a type that holds itself other than by a pointer: walks that look for its size or its end have none.
    ///
    /// Depth first, without recursion: what is being walked through has the level -1 until all that it holds is known.
    private func checkNesting() throws(ObjectFault) {
        var levels = [Int](repeating: 0, count: entries.count)
        var path: [(number: Int, next: Int)] = []
        for start in 1..<max(1, entries.count) where levels[start] == 0 {
            path.append((start, 0))
            levels[start] = -1
            while let (number, next) = path.last {
                guard let held = held(by: entries[number], next) else {
                    path.removeLast()
                    levels[number] = 1 + deepestHeld(by: entries[number], levels)
                    if levels[number] > Self.deepest { throw fault(number, "is nested too deeply") }
                    continue
                }
                path[path.count - 1].next += 1
                if levels[held] == -1 { throw fault(held, "holds itself") }
                if held > 0, levels[held] == 0 {
                    path.append((held, 0))
                    levels[held] = -1
                }
            }
        }
    }

    private func deepestHeld(by entry: Entry, _ levels: [Int]) -> Int {
        var (deepest, index) = (0, 0)
        while let held = held(by: entry, index) {
            deepest = max(deepest, levels[held])
            index += 1
        }
        return deepest
    }

    /// The index-th type that a type holds; nil if it holds no more.
    private func held(by entry: Entry, _ index: Int) -> Int? {
        switch entry.kind {
        case .typedef, .volatile, .const, .restrict, .typeTag, .variable: index == 0 ? entry.sizeOrType : nil
        case .array: index < 2 ? number(entry.rest + 4 * index) : nil
        case .structure, .union: index < entry.memberCount ? member(index, of: entry).type : nil
        default: nil
        }
    }
}
