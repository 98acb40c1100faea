// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
internal import SystemPackage

extension Registry {
    /// Gives packets areas of another size, while they pass: fields keep their ids, places and counters. Programs are loaded anew
    /// for it.
    ///
    /// Packets under way, and those that one program sets fields on before the other is loaded anew, have no field for
    /// programs that do not know their areas: never a wrong one.
    ///
    /// - Parameter capacity: bytes.
    /// - Returns: whether it was another.
    /// - Throws: `usage` for a size that no area has; `unsupported` if the kernel does not grant it; `taken` if fields lie beyond,
    ///   programs answer sockets, or pick them by a field.
    @discardableResult
    public func resizeAreas(to capacity: Int) throws(PacketMetadataError) -> Bool {
        let path = path
        return try change(.resizeAreas(path)) { (image) throws(PacketMetadataError) in
            guard RegistryWord.capacities.contains(capacity) else {
                throw PacketMetadataError(RegistryRefusal.badCapacity(capacity))
            }
            var random = SystemRandomNumberGenerator()
            let steps = try image.resizing(to: capacity, seal: Seal(using: &random))
            if !steps.isEmpty { try refuseResizing(to: capacity) }
            let events: [RegistryChange.Event] = steps.isEmpty ? [] : [.resized(capacity: capacity)]
            return Change(steps: steps, events: events, result: !steps.isEmpty) { [path] now in
                now.word.capacity == capacity ? .resized(capacity, path) : nil
            }
        }
    }

    /// - Throws: `unsupported` if the kernel does not grant areas of that size; `taken` if programs answer sockets, or pick them.
    func refuseResizing(to capacity: Int) throws(PacketMetadataError) {
        _ = try Self.grantedCapacity(of: [capacity])
        for follower in pins.followers { try follower.refuseResizing() }
    }
}
