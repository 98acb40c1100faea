// SPDX-License-Identifier: BSD-2-Clause

extension MemoryLayout {
    /// The `sz` of an option struct of libbpf, up to and with that member: the last that is needed.
    ///
    /// libbpf refuses bytes that are not zero behind the last member that it knows (`libbpf_validate_opts`), or behind the
    /// last that a call may have (`OPTS_ZEROED`), and Swift, once it optimises, leaves a struct's padding as it finds it. So
    /// no padding may follow that member within `sz`; later versions of libbpf may have more members, and padding, there.
    static func size<Member>(through last: KeyPath<T, Member>) -> Int {
        guard let offset = offset(of: last) else { preconditionFailure("members of C structs are stored") }
        return offset + MemoryLayout<Member>.size
    }
}
