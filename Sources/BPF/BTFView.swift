// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf

/// The types of an open object. Not to be kept: ``BPFObject/withTypes(_:)`` lends it.
@safe public struct BTFView {
    // Invariant: borrowed from a BPFObject that outlives this value.
    private let btf: OpaquePointer

    @unsafe init(_ btf: OpaquePointer) {
        unsafe self.btf = btf
    }

    /// Names of all enums that begin so.
    public func enums(prefix: String) -> [String] {
        let count = unsafe btf__type_cnt(btf)
        return (1..<count).compactMap { id in
            guard let type = unsafe btf__type_by_id(btf, id), unsafe btf_is_any_enum(type),
                let name = unsafe name(at: type.pointee.name_off), name.hasPrefix(prefix)
            else { return nil }
            return name
        }
    }

    /// Values of the first enumerator of each enum of 32 bits that has this name: an object may have several such enums.
    ///
    /// Empty if the object has no such enum.
    public func firstValues(ofEnums name: String) -> Set<Int32> {
        let count = unsafe btf__type_cnt(btf)
        return Set(
            (1..<count).compactMap { id in
                guard let type = unsafe btf__type_by_id(btf, id), unsafe btf_is_enum(type),
                    unsafe self.name(at: type.pointee.name_off) == name, unsafe btf_vlen(type) > 0,
                    let enumerators = unsafe btf_enum(type)
                else { return nil }
                return unsafe enumerators[0].val
            })
    }

    /// Size in bytes and offset in bytes of each member, by name; nil if there is no struct of that name.
    public func structLayout(_ name: String) -> (size: Int, offsets: [String: Int])? {
        guard let type = unsafe first(name, where: { unsafe btf_is_struct($0) }),
            let members = unsafe btf_members(type)
        else { return nil }
        let count = unsafe Int(btf_vlen(type))
        let pairs = (0..<count).compactMap { index -> (String, Int)? in
            guard let name = unsafe self.name(at: members[index].name_off) else { return nil }
            return (name, unsafe Int(btf_member_bit_offset(type, UInt32(index))) / 8)
        }
        return (unsafe Int(type.pointee.size), Dictionary(pairs) { first, _ in first })
    }

    /// The type of a struct's member.
    public struct MemberType: Hashable, Sendable {
        /// Bytes.
        public let size: Int
        /// Of its typedefs, the outermost first, and then its own.
        public let names: [String]
        /// Whether it is an integer or an enum.
        public let isInteger: Bool
    }

    /// nil if there is no such struct or member.
    public func type(ofMember member: String, in structName: String) -> MemberType? {
        guard let type = unsafe first(structName, where: { unsafe btf_is_struct($0) }),
            let members = unsafe btf_members(type)
        else { return nil }
        let count = unsafe Int(btf_vlen(type))
        for index in 0..<count where unsafe name(at: members[index].name_off) == member {
            let id = unsafe members[index].type
            let size = unsafe btf__resolve_size(btf, id)
            return size > 0 ? memberType(id, size: Int(size)) : nil
        }
        return nil
    }

    private func memberType(_ id: UInt32, size: Int) -> MemberType {
        var (names, isInteger): ([String], Bool) = ([], false)
        var id = id
        while let type = unsafe btf__type_by_id(btf, id) {
            if let name = unsafe name(at: type.pointee.name_off), !name.isEmpty { names.append(name) }
            isInteger = unsafe btf_is_int(type) || btf_is_any_enum(type)
            guard unsafe btf_is_typedef(type) || btf_is_mod(type) else { break }
            id = unsafe type.pointee.type
        }
        return MemberType(size: size, names: names, isInteger: isInteger)
    }

    /// Where a variable lies in a data section, in bytes.
    func variable(_ name: String, inSection section: String) -> (offset: Int, size: Int)? {
        guard let type = unsafe first(section, where: { unsafe btf_is_datasec($0) }),
            let places = unsafe btf_var_secinfos(type)
        else { return nil }
        let count = unsafe Int(btf_vlen(type))
        for index in 0..<count {
            let place = unsafe places[index]
            if let variable = unsafe btf__type_by_id(btf, place.type),
                unsafe self.name(at: variable.pointee.name_off) == name
            {
                return (Int(place.offset), Int(place.size))
            }
        }
        return nil
    }

    private func first(
        _ name: String, where matches: (UnsafePointer<btf_type>) -> Bool
    ) -> UnsafePointer<btf_type>? {
        let count = unsafe btf__type_cnt(btf)
        for id in 1..<count {
            if let type = unsafe btf__type_by_id(btf, id), unsafe matches(type),
                unsafe self.name(at: type.pointee.name_off) == name
            {
                return unsafe type
            }
        }
        return nil
    }

    private func name(at offset: UInt32) -> String? {
        guard let name = unsafe btf__name_by_offset(btf, offset) else { return nil }
        return unsafe String(cString: name)
    }
}
