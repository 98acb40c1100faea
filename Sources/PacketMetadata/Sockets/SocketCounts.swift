// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import RegistryModel

extension Registry {
    /// What applications have asked by their sockets; none if this process may not look, or nobody ever could ask.
    func socketAnswers() -> [SocketAnswers] {
        guard let map = try? BPFMap(pinnedAt: pins.asked, readOnly: true), map.shape.valueSize == SocketAnswers.size,
            let counts = try? map.values(at: 0)
        else { return [] }
        return SocketAnswers.all(perCPU: counts)
    }
}
