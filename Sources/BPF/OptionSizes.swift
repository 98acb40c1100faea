// SPDX-License-Identifier: BSD-2-Clause

extension MemoryLayout {
    /// The `sz` of an option struct of libbpf, up to and with that member, its last.
    ///
    /// libbpf refuses bytes behind the last member that are not zero (`libbpf_validate_opts`), and Swift, once it
    /// optimises, leaves a struct's padding as it finds it. So padding at the end does not count.
    static func size<Member>(through last: KeyPath<T, Member>) -> Int {
        guard let offset = offset(of: last) else { preconditionFailure("members of C structs are stored") }
        return offset + MemoryLayout<Member>.size
    }
}
